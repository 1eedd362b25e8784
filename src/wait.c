/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A get that waits joins the queue in the same hold of the pond's lock in which it finds that nothing is idle
 * and no room is left, with the lines closed; from then on `waiting` keeps every thread from its cache, so
 * each put comes by the lock and is handed over to the first of the queue. Room is handed over as well: it is
 * promised, so that no other get takes it before the waiter is awake (p->waiters.promised, object_admit). So
 * nobody is overtaken, and no wake-up is lost.
 *
 * Invariants, under the pond's lock
 *   1. p->waiting is the number of the queue's waiters, in the order in which they came.
 *   2. While it is not 0 nothing is idle, but what a thread caches that was stopped there (`missed`: whoever
 *      waits looks again from time to time), and no room is left that is not promised.
 *   3. A waiter leaves the queue by who hands or promises it something, or by itself when its time is over.
 *      Whoever wakes it does so under the lock, for it lies on its own stack.
 *
 * Nobody is cancelled while he waits: what he was handed would be lost.
 */
#include "epoch.h"
#include "gather.h"
#include "pool.h"
#include <errno.h>
#include <time.h>

/* ---- the queue, under the lock ---- */

static void unlink_waiter(struct pond *p, struct waiter *w)
{
    *(w->prior != NULL ? &w->prior->next : &p->waiters.first) = w->next;
    *(w->next != NULL ? &w->next->prior : &p->waiters.last) = w->prior;
    w->queued = false;
    STORE(p->waiting, p->waiting - 1);
}

static void count_waiter(struct pond *p, struct waiter *w)
{
    w->queued = true;
    STORE(p->waiting, p->waiting + 1);
}

static void link_last_waiter(struct pond *p, struct waiter *w)
{
    w->next = NULL;
    w->prior = p->waiters.last;
    *(w->prior != NULL ? &w->prior->next : &p->waiters.first) = w;
    p->waiters.last = w;
    count_waiter(p, w);
}

static void link_first_waiter(struct pond *p, struct waiter *w)
{
    w->prior = NULL;
    w->next = p->waiters.first;
    *(w->next != NULL ? &w->next->prior : &p->waiters.last) = w;
    p->waiters.first = w;
    count_waiter(p, w);
}

void wait_join(struct pond *p, struct waiter *w, bool whole)
{
    link_last_waiter(p, w);
    w->joined = true;
    w->missed = !whole;
    STORE(p->waits, p->waits + 1);
}

bool wait_hand(struct pond *p, void *obj, bool counted)
{
    struct waiter *w = p->waiters.first;
    if (w == NULL)
        return false;
    w->obj = obj;
    w->counted = counted;
    p->gets++;
    unlink_waiter(p, w);
    (void)pthread_cond_signal(&w->woken);
    return true;
}

void wait_promise(struct pond *p)
{
    for (struct waiter *w = p->waiters.first; w != NULL && wait_has_room(p); w = p->waiters.first) {
        w->promised = true;
        p->waiters.promised++;
        unlink_waiter(p, w);
        (void)pthread_cond_signal(&w->woken);
    }
}

/* A fork in a signal's handler may have interrupted a wait of the thread that goes on in the child. */
void wait_forked(struct pond *p)
{
    struct waiter *w = p->waiters.first;
    p->waiters.first = p->waiters.last = NULL;
    p->waiting = p->waiters.promised = 0;
    for (struct waiter *next; w != NULL; w = next) {
        next = w->next;
        if (w->thread == frame_thread())
            link_last_waiter(p, w);
    }
}

/* ---- time ---- */

#define SECOND INT64_C(1000000000)
#define LONGEST (1000000000 * SECOND) /* 31 years, which every time_t has room for */
#define MISSED_AGAIN (SECOND / 20)    /* a thread was stopped in its cache: looked again */

static int64_t wait_clock(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * SECOND + t.tv_nsec;
}

static int64_t end_after(int64_t timeout)
{
    return timeout < 0 ? INT64_MAX : wait_clock() + MIN(timeout, LONGEST);
}

/* ---- waiting ---- */

static void make_waiter(struct waiter *w)
{
    pthread_condattr_t attributes;
    *w = (struct waiter){.thread = frame_thread()};
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&w->woken, &attributes);
    (void)pthread_condattr_destroy(&attributes);
}

/* Under the lock, which is let go of meanwhile: until it is woken, or that time. */
static void sleep_until(struct pond *p, struct waiter *w, int64_t end)
{
    struct timespec t = {.tv_sec = (time_t)(end / SECOND), .tv_nsec = (long)(end % SECOND)};
    if (end == INT64_MAX)
        (void)pthread_cond_wait(&w->woken, &p->lock);
    else
        (void)pthread_cond_timedwait(&w->woken, &p->lock, &t);
}

/* Under the lock, which is let go of meanwhile: whatever is idle is the waiters'. */
static void look_again(struct pond *p, struct waiter *w)
{
    pthread_mutex_unlock(&p->lock);
    bool whole = gather_for_waiters(p);
    pthread_mutex_lock(&p->lock);
    w->missed = !whole;
}

/* Under the lock, in and out. False: the time is over. */
static bool wait_once(struct pond *p, struct waiter *w, int64_t end)
{
    int64_t now = end < INT64_MAX || w->missed ? wait_clock() : 0;
    if (now >= end)
        return false;
    sleep_until(p, w, w->missed ? MIN(end, now + MISSED_AGAIN) : end);
    if (w->missed && w->queued)
        look_again(p, w);
    return true;
}

/*
 * Under the lock: room was promised. *b is the admission of the object. Where max_objects was lowered
 * meanwhile the waiter is the first of the queue again; while it was not in it, others may have put what lies
 * in their caches now. Room that memory could not be had for is the next one's.
 */
static void redeem(struct pond *p, struct waiter *w, struct birth *b)
{
    w->promised = false;
    p->waiters.promised -= MIN(p->waiters.promised, 1); /* 0 in a forked child, see wait_forked */
    object_admit(p, b, NULL);
    object_count_miss(p, b);
    if (b->full)
        link_first_waiter(p, w);
    else if (b->error != 0)
        wait_made_room(p);
}

/* Waits to its end. True: *b was admitted, or failed. False: there is w->obj, or the time is over. */
static bool wait_for_it(struct pond *p, struct waiter *w, int64_t end, struct birth *b)
{
    bool redeemed = false;
    int cancel = os_hold_cancel();
    pthread_mutex_lock(&p->lock);
    do {
        while (w->promised) {
            redeem(p, w, b);
            redeemed = !w->queued;
            if (w->queued)
                look_again(p, w);
        }
    } while (w->queued && wait_once(p, w, end));
    if (w->queued)
        unlink_waiter(p, w);
    pthread_mutex_unlock(&p->lock);
    os_allow_cancel(cancel);
    return redeemed;
}

/* ---- the get ---- */

/* By the functions on the stack: in a hook of this pond, or of one that has the same. */
static bool is_in_own_hook(const struct pond *p)
{
    const pond_options *o = &p->options;
    const void *const hooks[] = {(const void *)(uintptr_t)o->construct, (const void *)(uintptr_t)o->reset,
                                 (const void *)(uintptr_t)o->destroy, (const void *)(uintptr_t)o->create,
                                 (const void *)(uintptr_t)o->footprint};
    const void *some[sizeof(hooks) / sizeof(hooks[0])];
    size_t count = 0;
    for (size_t i = 0; i < sizeof(hooks) / sizeof(hooks[0]); i++)
        if (hooks[i] != NULL)
            some[count++] = hooks[i];
    return count > 0 && frame_search(some, count) != NULL;
}

static void *fail_with(struct pond *p, int error)
{
    pool_failed(p, POND_FAIL_LIMIT);
    errno_be(error);
    return NULL;
}

/* It has joined the queue. */
static void *wait_to_the_end(struct pond *p, struct waiter *w, int64_t end)
{
    struct birth b;
    if (wait_for_it(p, w, end, &b))
        return pool_make(p, &b, false);
    if (w->obj == NULL)
        return fail_with(p, ETIMEDOUT);
    if (w->counted)
        shared_forget_bytes(p, w->obj);
    return w->obj;
}

/* Nothing was found, and no room. *again: there may be some now. Without a waiter: the time is over. */
static void *wait_or_fail(struct pond *p, struct waiter *w, int64_t end, bool *again)
{
    bool full;
    void *obj = gather_one(p, &full, w);
    *again = false;
    if (obj != NULL)
        return obj;
    if (w != NULL && w->joined) /* it may have been served by now */
        return wait_to_the_end(p, w, end);
    *again = !full || epoch_drop_aged(p) || w != NULL;
    return *again ? NULL : fail_with(p, ETIMEDOUT);
}

/* The same with a waiter of this call's own. */
static void *wait_here(struct pond *p, int64_t end, bool *again)
{
    struct waiter w;
    make_waiter(&w);
    void *obj = wait_or_fail(p, &w, end, again);
    (void)pthread_cond_destroy(&w.woken);
    return obj;
}

void *wait_get(struct pond *p, int64_t timeout)
{
    int64_t end = 0;
    for (bool full, again;;) {
        void *obj = pool_get_or_make(p, &full);
        if (obj != NULL || !full)
            return obj;
        if (end == 0 && timeout != 0 && is_in_own_hook(p)) {
            errno_be(EDEADLK);
            return NULL;
        }
        if (end == 0 && timeout != 0)
            end = end_after(timeout);
        obj = timeout != 0 ? wait_here(p, end, &again) : wait_or_fail(p, NULL, 0, &again);
        if (obj != NULL || !again)
            return obj;
    }
}
