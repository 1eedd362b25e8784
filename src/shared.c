/* SPDX-License-Identifier: BSD-2-Clause */
#include "shared.h"
#include <errno.h>

/* ---- magazines within max_idle_bytes ---- */

/*
 * idle objects <= room of all magazines == charged <= idle_room, so that the bound holds without a
 * count on the fast path.
 */
static bool charge(struct pond *p, uint64_t room)
{
    if (p->idle_room == 0)
        return true;
    if (__atomic_add_fetch(&p->charged, room, __ATOMIC_RELAXED) <= p->idle_room)
        return true;
    ADD(p->charged, -room);
    errno = EAGAIN;
    return false;
}

struct magazine *shared_magazine(struct pond *p)
{
    uint32_t room = LOAD(p->magazine_room);
    if (!charge(p, room))
        return NULL;
    struct magazine *m = magazine_make(room);
    if (m == NULL && p->idle_room > 0)
        ADD(p->charged, -(uint64_t)room);
    return m;
}

void shared_magazine_end(struct pond *p, struct magazine *m)
{
    if (p->idle_room > 0)
        ADD(p->charged, -(uint64_t)m->room);
    magazine_end(m);
}

/* ---- exact bytes ---- */

static bool admit_bytes(struct pond *p, void *obj)
{
    if (!p->exact_bytes)
        return true;
    uint64_t bytes = object_bytes(p, obj);
    if (__atomic_add_fetch(&p->idle_bytes, bytes, __ATOMIC_RELAXED) <= p->options.max_idle_bytes)
        return true;
    ADD(p->idle_bytes, -bytes);
    errno_be(EAGAIN);
    return false;
}

void shared_forget_bytes(struct pond *p, void *obj)
{
    if (p->exact_bytes)
        ADD(p->idle_bytes, -(uint64_t)object_bytes(p, obj));
}

/* ---- objects ---- */

static void *take_last(struct magazine *m)
{
    if (m == NULL || m->count == 0)
        return NULL;
    void *obj = m->slots[--m->count];
    m->slots[m->count] = NULL; /* as in cache.c's take */
    return obj;
}

static void *take_from_depot(struct pond *p)
{
    struct magazine *m = depot_pop(&p->depot, p->epoch);
    void *obj = take_last(m);
    if (m != NULL)
        depot_give_back(&p->depot, m, p->epoch);
    return obj;
}

void *shared_take_loose(struct pond *p)
{
    void *obj = take_last(p->shared);
    return obj != NULL ? obj : take_last(p->dropping);
}

void *shared_take(struct pond *p)
{
    void *obj = take_from_depot(p);
    return obj != NULL ? obj : shared_take_loose(p);
}

void *shared_get(struct pond *p)
{
    pthread_mutex_lock(&p->lock);
    void *obj = shared_take(p);
    if (obj != NULL)
        p->gets++;
    pthread_mutex_unlock(&p->lock);
    if (obj != NULL)
        shared_forget_bytes(p, obj);
    return obj;
}

static struct magazine *magazine_with_room(struct pond *p)
{
    if (p->shared != NULL && p->shared->count < p->shared->room)
        return p->shared;
    struct magazine *m = depot_pop_empty(&p->depot);
    if (m == NULL)
        m = shared_magazine(p);
    if (m == NULL)
        return NULL;
    shared_drain(p);
    m->epoch = p->epoch;
    STORE(p->shared, m);
    return m;
}

bool shared_put(struct pond *p, void *obj)
{
    if (!admit_bytes(p, obj))
        return false;
    pthread_mutex_lock(&p->lock);
    struct magazine *m = magazine_with_room(p);
    if (m != NULL)
        m->slots[m->count++] = obj;
    if (p->starved > 0)
        STORE(p->starved, p->starved - 1);
    pthread_mutex_unlock(&p->lock);
    if (m == NULL)
        shared_forget_bytes(p, obj);
    return m != NULL;
}

void shared_drain(struct pond *p)
{
    struct magazine *m = p->shared;
    STORE(p->shared, NULL);
    if (m != NULL)
        depot_give_back(&p->depot, m, p->epoch);
}

/* Often enough that closing all caches for a pond that is full most of the time does not count. */
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
    if (p->idle_room > 0)
        STORE(p->charged, room);
    uint64_t idle = shared_young(p) + shared_victims(p);
    if (p->exact_bytes && (idle == 0 || p->options.footprint == NULL))
        STORE(p->idle_bytes, idle * p->object_bytes);
}

uint64_t shared_young(const struct pond *p)
{
    return (p->shared != NULL ? p->shared->count : 0) + depot_shared(&p->depot, p->epoch);
}

uint64_t shared_victims(const struct pond *p)
{
    return (p->dropping != NULL ? p->dropping->count : 0) + depot_victims(&p->depot, p->epoch);
}
