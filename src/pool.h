/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The front door's own ways, which a pond's watcher uses: what get and put do as if nobody watched. None of
 * them is called under a lock or with the gate busy.
 */
#ifndef POND_POOL_H
#define POND_POOL_H

#include "epoch.h"
#include "watch.h"

/* What pond_get and pond_put do; `how` says where the get differs, NULL: in nothing. */
void *pool_get(struct pond *p, const struct get_how *how);
void pool_put(struct pond *p, void *obj);

/* The same for public functions: whoever watches is asked, and gets are sampled. Both are entered with this
   thread's line marked, as pond_get_slow and pond_put_slow. */
void *pool_get_from(struct pond *p, const void *caller, const struct get_how *how);
void pool_put_from(struct pond *p, void *obj, pond_cache *line, uintptr_t top, const void *caller);

/*
 * The parts of a get at max_objects. The first looks once; *full: it found neither an object nor room, which
 * is not counted as a failure yet. The second makes what was admitted; elsewhere: a failure is not counted.
 */
void *pool_get_or_make(struct pond *p, bool *full);
struct admission;
void *pool_make(struct pond *p, const struct admission *b, bool elsewhere);

/* This thread's cache with its gate busy; NULL: the shared way. */
struct cache *pool_enter(struct pond *p);

/* Counts a get that returns NULL. */
static inline void pool_failed(struct pond *p, pond_fail_reason why)
{
    ADD(p->failed[why], 1);
}

/* What the fast path does: get and put within the loaded magazine. The put's hooks have run. NULL or false:
 * nothing was done. */
void *pool_get_cached(struct pond *p);
bool pool_put_cached(struct pond *p, void *obj);

/* The parts of a put: object_clean of object.h first, then one of these. */
void pool_put_clean(struct pond *p, void *obj);
void pool_drop(struct pond *p, void *obj, pond_drop_reason why);

/* An idle object, or NULL: none is made. The second brings in those of other threads' caches first. */
void *pool_get_idle(struct pond *p);
void *pool_get_gathered(struct pond *p);

/* Undoes either: it is as if the object had never been got. */
void pool_put_back(struct pond *p, void *obj);

/* A new object, even if others are idle; at max_objects an idle one is dropped for it. NULL and errno as
 * pool_get, when nothing is idle. */
void *pool_get_new(struct pond *p, const struct get_how *how);

/*
 * A new object at this memory, which is zero, lies apart from the slabs and comes back by watch->ended,
 * also when the object is not made: NULL and errno, for max_objects (EAGAIN) or what the construct hook said.
 */
void *pool_get_made_at(struct pond *p, void *memory);

#endif
