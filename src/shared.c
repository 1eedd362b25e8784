/* SPDX-License-Identifier: BSD-2-Clause */
/* The way of those without a cache, and the count of idle bytes (see shared.h). */
#include "shared.h"
#include "wait.h"
#include <errno.h>

/* ---- bytes counted ---- */

static bool counts_footprints(const struct pond *p)
{
    return LOAD(p->counts_idle_exactly) && p->options.footprint != NULL;
}

/* Counts the bytes that a footprint hook says, before the lock is taken. False: there is no room for them.
 * Relaxed: each thread adds before it compares, so of two that are too much together one at least sees it. */
static bool admit_bytes(struct pond *p, void *obj, uint64_t *bytes)
{
    uint64_t most = LOAD(p->options.max_idle_bytes);
    *bytes = object_bytes(p, obj);
    if (__atomic_add_fetch(&p->idle_bytes, *bytes, __ATOMIC_RELAXED) <= most || most == 0)
        return true;
    ADD(p->idle_bytes, -*bytes);
    errno_be(EAGAIN);
    return false;
}

void shared_forget_bytes(struct pond *p, void *obj)
{
    ADD(p->idle_bytes, -(uint64_t)object_bytes(p, obj));
}

/* True: one more object may be idle, as far as all have the same bytes; else admit_bytes decides. Under the
 * lock. */
static bool has_idle_room(const struct pond *p)
{
    const pond_options *o = &p->options;
    if (!p->counts_idle_exactly || o->footprint != NULL || o->max_idle_bytes == 0)
        return true;
    return (shared_young(p) + shared_victims(p) + 1) * p->object_bytes <= o->max_idle_bytes;
}

/* ---- objects ---- */

/* Takes the last object out of the magazine; NULL: there is none. Under the lock. */
static void *take_last(struct magazine *m, bool *counted)
{
    if (m == NULL || m->count == 0)
        return NULL;
    POND_ASSERT(m->count <= m->room);
    *counted = m->counted;
    void *obj = m->slots[--m->count];
    m->slots[m->count] = NULL; /* as in cache.c's take */
    return obj;
}

static void *take_from_depot(struct pond *p, bool *counted)
{
    struct magazine *m = depot_pop(&p->depot, p->epoch);
    void *obj = take_last(m, counted);
    if (m != NULL && m->count == 0)
        board_wake(p); /* ticks end it */
    if (m != NULL)
        depot_give_back(&p->depot, m, p->epoch);
    return obj;
}

void *shared_take_loose(struct pond *p, bool *counted)
{
    POND_ASSERT(mutex_is_held(&p->lock));
    *counted = false;
    void *obj = take_last(p->shared, counted);
    return obj != NULL ? obj : take_last(p->dropping, counted);
}

/* True: no more objects may be live, so that one that is idle yet must not be got: it is dropped. */
static bool is_full_of_live(const struct pond *p)
{
    uint64_t over = shared_over(p);
    return over > 0 && over >= shared_young(p) + shared_victims(p);
}

void *shared_take(struct pond *p, bool *counted)
{
    *counted = false;
    if (is_full_of_live(p))
        return NULL;
    void *obj = take_from_depot(p, counted);
    return obj != NULL ? obj : shared_take_loose(p, counted);
}

void *shared_get(struct pond *p)
{
    bool counted;
    pthread_mutex_lock(&p->lock);
    void *obj = shared_take(p, &counted);
    if (obj != NULL)
        p->gets++;
    pthread_mutex_unlock(&p->lock);
    if (counted)
        shared_forget_bytes(p, obj);
    return obj;
}

/* The magazine for puts of the shared way, with room for one more; NULL: there is none to be had. */
static struct magazine *magazine_with_room(struct pond *p)
{
    if (p->shared != NULL && p->shared->count < p->shared->room)
        return p->shared;
    struct magazine *m = depot_pop_empty(&p->depot);
    if (m == NULL)
        m = charge_magazine(p, true);
    if (m == NULL)
        return NULL;
    POND_ASSERT(m->count == 0);
    shared_drain(p);
    m->epoch = p->epoch;
    m->counted = counts_footprints(p);
    STORE(p->shared, m);
    return m;
}

enum putting { PUT_DONE, PUT_HANDED, PUT_REFUSED, PUT_UNCOUNTED };

/* Puts the object, as far as that can be done under the lock, and says what came of it. */
static enum putting put_locked(struct pond *p, void *obj, bool counted)
{
    POND_ASSERT(mutex_is_held(&p->lock));
    bool over = p->over && shared_is_over(p);
    if (p->over && !over)
        STORE(p->over, false);
    if (!over && wait_hand(p, obj, false))
        return PUT_HANDED;
    if (over || !has_idle_room(p)) {
        errno_be(EAGAIN);
        return PUT_REFUSED;
    }
    if (counts_footprints(p) && !counted)
        return PUT_UNCOUNTED;
    struct magazine *m = magazine_with_room(p);
    POND_ASSERT(m == NULL || (m->count < m->room && m->epoch == p->epoch));
    if (m != NULL)
        m->slots[m->count++] = obj;
    board_wake(p);
    if (p->starved > 0)
        STORE(p->starved, p->starved - 1);
    return m != NULL ? PUT_DONE : PUT_REFUSED;
}

/* Hands the object to the first that waits: its bytes need not be counted then. False: nobody does. */
static bool hand_to_waiter(struct pond *p, void *obj)
{
    pthread_mutex_lock(&p->lock);
    bool handed = !shared_is_over(p) && wait_hand(p, obj, false);
    pthread_mutex_unlock(&p->lock);
    return handed;
}

/*
 * Tries once more if the pond began to count bytes after the look at whether it does. An object that was
 * handed over is somebody's already, and is not looked at again.
 */
bool shared_put(struct pond *p, void *obj)
{
    enum putting put;
    uint64_t bytes = 0;
    if (LOAD(p->waiting) > 0 && hand_to_waiter(p, obj))
        return true;
    do {
        bool counted = counts_footprints(p);
        if (counted && !admit_bytes(p, obj, &bytes))
            return false;
        pthread_mutex_lock(&p->lock);
        put = put_locked(p, obj, counted);
        pthread_mutex_unlock(&p->lock);
    } while (put == PUT_UNCOUNTED);
    if (put != PUT_DONE)
        ADD(p->idle_bytes, -bytes);
    return put != PUT_REFUSED;
}

void shared_drain(struct pond *p)
{
    struct magazine *m = p->shared;
    STORE(p->shared, NULL);
    if (m != NULL)
        depot_give_back(&p->depot, m, p->epoch);
}

/* So many that closing all caches costs next to nothing, even of a pond that is full most of the time. */
#define STARVED_PUTS 64

void shared_starve(struct pond *p)
{
    STORE(p->starved, STARVED_PUTS);
}

static uint64_t whole_room_of(const struct magazine *m)
{
    return m != NULL ? m->room : 0;
}

void shared_recount(struct pond *p)
{
    uint64_t room = depot_recount(&p->depot) + whole_room_of(p->shared) + whole_room_of(p->dropping);
    STORE(p->charged, room);
    if (shared_young(p) + shared_victims(p) == 0)
        STORE(p->idle_bytes, 0);
}

uint64_t shared_young(const struct pond *p)
{
    return (p->shared != NULL ? p->shared->count : 0) + depot_shared(&p->depot, p->epoch);
}

uint64_t shared_victims(const struct pond *p)
{
    return (p->dropping != NULL ? p->dropping->count : 0) + depot_victims(&p->depot, p->epoch);
}
