/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The way of those without a cache: threads whose gate is closed at the moment, exiting threads, and
 * ponds that count idle bytes exactly. Everything is done under the pond's lock, held for one object.
 */
#ifndef POND_SHARED_H
#define POND_SHARED_H

#include "cache.h"
#include "charge.h"
#include "object.h"

/* An idle object that is not in a thread cache, or NULL. */
void *shared_get(struct pond *p);

/* False: it cannot be kept, for max_idle_bytes (EAGAIN) or for want of memory (ENOMEM). */
bool shared_put(struct pond *p, void *obj);

/*
 * The same for whoever holds the lock already, and not counted as a get. Loose are the objects that a cache
 * cannot reach by an exchange of magazines. *counted: shared_forget_bytes is due for it, without the lock.
 */
void *shared_take(struct pond *p, bool *counted);
void *shared_take_loose(struct pond *p, bool *counted);

/* True: there may be a loose object. Asked without the lock. */
static inline bool shared_has_loose(const struct pond *p)
{
    return LOAD(p->shared) != NULL || LOAD(p->dropping) != NULL;
}

/* To be called for an object of a magazine that is `counted`, when it stops being idle other than by
   shared_get. Calls a hook. */
void shared_forget_bytes(struct pond *p, void *obj);

/*
 * Makes the pond starved. A starved pond had nothing idle at max_objects a moment ago. As long as it is, no
 * cache of a thread that runs has anything, and every get and put goes by the shared way: a get that finds
 * nothing there needs no other thread closed to know that there is nothing. It ends some puts after the last
 * get that was refused. Under the lock.
 */
void shared_starve(struct pond *p);
static inline bool shared_is_starved(const struct pond *p)
{
    return LOAD(p->starved) > 0;
}

/* By how many objects there are more than max_objects, which was lowered. Under the lock. */
static inline uint64_t shared_over(const struct pond *p)
{
    size_t most = p->options.max_objects;
    if (most == 0 || p->objects <= most)
        return 0;
    uint64_t made = p->objects - object_unmade(p);
    return made - MIN(made, most);
}

static inline bool shared_is_over(const struct pond *p)
{
    return shared_over(p) > 0;
}

/*
 * True: no cache is to be used. Asked by a thread inside of its gate, so that whoever changes the answer and
 * closes the pond waits for it. But a get that waits may join the queue without a closing while idle bytes
 * are counted. So counts_idle_exactly is loaded first, which pairs with count_bytes in bounds.c: whoever sees
 * that the counting is over sees such a waiter in `waiting`.
 */
static inline bool shared_is_the_only_way(const struct pond *p)
{
    bool exact = __atomic_load_n(&p->counts_idle_exactly, __ATOMIC_ACQUIRE);
    return exact || LOAD(p->starved) > 0 || LOAD(p->waiting) > 0 || LOAD(p->over);
}

/* Counts anew what is where, in a forked child whose caches are drained: other threads may have had some of
 * it in their hands. */
void shared_recount(struct pond *p);

/* Moves what is in the shared magazine to the depot. Under the lock. */
void shared_drain(struct pond *p);

/* Idle objects outside the caches: put in this epoch, and before it. Under the lock. */
uint64_t shared_young(const struct pond *p);
uint64_t shared_victims(const struct pond *p);

#endif
