/* SPDX-License-Identifier: BSD-2-Clause */
/* Brings what is idle in all caches of a pond into its depot. */
#ifndef POND_GATHER_H
#define POND_GATHER_H

#include "registry.h"
#include "wait.h"

/* For assertions: somebody has the registry's lock. */
static inline __attribute__((unused)) bool registry_is_locked(void)
{
    return !registry_trylock();
}

/*
 * Brings all that is idle anywhere into the depot, for a get at max_objects, and returns one object of it.
 * NULL and *full, with EAGAIN: at one instant during the call no object was idle and none could be added,
 * but for what a thread caches that was stopped inside of its cache for about a second. NULL and not *full:
 * try again. w, if it is not NULL, waits from that instant on, unless an aged object is to be dropped
 * first: w->joined.
 */
void *gather_one(struct pond *p, bool *full, struct waiter *w);

/*
 * Hands to those who wait what threads have in their caches that were stopped there before. False: some
 * threads are stopped yet.
 */
bool gather_for_waiters(struct pond *p);

/*
 * Brings all that is idle into the depot; *live: how many objects are not there. Under the registry's lock,
 * which it may let go of and take again. unused: the caller says that nobody calls into the pond. False: a
 * thread was stopped inside of its cache for about a second, and may have some of them.
 */
bool gather_all(struct pond *p, bool unused, uint64_t *live);

/* Does the same without waiting: what threads cache that are inside at the moment stays there. */
void gather_some(struct pond *p);

/*
 * Closes the pond and takes its lock, with all that was in caches in the depot; the second ends that. Under
 * the registry's lock, which the first may let go of and take again. False: as gather_all.
 */
bool gather_begin(struct pond *p);
void gather_end(struct pond *p);

#endif
