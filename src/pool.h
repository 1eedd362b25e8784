/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The front door's own ways, for who watches a pond: what get and put do once nobody watches any more.
 * None of them is called under a lock or with the gate busy.
 */
#ifndef POND_POOL_H
#define POND_POOL_H

#include "epoch.h"
#include "watch.h"

/* As pond_get and pond_put. */
void *pool_get(struct pond *p);
void pool_put(struct pond *p, void *obj);

/*
 * A watched thread is led to a line that stays empty; its cache lies GATE_WATCHED in front of it. NULL: the
 * gate is closed, or has no membarrier. With the gate busy.
 */
static inline pond_cache *pool_watched_cache(pond *p)
{
    uint64_t index = POND_INDEX_(&pond_gate_self);
    bool watched = index >= offsetof(struct pond, caches) + GATE_WATCHED;
    return watched ? (pond_cache *)(void *)((char *)p + index - GATE_WATCHED) : NULL;
}

/* What the fast path would have done, with the gate busy. NULL or false: nothing was done, the gate is busy
   still. */
static inline void *pool_get_busy(pond *p)
{
    pond_cache *c = pool_watched_cache(p);
    void **top = c == NULL ? NULL : LOAD(c->top);
    if (c == NULL || top == c->base)
        return NULL;
    void *obj = top[-1];
    STORE(c->top, top - 1);
    POND_COUNT_(c->gets);
    pond_gate_leave();
    return obj;
}

static inline bool pool_put_busy(pond *p, void *obj)
{
    pond_cache *c = pool_watched_cache(p);
    void **top = c == NULL ? NULL : LOAD(c->top);
    if (c == NULL || top >= c->limit)
        return false;
    *top = obj;
    __atomic_store_n(&c->top, top + 1, __ATOMIC_RELEASE);
    pond_gate_leave();
    return true;
}

/* The parts of a put: object_clean of object.h first, then one of these. */
void pool_put_clean(struct pond *p, void *obj);
void pool_drop(struct pond *p, void *obj, pond_drop_reason why);

/* An idle object, or NULL: none is made. The second brings those of other threads' caches in first. */
void *pool_get_idle(struct pond *p);
void *pool_get_gathered(struct pond *p);

/* The opposite of both: it is as if the object had never been got. */
void pool_put_back(struct pond *p, void *obj);

/* A new object at this memory, which is zero, lies apart from the slabs and comes back by watch->ended,
   also when the object is not made: NULL and errno, for max_objects (EAGAIN) or what the construct hook said.
 */
void *pool_get_made_at(struct pond *p, void *memory);

#endif
