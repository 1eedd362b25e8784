/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lets gets wait for an object or for room. A get that waits joins the queue in the same hold of the pond's
 * lock in which it finds that nothing is idle and no room is left, with the lines closed; from then on
 * `waiting` keeps every thread from its cache, so each put comes by the lock and is handed over to the first
 * of the queue. Room is handed over as well: it is promised, so that no other get takes it before the waiter
 * is awake (p->waiters.promised, object_admit). So nobody is overtaken, and no wake-up is lost.
 *
 * Invariants, under the pond's lock
 *   1. p->waiting is the number of the queue's waiters, in the order in which they came.
 *   2. While it is not 0 nothing is idle, and no room is left that is not promised. Only a thread that was
 *      stopped in its cache may have something there: then `missed` is set, and the waiter looks again from
 *      time to time.
 *   3. A waiter is taken out of the queue by whoever hands or promises it something, or by itself when its
 *      time is over. Whoever wakes it does so under the lock, for it lies on its own stack.
 *
 * No thread is cancelled while it waits: what it was handed would be lost.
 */
#include "epoch.h"
#include "gather.h"
#include "pool.h"
#include "queue.h"
#include <errno.h>
#include <time.h>

/* ---- the queue, under the lock ---- */

#define LOOKED_AT_WAITERS 64 /* at most, by an assertion */

/* True: there are as many waiters as are counted, none of which was handed or promised anything. */
static bool waiters_are_valid(const struct pond *p)
{
    uint32_t n = 0;
    const struct waiter *w = p->waiters.first;
    for (; w != NULL && n < LOOKED_AT_WAITERS; w = w->next, n++)
        if (!w->queued || w->promised || w->obj != NULL || (w->next == NULL && p->waiters.last != w))
            return false;
    return w != NULL ? p->waiting > n : p->waiting == n;
}

static void unlink_waiter(struct pond *p, struct waiter *w)
{
    POND_ASSERT(w->queued && p->waiting > 0);
    QUEUE_REMOVE(p->waiters.first, p->waiters.last, w, next, prior);
    w->queued = false;
    STORE(p->waiting, p->waiting - 1);
}

static void count_waiter(struct pond *p, struct waiter *w)
{
    w->queued = true;
    STORE(p->waiting, p->waiting + 1);
    POND_ASSERT(waiters_are_valid(p));
}

static void link_last_waiter(struct pond *p, struct waiter *w)
{
    QUEUE_APPEND(p->waiters.first, p->waiters.last, w, next, prior);
    count_waiter(p, w);
}

static void link_first_waiter(struct pond *p, struct waiter *w)
{
    QUEUE_PREPEND(p->waiters.first, p->waiters.last, w, next, prior);
    count_waiter(p, w);
}

void wait_join(struct pond *p, struct waiter *w, bool whole)
{
    POND_ASSERT(mutex_is_held(&p->lock) && !w->joined && !wait_has_room(p));
    link_last_waiter(p, w);
    w->joined = true;
    w->missed = !whole;
    STORE(p->waits, p->waits + 1);
}

bool wait_hand(struct pond *p, void *obj, bool counted)
{
    struct waiter *w = p->waiters.first;
    POND_ASSERT(mutex_is_held(&p->lock) && obj != NULL);
    if (w == NULL)
        return false;
    POND_ASSERT(w->obj == NULL && !w->promised);
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

/* Empties the queue but for this thread's own waiters: a fork in a signal's handler may have interrupted a
 * wait of the thread that goes on in the child. */
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

/* When a wait that begins now is over; negative: never. */
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

/* Sleeps until it is woken, or that time. Under the lock, which is let go of meanwhile. */
static void sleep_until(struct pond *p, struct waiter *w, int64_t end)
{
    struct timespec t = {.tv_sec = (time_t)(end / SECOND), .tv_nsec = (long)(end % SECOND)};
    if (end == INT64_MAX)
        (void)pthread_cond_wait(&w->woken, &p->lock);
    else
        (void)pthread_cond_timedwait(&w->woken, &p->lock, &t);
}

/* Hands whatever is idle to those who wait. Under the lock, which is let go of meanwhile. */
static void look_again(struct pond *p, struct waiter *w)
{
    pthread_mutex_unlock(&p->lock);
    bool whole = gather_for_waiters(p);
    pthread_mutex_lock(&p->lock);
    w->missed = !whole;
}

/*
 * Sleeps once, and looks again if a thread was missed. Under the lock, in and out. False: the time is over.
 */
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
 * Takes the room that was promised: *b is the admission of the object. If max_objects was lowered meanwhile
 * the waiter is the first of the queue again; while it was not in it, others may have put what lies in their
 * caches now. Room for which no memory could be had is the next one's. Under the lock.
 */
static void redeem(struct pond *p, struct waiter *w, struct admission *b)
{
    POND_ASSERT(w->promised && !w->queued && w->obj == NULL);
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
static bool wait_for_it(struct pond *p, struct waiter *w, int64_t end, struct admission *b)
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

/* True: the functions on the stack say that this is in a hook of this pond, or of one that has the same. */
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

/* The end of a get that has joined the queue. */
static void *wait_to_the_end(struct pond *p, struct waiter *w, int64_t end)
{
    struct admission b;
    if (wait_for_it(p, w, end, &b))
        return pool_make(p, &b, false);
    if (w->obj == NULL)
        return fail_with(p, ETIMEDOUT);
    if (w->counted)
        shared_forget_bytes(p, w->obj);
    return w->obj;
}

/* Looks under all locks and joins the queue if there is neither an object nor room. *again: there may be one
 * by now. w NULL: the time is over, and it fails instead. */
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
