/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A heap profile of the ponds: who got the objects that are in use, and who got all there ever were, by
 * stack. malloc's profilers cannot say it of a pool: they show who made an object that somebody else has
 * today, and call what is idle a leak.
 *
 *     POND_PROFILE=rate=512k,exit=heap.%p.pb.gz ./server     from the environment, read at the first
 * pond_create pond_profile_set("rate=512k")                          at run time, for all ponds and threads
 *     POND_PROFILE=help ./server                             prints the table of words
 *
 * Gets are sampled: one in so many that a sample comes every `rate` bytes on average, whatever the pattern of
 * gets. A sample stands for as many gets as its pond's objects and the rate say, so the figures are estimates
 * without bias: sums over many samples are near the truth, a single sample is not. While the rate is 0 (as at
 * first) get and put cost what they cost without this header.
 *
 * Words, separated by commas; spaces around them and letter case do not matter:
 *
 *     rate=512k   mean bytes got between two samples (k, M); 1: every get. A number alone is a rate. off: 0
 *     exit=FILE   a profile is written to FILE when the process exits, %p in it is the process's number.
 * Needs libpond-profile (<pond/profile_write.h>), linked or where libpond.so lies. A forked child writes one
 * if the name has %p fine=16k    the rate for a while, when what is in use grows: grow=64M    by so many
 * bytes since it was least, of all ponds; grow=20%: by such a part of that for=30      for so many seconds.
 * The tick looks at it; without grow nothing changes the rate seed=N      the samples of two runs are the
 * same if their threads are alike trace       a line for each pond and tick, to stderr or pond_on_trace help
 * prints this table
 *
 * Switching off forgets which objects are in use (their puts are not seen while off) and keeps what was got.
 * A forked child begins with an empty profile at the same rate.
 *
 * Memory: of the library's own, mapped when sampling first begins, at most 1.5 MiB with 4,096 sampled objects
 * in use and 1,024 stacks; and 32 bytes a thread and pond. What is over is not recorded, and counted
 * (pond_profile_lost).
 */
#ifndef POND_PROFILE_H
#define POND_PROFILE_H

#include <pond/pond.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * As POND_PROFILE, in place of all that was set before; NULL, "" or "off": off. Returns 0, or -1 and errno
 * EINVAL (a word is not understood: a report to stderr names it, and nothing is changed) or ENOMEM (as far as
 * there is memory ponds are sampled). Any time, on any thread; takes locks, and closes each thread's caches
 * for a moment.
 */
POND_API int pond_profile_set(const char *words);

/* Mean bytes between two samples now, which is `fine` while that is on; 0: off. */
POND_API size_t pond_profile_rate(void);

/* What is known of one stack of one pond. Objects and bytes are estimates without bias. */
typedef struct pond_profile_row {
    const char *pond, *type; /* names; type is "" where the pond has none */
    const void *const *pcs;  /* return addresses, innermost first: whoever called pond_get is the first */
    size_t count;            /* of pcs, at least 1 */
    double alloc_objects;    /* got since the profile began */
    double alloc_bytes;
    double inuse_objects; /* of them those that are not put yet */
    double inuse_bytes;
    uint64_t samples;      /* gets that were recorded */
    double oldest_seconds; /* age of the oldest recorded object in use; 0: none is */
} pond_profile_row;

/*
 * Calls row(r, ctx) for each stack, in no order, of a copy made at once; *r and what it points at are valid
 * during the call. Stops when row returns other than 0, and returns that; else 0, or -1 and errno ENOMEM. row
 * may use ponds. Costs a lock, under which the profile is copied: some 100 us with 1,024 stacks.
 */
POND_API int pond_profile_each(int (*row)(const pond_profile_row *, void *ctx), void *ctx);

/* Empties the profile: nothing was got and nothing is in use, as far as it says. Sampling goes on. */
POND_API void pond_profile_reset(void);

/* Samples since the last reset that were not recorded, for want of memory or of room (see above). */
POND_API uint64_t pond_profile_lost(void);

/*
 * Where lines of the word trace go, without their newline; NULL: to stderr again. Called on the thread that
 * ticks, under no lock; it may use ponds, but must not tick.
 */
POND_API void pond_on_trace(void (*line)(const char *text, void *ctx), void *ctx);

#ifdef __cplusplus
}
#endif

#endif
