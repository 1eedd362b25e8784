/* SPDX-License-Identifier: BSD-2-Clause */
/* Gets that wait at max_objects, until somebody puts an object or there is room for one more. */
#ifndef POND_WAIT_H
#define POND_WAIT_H

#include "object.h"

/* A get that waits. It lies on the stack of its thread, and is guarded by the pond's lock. */
struct waiter {
    struct waiter *next, *prior; /* in the order in which they came */
    pthread_cond_t woken;
    const void *thread;
    void *obj;     /* an object that was handed to it and is its own; NULL: none yet */
    bool counted;  /* shared_forget_bytes is due for that object */
    bool joined;   /* it was in the queue at some time: written by its thread, and never taken back */
    bool queued;   /* it is in the queue: it was neither handed nor promised anything yet */
    bool promised; /* there is room for one more object, kept for it */
    bool missed;   /* a thread was stopped inside of its cache, which may have something */
};

/*
 * Lets w wait from now on. Called in the same hold of the lock in which nothing was found idle and no room
 * was found, with all lines closed or known to be empty; whole: with no thread missed. No put is overlooked:
 * while anybody waits no cache is used (shared_is_the_only_way), and a put that comes by the lock hands its
 * object over.
 */
void wait_join(struct pond *p, struct waiter *w, bool whole);

/* Hands the object, which nobody has, to the first that waits. False: nobody does. Under the lock. */
bool wait_hand(struct pond *p, void *obj, bool counted);

/* True: max_objects allows one more object, which is promised to nobody. What is yet to be made of runs takes
   no place: there was no bound when they were taken. Under the lock. */
static inline bool wait_has_room(const struct pond *p)
{
    size_t most = p->options.max_objects;
    return most == 0 || p->objects + p->waiters.promised < most ||
           (p->runs && p->objects - object_unmade(p) + p->waiters.promised < most);
}

/*
 * Promises room to those who wait, as far as there is any. Under the lock; the second after p->objects fell.
 */
void wait_promise(struct pond *p);
static inline void wait_made_room(struct pond *p)
{
    if (__builtin_expect(p->waiters.first != NULL, 0))
        wait_promise(p);
}

/*
 * Gets an object, and waits for it so many nanoseconds, or for ever (-1). NULL: ETIMEDOUT, EDEADLK in one of
 * the pond's own hooks, or as pond_get.
 */
void *wait_get(struct pond *p, int64_t timeout);

/* Forgets the waiters of other threads, in a forked child, which does not have them. */
void wait_forked(struct pond *p);

#endif
