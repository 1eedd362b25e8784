/* SPDX-License-Identifier: BSD-2-Clause */
/* Those who wait at max_objects, until somebody puts an object or there is room for one more. */
#ifndef POND_WAIT_H
#define POND_WAIT_H

#include "object.h"

/* One of them. It lies on the stack of who waits. Guarded by the pond's lock. */
struct waiter {
    struct waiter *next, *prior; /* in the order in which they came */
    pthread_cond_t woken;
    const void *thread;
    void *obj;     /* it was handed to it, and is its own */
    bool counted;  /* shared_forget_bytes is due for it */
    bool joined;   /* the queue, at some time: written by this thread, and never taken back */
    bool queued;   /* neither handed nor promised anything yet */
    bool promised; /* there is room for one more object, kept for it */
    bool missed;   /* a thread was stopped inside of its cache, which may have something */
};

/*
 * Under the lock, in the same hold of it in which nothing was found idle and no room was found, with all
 * lines closed or known to be empty: w waits from now on. No put is missed: while anybody waits no cache is
 * used (shared_is_the_only_way), and a put that comes by the lock hands its object over.
 */
void wait_join(struct pond *p, struct waiter *w, bool whole);

/* Under the lock: the object, which nobody has, is the first waiter's. False: nobody waits. */
bool wait_hand(struct pond *p, void *obj, bool counted);

/* Under the lock: max_objects allows of one more, and it is promised to nobody. What is yet to be made of
   runs takes no place: there was no bound when they were taken. */
static inline bool wait_has_room(const struct pond *p)
{
    size_t most = p->options.max_objects;
    return most == 0 || p->objects + p->waiters.promised < most ||
           (p->runs && p->objects - object_unmade(p) + p->waiters.promised < most);
}

/* Under the lock: there may be room for more objects. */
void wait_promise(struct pond *p);
static inline void wait_made_room(struct pond *p)
{
    if (__builtin_expect(p->waiters.first != NULL, 0))
        wait_promise(p);
}

/*
 * The whole of a get that waits: for so many nanoseconds, or for ever (-1). NULL: ETIMEDOUT, EDEADLK in one
 * of the pond's own hooks, or as pond_get.
 */
void *wait_get(struct pond *p, int64_t timeout);

/* In a forked child: those of other threads are not here. */
void wait_forked(struct pond *p);

#endif
