/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Runs: memory that a thread holds for the next objects that it will make, so that it does not take the lock
 * for each of them.
 */
#ifndef POND_RUN_H
#define POND_RUN_H

#include "object.h"

/* How many objects a thread that has none may take memory for: 1, or more where many are made. Under the
   lock. */
uint32_t run_length(const struct pond *p);

/* The memory of the next object of this thread's run; NULL: there is none, or there are idle objects. */
void *run_get(struct pond *p);

/* True: this thread has a run, which it could not use just now, and needs no other one. */
bool run_is_left(const struct pond *p);

/*
 * Gives the run to the thread, which has left its cache and holds no lock, or back to the slabs where it has
 * another one by now, or its gate is closed.
 */
void run_keep(struct pond *p, const struct slab_run *r);

/* Gives whatever is left of the cache's run back to the slabs. Called as cache_drain is, under the pond's
   lock; whoever drains has noted the high water. */
void run_give_back(struct pond *p, struct cache *c);

/* Forgets the cache's run, in a forked child, as cache_abandon: it belongs to a thread that is not there. */
void run_abandon(struct cache *c);

/*
 * Forgets a run that was on its way in the hands of a thread that is not there: its cache may have been free.
 */
void run_forked(struct cache *c);

/* Notes whether any run is left, after all caches were drained. Under the lock. */
void run_turned(struct pond *p);

#endif
