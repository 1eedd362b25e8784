/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The parts of the judge.
 *
 *     judge.c       which verdict it is
 *     survivors.c   recorded objects that do not end, and those that are held
 *     course.c      how what a pond has in use went on
 *     chance.c      how likely something is
 *     words.c       the sentences
 *
 * Times are in minutes of the rule, which are 60 seconds divided by `faster`; so figures below are those for
 * real.
 */
#ifndef VERDICT_PARTS_H
#define VERDICT_PARTS_H

#include "verdict.h"

#include <stdbool.h>

static const double OLD_MINUTES = 2;        /* who outlives this is a survivor */
static const double REST_MINUTES = 30;      /* survivors that end after so long on average are no leak */
static const double RARE = 1e-4;            /* what is less likely is not by chance */
static const double LEAST_WATCHED = 15;     /* minutes before a leak is called one */
static const double LONGEST_HORIZON = 60;   /* minutes that are looked back */
static const double LEAK_RATE = 512 * 1024; /* bytes a minute; what grows by less is a slow leak */

/* ---- chance.c ---- */

double chance_poisson(uint64_t most, double mean); /* of at most so many where `mean` are expected */
double chance_fair(uint64_t most, uint64_t of);    /* of at most so many heads of so many coins */
double chance_rising(const double *x,
                     size_t count); /* Mann-Kendall: of a row that rises so if nothing does */

/* ---- course.c ---- */

/* A pond's troughs, at about one a minute. */
struct course {
    double objects[VERDICT_TROUGHS], bytes[VERDICT_TROUGHS];
    size_t count;
    double step; /* minutes */
};

void course_read(struct course *c, const struct verdict_pond *p, double minute_seconds);

/* Of the last minutes: how much it rose in the older half, in the newer half, and in the last quarter. */
struct climb {
    size_t half; /* steps */
    double half_minutes, older, newer, last, end;
    double newer_bytes, all_bytes;
    double drift, jitter;        /* variance of what stays of a step, and of what the next step takes back */
    const double *newer_objects; /* half + 1 of them */
};

bool climb_read(struct climb *to, const struct course *c, double minutes); /* false: too few steps */
bool climb_is_even(
    const struct climb *c); /* surely: the newer half rose by three quarters of the older at least */
bool climb_slows_down(const struct climb *c); /* surely not */
bool climb_is_young(const struct climb *c);   /* the most of it came in the newer half */
bool climb_goes_on(const struct climb *c);    /* in its last quarter, too */
bool climb_is_trend(const struct climb *c);   /* surely more than a random walk */
/* Bytes a minute by which its troughs rise, of those of whole thirds; *bytes: in all. A wave whose period is
 * at most a third of the time is none. */
double course_growth(const struct course *c, double minutes, double *bytes);
bool course_rose(const struct course *c, double minutes); /* surely, since so many minutes */

/* ---- survivors.c ---- */

enum { COHORTS = 10 };

/*
 * Those that came since the horizon. Where they were recorded at several rates, each stands for another
 * number of objects: then the counts are those of as many equal ones as would be known as well.
 */
struct survivors {
    uint64_t older, newer, cohort[COHORTS]; /* the oldest cohort first */
    double newer_objects;                   /* an estimate */
};

double weight_of(const struct verdict_stack *s, size_t age); /* how many objects it stands for */

unsigned first_old_life(double old_seconds); /* the entry of lives that begins nearest above */
double life_seconds(unsigned entry);         /* where it begins */
void survivors_count(struct survivors *to, const struct verdict_stack *s, double old_seconds,
                     double horizon_seconds);
bool survivors_lessen(const struct survivors *s,
                      double rare); /* fewer in the newer half; by chance only so rarely */
bool survivors_are_spread(const struct survivors *s);
bool survivors_came_at_once(const struct survivors *s); /* more than half of them, in a tenth of the time */
/* Whether a few are held; says so in r. */
bool survivors_are_held(struct verdict_result *r, const struct verdict_stack *s, double minute_seconds);

#endif
