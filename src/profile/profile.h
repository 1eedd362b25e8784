/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The profile of what ponds hand out, behind <pond/profile.h>.
 *
 *     words.c    POND_PROFILE and pond_profile_set
 *     rate.c     the rate of all ponds, and how it follows growth
 *     record.c   what was sampled: stacks, and objects in use
 *     history.c  what a sampled pond was, tick by tick
 *     read.c     the profile as rows, and the last lines of the trace
 *     exit.c     the profile that is written when the process exits
 *     trace.c    a line for each tick
 *
 * Which gets are sampled the core says (sampling.h); the front door calls sample_got and sample_ended of
 * watch.h. Lock order: the registry's, ponds', then the one of record.c.
 */
#ifndef POND_PROFILE_PROFILE_H
#define POND_PROFILE_PROFILE_H

#include "../registry.h"
#include "../sampling.h"
#include "../watch.h"
#include <pond/profile.h>

/* ---- settings ---- */

#define PROFILE_FILE_BYTES 512

struct profile_settings {
    uint64_t rate, fine; /* bytes; 0: off, or no fine rate */
    uint64_t grow;       /* bytes, or percent; 0: the rate stays */
    bool grow_percent;
    uint64_t seconds; /* of the fine rate */
    uint64_t seed;    /* 0: another one in each process */
    bool trace;
    char file[PROFILE_FILE_BYTES]; /* of exit=; "": none */
};

/* False and ENOMEM: as far as there is memory they are in effect. Under the registry's lock. */
bool rate_set(const struct profile_settings *s);

void rate_forked(void);  /* in the child */
void rate_restart(void); /* the profile has been emptied: its seconds count from now */

/* ---- history, under the pond's lock ---- */

void history_begin(struct pond *p);            /* it is sampled from now on */
uint64_t history_trough(const struct pond *p); /* the least bytes in use that it knows of */

/* ---- records ---- */

#define RECORD_SAMPLES 4096 /* most objects in use */
#define RECORD_ROWS 1024    /* most stacks, of all ponds */
#define RECORD_FRAMES 48    /* of a stack: the innermost ones */

/* A stack of a pond. */
struct record_row {
    uint32_t next;         /* in its list, or of the spare ones; 0: none */
    uint16_t names, count; /* of its pond; of pcs, 0: it is spare */
    uint64_t pond;         /* its number */
    bool gone;             /* the pond is, and perhaps others of its names, with this stack */
    uint64_t hash, samples;
    double alloc_objects, alloc_bytes;
    pond_profile_life lives[POND_PROFILE_LIVES]; /* of those that ended */
    const void *pcs[RECORD_FRAMES];
};

/* Its pond's and type's. Never changed once there. */
struct record_names {
    char pond[48], type[64];
};

/* In use: what is counted of a row's objects at a moment. */
struct record_use {
    double objects, bytes;
    uint32_t first, count; /* of its ages */
};

struct record_copy {
    size_t rows; /* spare ones are among them */
    struct record_row row[RECORD_ROWS];
    struct record_use use[RECORD_ROWS];
    double ages[RECORD_SAMPLES];    /* in seconds, row by row */
    double weights[RECORD_SAMPLES]; /* the same of how many objects each stands for */
};

bool record_ready(void);  /* memory is there. Under the registry's lock; false and ENOMEM */
void record_forget(void); /* what is in use */
void record_reset(void);  /* all of it */
void record_copy(struct record_copy *to);
const struct record_names *record_names(uint32_t number);
uint64_t record_lost(void);
void record_lose(uint64_t samples); /* that could not be taken */

/* ---- at exit ---- */

/* "": nothing is written. False: libpond-profile is not to be had. */
bool exit_set(const char *file);

/* ---- words ---- */

extern const char profile_help[];

#endif
