/* SPDX-License-Identifier: BSD-2-Clause */
/* Ponds of a program that is simulated: objects come and go, some are recorded, and a history is kept, as
 * libpond does it. Times are in minutes. */
#ifndef SIM_H
#define SIM_H

#include "../../../src/verdict/verdict.h"

#include <stdbool.h>

enum { MINUTES = 120, LOOKS = 20 /* ticks a minute */, RECORDED = 4096, STACKS = 2 };
static const double SIZE = 4096; /* bytes of an object */

/* ---- numbers by chance ---- */

typedef struct chance {
    uint64_t state;
} chance;
double uniform(chance *c); /* 0 < x <= 1 */
double exponential(chance *c, double mean);
double lognormal(chance *c, double median, double sigma);

/* ---- objects ---- */

struct recorded {
    double birth, end, weight;
    int stack;
};

struct sim {
    chance c;
    double sampled;          /* the chance of each object to be recorded */
    double fine_every, fine; /* in the first half minute of so many; 0: never */
    double faster;
    uint64_t max_objects;
    int64_t change[MINUTES * LOOKS + 2]; /* of what is in use, at each tick */
    struct recorded *future, *active;
    size_t future_count, future_room, active_count;
    double got[STACKS]; /* objects by now, of those recorded */
    struct verdict_life lives[STACKS][VERDICT_LIVES];
    /* the history of the pond */
    double interval, begun; /* seconds */
    size_t count;
    uint64_t trough[VERDICT_TROUGHS], trough_bytes[VERDICT_TROUGHS];
    int64_t live;
    size_t ticks;
};

void sim_start(struct sim *s, uint64_t seed, double rate, double faster);
void sim_end(struct sim *s);

/* An object that is got at `birth` and put at `end`. */
void sim_object(struct sim *s, int stack, double birth, double end);

/* Until this minute, and the verdict on a stack then. Minutes come in order. */
void sim_minute(struct sim *s, int minute);
void sim_judge(struct sim *s, int stack, int minute, struct verdict_result *r, bool print);

#endif
