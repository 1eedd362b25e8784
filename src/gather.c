/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How a closer brings into the depot what is idle in caches, and how long it waits for those who are
 * inside.
 */
#include "gather.h"
#include <errno.h>

/*
 * Closes this pond alone. What is found goes to the depot, where ticks have to look for it: so the pond
 * wakes.
 */
static void close_alone(struct pond *p, bool unused)
{
    POND_ASSERT(registry_is_locked());
    board_wake(p);
    p->together = NULL;
    gates_close(p, GATE_BOUNDED);
    if (unused)
        gates_trust_caller(p);
}

/*
 * Closes this pond, with nobody inside; unused: the caller says that nobody is. Lets go of the lock while
 * it waits: ticks go on meanwhile. False: somebody was inside for about a second, which is to say that it
 * was stopped there; what it caches cannot be had. Each look closes again, which takes its time, too.
 */
static bool close_whole(struct pond *p, bool unused)
{
    uint64_t end = os_milliseconds() + 1000;
    close_alone(p, unused);
    for (unsigned naps = 0; naps < gates_worth_waiting(p) && os_milliseconds() < end; naps++) {
        gates_open(p);
        registry_unlock();
        os_nap();
        registry_lock();
        close_alone(p, unused);
    }
    return gates_worth_waiting(p) == 0;
}

/*
 * Closes this pond for a get, which does not wait again for a thread that a get has given up since the last
 * tick.
 */
static bool close_for_get(struct pond *p)
{
    bool waited = p->waited;
    if (waited)
        close_alone(p, false);
    p->waited = waited ? gates_worth_waiting(p) > 0 : !close_whole(p, false);
    return !p->waited;
}

/* Counts idle objects outside the caches. Under the lock. */
static uint64_t idle_shared(const struct pond *p)
{
    return shared_young(p) + shared_victims(p);
}

/*
 * Takes one of the objects that were brought in. Under the pond's lock. whole: no cache has anything. Once
 * nothing is idle anywhere, the pond is starved: puts and gets go by the shared way for a while, so that
 * the next gets know what there is without closing anything.
 */
static void *take_gathered(struct pond *p, bool whole, bool *counted)
{
    POND_ASSERT(pond_is_locked(p));
    void *obj = shared_take(p, counted);
    if (obj != NULL)
        p->gets++;
    if (whole && !wait_has_room(p) && idle_shared(p) == 0)
        shared_starve(p);
    return obj;
}

/* Relaxed: counts_idle_exactly changes under the registry's lock, which is held. */
void *gather_one(struct pond *p, bool *full, struct waiter *w)
{
    bool counted;
    registry_lock();
    bool close = !LOAD(p->counts_idle_exactly) && !shared_is_starved(p); /* else no cache has anything */
    bool whole = close ? close_for_get(p) : gate_none_is_missed(p);
    pthread_mutex_lock(&p->lock);
    if (close)
        (void)registry_drain(p);
    /* A pond that was starved may have ceased to be before we had the lock. */
    bool known = close || p->counts_idle_exactly || shared_is_starved(p);
    void *obj = take_gathered(p, known && whole, &counted);
    *full = known && !wait_has_room(p);
    if (w != NULL && obj == NULL && *full && depot_aged(&p->depot) == 0)
        wait_join(p, w, whole);
    pthread_mutex_unlock(&p->lock);
    if (close)
        gates_open(p);
    registry_unlock();
    if (counted)
        shared_forget_bytes(p, obj);
    errno_be(EAGAIN);
    return obj;
}

bool gather_for_waiters(struct pond *p)
{
    bool counted;
    registry_lock();
    bool whole = close_for_get(p);
    pthread_mutex_lock(&p->lock);
    (void)registry_drain(p);
    for (void *obj; p->waiters.first != NULL && (obj = shared_take(p, &counted)) != NULL;)
        (void)wait_hand(p, obj, counted);
    gather_end(p);
    registry_unlock();
    return whole;
}

bool gather_begin(struct pond *p)
{
    bool whole = close_whole(p, false);
    pthread_mutex_lock(&p->lock);
    (void)registry_drain(p);
    return whole;
}

void gather_end(struct pond *p)
{
    POND_ASSERT(gate_is_taken(p) && pond_is_locked(p));
    pthread_mutex_unlock(&p->lock);
    gates_open(p);
}

bool gather_all(struct pond *p, bool unused, uint64_t *live)
{
    bool whole = close_whole(p, unused);
    pthread_mutex_lock(&p->lock);
    (void)registry_drain(p);
    shared_drain(p);
    *live = p->objects - idle_shared(p) + p->waiting + p->waiters.promised;
    pthread_mutex_unlock(&p->lock);
    gates_open(p);
    return whole;
}

void gather_some(struct pond *p)
{
    close_alone(p, false);
    pthread_mutex_lock(&p->lock);
    (void)registry_drain(p);
    shared_drain(p);
    pthread_mutex_unlock(&p->lock);
    gates_open(p);
}
