/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The bounds of a pond, and how they change while it is used.
 *
 * All of them change at once: under the pond's lock, with its lines closed and its caches emptied into the
 * depot. So whoever gets or puts does it wholly before or wholly after. What is read without the lock is
 * one word each (max_footprint, max_age), or only says which way to go: counts_idle_exactly and over are
 * asked while the thread is inside its gate (pool.c, enter), where a closer that changes them would wait for
 * it.
 *
 * Idle bytes are bounded by the room of all magazines where that is fine enough, else counted: when objects
 * differ in bytes, or when only a few may be idle. Where a bound is lowered below the room that there is,
 * they are counted for as long as that takes to go, and the caches come back then (bounds_relax).
 *
 * What lies beyond the new bounds is dropped by the call, object by object without the lock, as by a trim;
 * for as long as more objects than max_objects are live each put drops its own (`over`).
 */
#include "bounds.h"
#include "epoch.h"
#include "gather.h"
#include "options.h"
#include "sized.h"
#include "watch.h"
#include <errno.h>

/* ---- how idle bytes are bounded ---- */

#define IDLE_ROOM_FOR_CACHES 256

/* max_idle_bytes in objects; 0: there is no bound. */
static size_t idle_room_wanted(const struct pond *p)
{
    return p->object_bytes > 0 ? p->options.max_idle_bytes / p->object_bytes : 0;
}

/*
 * Whether idle bytes have to be counted. Where a footprint hook says them, for ever: nobody knows those of
 * what is idle already.
 */
static bool needs_counting(const struct pond *p)
{
    const pond_options *o = &p->options;
    if (o->footprint != NULL)
        return o->max_idle_bytes > 0 || p->counts_idle_exactly;
    return o->max_idle_bytes > 0 && idle_room_wanted(p) < IDLE_ROOM_FOR_CACHES;
}

/*
 * Sets how idle bytes are bounded. Pairs with charge in shared.c, all of it sequentially consistent: a
 * bound is stored here before `charged` is read, room is charged there before the bound is read. Not both
 * miss the other.
 */
static void count_bytes(struct pond *p, bool exact)
{
    size_t room = needs_counting(p) ? 0 : idle_room_wanted(p);
    __atomic_store_n(&p->max_idle_objects, room, __ATOMIC_SEQ_CST);
    __atomic_store_n(&p->counts_idle_exactly, exact, __ATOMIC_SEQ_CST);
}

void bounds_init(struct pond *p)
{
    count_bytes(p, needs_counting(p));
    cache_room_init(p);
    p->put_is_slow = object_needs_cleaning(p);
    p->reset_alone = object_needs_reset_alone(p);
    put_way_set(p);
}

/* Pairs with charge in shared.c, as count_bytes. */
void bounds_relax(struct pond *p)
{
    POND_ASSERT(pond_is_locked(p));
    if (p->counts_idle_exactly && !needs_counting(p) &&
        (p->max_idle_objects == 0 || LOAD(p->charged) <= p->max_idle_objects))
        count_bytes(p, false);
}

/* ---- what lies beyond ---- */

/*
 * How many objects, or with a footprint hook at least how many, are idle beyond max_idle_bytes. Relaxed:
 * idle_bytes is counted on without the lock, and looked at once more after each object.
 */
static uint64_t idle_beyond_bytes(const struct pond *p, uint64_t idle)
{
    size_t most = p->options.max_idle_bytes;
    if (most == 0)
        return 0;
    if (p->options.footprint != NULL)
        return LOAD(p->idle_bytes) > most;
    uint64_t keep = p->object_bytes > 0 ? most / p->object_bytes : idle;
    return idle > keep ? idle - keep : 0;
}

/* How many idle objects go, as far as is known; what is aged goes in any case. Under the lock. */
static uint64_t beyond(const struct pond *p)
{
    uint64_t idle = shared_young(p) + shared_victims(p), n = depot_aged(&p->depot);
    n = MAX(n, shared_over(p));
    n = MAX(n, idle_beyond_bytes(p, idle));
    return MIN(n, idle);
}

/*
 * Brings what a tick is dropping at the moment, and what is being filled, into the depot. Under the lock.
 * Relaxed: `dropping` is read without the lock as a hint alone.
 */
static void bring_in(struct pond *p)
{
    struct magazine *m = p->dropping;
    STORE(p->dropping, NULL);
    if (m != NULL)
        epoch_give_back(p, m);
    shared_drain(p);
}

static bool is_dropped_plainly(const struct pond *p)
{
    return p->options.destroy == NULL && p->options.footprint == NULL && watch_of(p) == NULL;
}

/* Puts the rest of the magazine where it was. */
static void leave_where_it_was(struct pond *p, struct magazine *m, bool aged)
{
    if (aged)
        depot_give_back_aged(&p->depot, m);
    else
        depot_give_back(&p->depot, m, p->epoch);
}

/*
 * Drops n objects of this magazine, or one if there are hooks. Under the lock, in and out; without it for
 * the hooks.
 */
static void drop_from(struct pond *p, struct magazine *m, bool aged, uint64_t n)
{
    POND_ASSERT(pond_is_locked(p) && 0 < n && n <= m->count);
    void **end = &m->slots[m->count], *obj = end[-1];
    bool counted = m->counted;
    if (is_dropped_plainly(p)) {
        m->count -= (uint32_t)n;
        object_drop_plain(p, end - n, (size_t)n, POND_DROP_LIMIT);
        leave_where_it_was(p, m, aged);
        return;
    }
    end[-1] = NULL; /* as in cache.c's take */
    m->count--;
    leave_where_it_was(p, m, aged);
    object_uncount(p, POND_DROP_LIMIT);
    pthread_mutex_unlock(&p->lock);
    if (counted)
        shared_forget_bytes(p, obj);
    object_end(p, obj, POND_DROP_LIMIT);
    pthread_mutex_lock(&p->lock);
}

/* Drops what lies beyond the bounds, the oldest first. */
static void drop_beyond(struct pond *p)
{
    struct magazine *m;
    do {
        pthread_mutex_lock(&p->lock);
        bring_in(p);
        uint64_t n = beyond(p);
        m = n > 0 ? depot_pop_aged(&p->depot) : NULL;
        bool aged = m != NULL;
        if (n > 0 && m == NULL)
            m = depot_pop_oldest(&p->depot, p->epoch);
        if (m != NULL)
            drop_from(p, m, aged, MIN(n, m->count));
        pthread_mutex_unlock(&p->lock);
    } while (m != NULL);
}

/*
 * Ends emptied magazines, which may be of a room that is too great now, and gives pages back as after a
 * trim.
 */
static void reclaim_beyond(struct pond *p)
{
    struct magazine *m;
    while ((m = depot_pop_empty(&p->depot)) != NULL)
        charge_end(p, m);
    slab_purge(&p->slabs, &p->lock);
    magazine_purge();
    os_unmap_kept();
    pthread_mutex_lock(&p->lock);
    bounds_relax(p);
    pthread_mutex_unlock(&p->lock);
}

/* ---- the change ---- */

/*
 * Stores all limits. Under the lock, with the pond closed and its caches empty. Relaxed: what is read
 * without the lock is one word each, or is asked inside of a gate, which this closing has waited for.
 */
static void store_limits(struct pond *p, const pond_limits *l)
{
    pond_options *o = &p->options;
    POND_ASSERT(registry_is_locked() && gate_is_taken(p) && pond_is_locked(p));
    bool was_exact = p->counts_idle_exactly;
    STORE(o->max_objects, l->max_objects);
    STORE(o->max_idle_bytes, l->max_idle_bytes);
    STORE(o->min_idle, l->min_idle);
    STORE(o->max_footprint, l->max_footprint);
    STORE(o->max_age, l->max_age);
    STORE(p->depot.max_age, l->max_age);
    count_bytes(p, was_exact || l->max_idle_bytes > 0);
    cache_room_init(p);
    bring_in(p);
    depot_order(&p->depot, p->epoch);
    if (o->footprint != NULL && p->counts_idle_exactly && !was_exact)
        depot_all_aged(&p->depot); /* nobody has counted it */
}

/*
 * Pairs with shared_is_the_only_way in shared.h, through the gate: `over` is stored with the pond closed.
 */
static void change(struct pond *p, const pond_limits *l)
{
    registry_lock();
    bool whole = gather_begin(p);
    epoch_count_sleep(p);
    store_limits(p, l);
    STORE(p->over, shared_is_over(p));
    if (p->over && whole)
        shared_starve(p);
    bounds_relax(p);
    wait_made_room(p);
    gather_end(p);
    registry_unlock();
    drop_beyond(p);
    reclaim_beyond(p);
}

static void load_limits(struct pond *p, pond_limits *l)
{
    pthread_mutex_lock(&p->lock);
    const pond_options *o = &p->options;
    *l = (pond_limits){.max_objects = o->max_objects,
                       .max_idle_bytes = o->max_idle_bytes,
                       .min_idle = o->min_idle,
                       .max_footprint = o->max_footprint,
                       .max_age = o->max_age};
    pthread_mutex_unlock(&p->lock);
}

/* A limit that the program does not know stays as it is. */
static bool take_limits(struct pond *p, pond_limits *l, const pond_limits *given, size_t bytes)
{
    load_limits(p, l);
    if (!options_take_limits(l, given, bytes))
        return false;
    const char *why = options_limits(l, (const void *)(uintptr_t)p->options.footprint);
    if (why != NULL)
        options_refuse(why);
    return why == NULL;
}

static int set_limits(struct pond *p, const pond_limits *given, size_t bytes, const void *caller)
{
    pond_limits l;
    if (!registry_knows(p, "pond_limits_set", caller)) {
        options_refuse("the pond is NULL, or was destroyed.");
        return -1;
    }
    if (!take_limits(p, &l, given, bytes))
        return -1;
    if (object_in_hook(NULL) || watch_in_hook(p)) {
        watch_bad_hook(p, "pond_limits_set", caller);
        errno_be(EDEADLK);
        return -1;
    }
    registry_pin(p);
    change(p, &l);
    registry_unpin(p);
    return 0;
}

static int set_entered(struct pond *p, const pond_limits *given, size_t bytes, const void *caller)
{
    if (!registry_enter(p, "pond_limits_set", caller))
        return -1;
    int result = set_limits(p, given, bytes, caller);
    entry_end();
    return result;
}

int pond_limits_set_sized(pond *p, const pond_limits *limits, size_t bytes)
{
    return set_entered(p, limits, bytes, CALLER);
}

int pond_limits_set(pond *p, const pond_limits *limits)
{
    return set_entered(p, limits, LIMITS_1_0, CALLER);
}

static void read_limits(const pond *p, pond_limits *limits, size_t bytes, const void *caller)
{
    struct pond *whose = (struct pond *)(uintptr_t)p; /* the lock is no part of what it is */
    pond_limits l = {.max_objects = 0};
    if (registry_enter(whose, "pond_limits_read", caller)) {
        if (registry_knows(p, "pond_limits_read", caller))
            load_limits(whose, &l);
        entry_end();
    }
    sized_give(limits, bytes, &l, sizeof l);
}

void pond_limits_read_sized(const pond *p, pond_limits *limits, size_t bytes)
{
    read_limits(p, limits, bytes, CALLER);
}

void pond_limits_read(const pond *p, pond_limits *limits)
{
    read_limits(p, limits, LIMITS_1_0, CALLER);
}
