/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A tick has three parts:
 *   turn     under the registry's lock, all gates closed: per pond, the epoch is counted on and the
 *            caches are emptied into the depot, magazine by magazine. No hook, no memory is freed.
 *   drop     no lock but the pond's, for one object (with a destroy hook) or one magazine (without)
 *   reclaim  free pages go back, in bounded steps under the pond's lock
 *
 * Invariants
 *   1. p->epoch changes with all gates closed and the pond's lock held. A thread missed by the closing
 *      may still read the old one; it stamps what it puts, during the tick, with one of the two.
 *   2. An object put at epoch e lies in a magazine stamped e. At e + 1 that magazine takes no puts
 *      (cache.c), so it is due at e + 2, whichever ways it went in between.
 *   3. What is due stays gettable until it is counted out: it is in a stack, or in p->dropping, which
 *      a get at max_objects searches under the lock.
 *   4. What is aged, older than max_age, is not: the turn sets it apart. It is counted as idle until it is
 *      dropped, and a get at max_objects drops one to make room, so that it refuses nothing because of it.
 */
#include "epoch.h"
#include "bounds.h"
#include "tune.h"
#include "watch.h"
#include <errno.h>

static uint64_t global_epoch; /* written under the registry's lock */
static size_t tick_budget;

/* ---- turn ---- */

/* What no tick goes on with is gettable by the usual way again. Under the lock. */
static void put_back(struct pond *p)
{
    struct magazine *m = p->dropping;
    STORE(p->dropping, NULL);
    if (m != NULL)
        depot_give_back_due(&p->depot, m);
}

/* How many more than min_idle are idle; asked when none is aged. Under the lock. */
static uint64_t spare(const struct pond *p)
{
    uint64_t idle = shared_young(p) + shared_victims(p), keep = p->options.min_idle;
    return idle > keep ? idle - keep : 0;
}

/*
 * Of what is overdue the oldest go first; but where all of it goes, none needs to be put in order. What
 * another tick is dropping at the moment, hook by hook, gets older as well.
 */
static void order(struct pond *p)
{
    if (p->options.max_age == 0 && (p->options.min_idle == 0 || spare(p) == 0))
        return;
    put_back(p);
    depot_order(&p->depot, p->epoch);
}

static void turn(struct pond *p, struct trace_tick *trace)
{
    pthread_mutex_lock(&p->lock);
    watch_turning(trace, p);
    depot_turn(&p->depot, p->epoch + 1);
    STORE(p->epoch, p->epoch + 1);
    p->waited = false;
    cache_room_calm(p, registry_drain(p));
    shared_drain(p);
    bounds_relax(p);
    order(p);
    POND_ASSERT(p->object_bytes == 0 || slab_set_is_valid(&p->slabs));
    watch_turned(trace, p);
    sample_turned(p);
    pthread_mutex_unlock(&p->lock);
}

/* ---- drop ---- */

struct drop {
    pond_drop_reason why;
    size_t left;  /* objects that may yet go */
    size_t bytes; /* of those gone */
};

/* What goes next: *n objects of this magazine, p->dropping or an aged one; NULL: nothing. Under the lock. */
static struct magazine *next_to_go(struct pond *p, const struct drop *d, size_t *n)
{
    struct magazine *m = d->left > 0 ? depot_pop_aged(&p->depot) : NULL;
    size_t left = d->left;
    if (m != NULL) {
        *n = MIN(left, m->count);
        return m;
    }
    if (d->why == POND_DROP_EPOCH)
        left = (size_t)MIN((uint64_t)left, spare(p));
    if (left == 0)
        return NULL;
    if (p->dropping != NULL && p->dropping->count == 0) {
        depot_give_back_due(&p->depot, p->dropping);
        STORE(p->dropping, NULL);
    }
    if (p->dropping == NULL)
        STORE(p->dropping, depot_pop_due(&p->depot, p->epoch));
    if (p->dropping != NULL)
        *n = MIN(left, p->dropping->count);
    return p->dropping;
}

/* What was taken out and is not p->dropping is where it was, less what was dropped. */
static void leave(struct pond *p, struct magazine *m)
{
    if (m != p->dropping)
        depot_give_back_aged(&p->depot, m);
}

/* Under the lock, in and out; without it for the hooks. */
static void drop_one(struct pond *p, struct drop *d, struct magazine *m)
{
    void **slot = &m->slots[--m->count], *obj = *slot;
    bool counted = m->counted;
    *slot = NULL; /* as in cache.c's take */
    leave(p, m);
    object_uncount(p, d->why);
    pthread_mutex_unlock(&p->lock);
    if (counted)
        shared_forget_bytes(p, obj);
    if (d->why == POND_DROP_TRIM)
        d->bytes += object_bytes(p, obj);
    object_end(p, obj, d->why);
    d->left--;
    pthread_mutex_lock(&p->lock);
}

static void drop_plain(struct pond *p, struct drop *d, struct magazine *m, size_t n)
{
    m->count -= (uint32_t)n;
    object_drop_plain(p, m->slots + m->count, n, d->why);
    leave(p, m);
    d->bytes += n * p->object_bytes;
    d->left -= n;
}

static bool has_hooks(const struct pond *p)
{
    return p->options.destroy != NULL || p->options.footprint != NULL;
}

static void drop_due(struct pond *p, struct drop *d)
{
    struct magazine *m;
    do {
        size_t n = 0;
        pthread_mutex_lock(&p->lock);
        m = next_to_go(p, d, &n);
        bool plain = !has_hooks(p) && watch_of(p) == NULL; /* looked at when the objects are at hand */
        if (m == NULL)
            put_back(p);
        else if (plain)
            drop_plain(p, d, m, n);
        else
            drop_one(p, d, m);
        pthread_mutex_unlock(&p->lock);
    } while (m != NULL);
}

bool epoch_drop_aged(struct pond *p)
{
    struct drop d = {.why = POND_DROP_EPOCH, .left = 1};
    pthread_mutex_lock(&p->lock);
    struct magazine *m = depot_pop_aged(&p->depot);
    if (m != NULL)
        drop_one(p, &d, m);
    pthread_mutex_unlock(&p->lock);
    return m != NULL;
}

/* ---- reclaim ---- */

/* Empty magazines were working capital of the last epoch; the next one makes its own. */
static void end_empties(struct pond *p)
{
    struct magazine *m;
    while ((m = depot_pop_empty(&p->depot)) != NULL)
        shared_magazine_end(p, m);
}

static void reclaim(struct pond *p)
{
    end_empties(p);
    slab_purge(&p->slabs, &p->lock);
}

size_t epoch_drop_all(struct pond *p, pond_drop_reason why)
{
    struct drop d = {.why = why, .left = SIZE_MAX};
    pthread_mutex_lock(&p->lock);
    depot_all_due(&p->depot);
    pthread_mutex_unlock(&p->lock);
    drop_due(p, &d);
    reclaim(p);
    return d.bytes;
}

/* ---- the ticks ---- */

/* The watcher looks before anything is dropped. The pond is pinned. */
static void tell_watcher(struct pond *p, const void *caller)
{
    const struct watch *w = watch_of(p);
    if (w != NULL)
        w->ticked(p, caller);
}

static void tell_watchers(const void *caller)
{
    for (struct pond *p = registry_next(NULL, BY_TURN); p != NULL; p = registry_next(p, BY_TURN))
        tell_watcher(p, caller);
}

static size_t budget(void)
{
    size_t objects = LOAD(tick_budget);
    return objects == 0 ? SIZE_MAX : objects;
}

/* Up to `most` objects of each pond; what is left of the budget. */
static size_t drop_each(size_t left, size_t most)
{
    for (struct pond *p = registry_next(NULL, BY_TURN); p != NULL; p = registry_next(p, BY_TURN)) {
        struct drop d = {.why = POND_DROP_EPOCH, .left = MIN(left, most)};
        size_t before = d.left;
        drop_due(p, &d);
        left -= before - d.left;
        reclaim(p);
    }
    return left;
}

/*
 * With a budget, each pond has its share first, and each tick another pond is the first to have what
 * is over: a busy one does not keep the others full.
 */
static void drop_within_budget(size_t ponds)
{
    size_t all = budget();
    size_t left = drop_each(all, all == SIZE_MAX ? all : all / MAX(ponds, 1));
    if (all != SIZE_MAX && left > 0)
        (void)drop_each(left, left);
}

void pond_tick_budget(size_t objects)
{
    STORE(tick_budget, objects);
}

static uint64_t advance(const void *caller)
{
    size_t ponds = 0;
    registry_lock();
    registry_first_goes_last();
    struct trace_tick *trace = watch_tick(registry_first(), false);
    gates_close(registry_all(), GATE_BOUNDED);
    for (struct pond *p = registry_first(); p != NULL; p = registry_after(p), ponds++)
        turn(p, trace);
    uint64_t now = global_epoch + 1;
    STORE(global_epoch, now);
    gates_open();
    watch_tick_opened(trace);
    registry_unlock();
    tell_watchers(caller);
    sample_ticked();
    drop_within_budget(ponds);
    magazine_purge();
    os_unmap_kept();
    watch_tick_done(trace);
    tune_ticked(true);
    return now;
}

uint64_t pond_epoch_advance(void)
{
    uint64_t now = LOAD(global_epoch);
    if (!registry_enter(NULL, "pond_epoch_advance", CALLER))
        return now;
    if (registry_outside_hooks(NULL, "pond_epoch_advance", CALLER, __builtin_dwarf_cfa()) &&
        !watch_tick_is_late())
        now = advance(CALLER);
    entry_end();
    return now;
}

static uint64_t rotate(struct pond *p, const void *caller)
{
    struct drop d = {.why = POND_DROP_EPOCH, .left = budget()};
    registry_pin(p);
    registry_lock();
    struct trace_tick *trace = watch_tick(p, true);
    gates_close((struct gate_scope){.first = p, .alone = true}, GATE_BOUNDED);
    turn(p, trace);
    uint64_t now = p->epoch;
    gates_open();
    watch_tick_opened(trace);
    registry_unlock();
    tell_watcher(p, caller);
    sample_ticked();
    drop_due(p, &d);
    reclaim(p);
    magazine_purge();
    os_unmap_kept();
    watch_tick_done(trace);
    tune_ticked(false);
    registry_unpin(p);
    return now;
}

uint64_t pond_rotate(pond *p)
{
    uint64_t now = 0;
    if (!registry_enter(p, "pond_rotate", CALLER))
        return 0;
    if (registry_knows(p, "pond_rotate", CALLER))
        now = registry_outside_hooks(p, "pond_rotate", CALLER, __builtin_dwarf_cfa()) ? rotate(p, CALLER)
                                                                                      : LOAD(p->epoch);
    entry_end();
    return now;
}

static size_t trim_one(struct pond *p)
{
    uint64_t live;
    registry_lock();
    (void)gather_all(p, false, &live);
    registry_unlock();
    return epoch_drop_all(p, POND_DROP_TRIM);
}

static size_t trim(struct pond *p)
{
    size_t bytes = 0;
    if (p != NULL) {
        registry_pin(p);
        bytes = trim_one(p);
        registry_unpin(p);
    } else {
        for (p = registry_next(NULL, BY_TURN); p != NULL; p = registry_next(p, BY_TURN))
            bytes += trim_one(p);
    }
    magazine_purge();
    os_unmap_kept();
    return bytes;
}

size_t pond_trim(pond *p)
{
    size_t bytes = 0;
    if (!registry_enter(p, "pond_trim", CALLER))
        return 0;
    if ((p == NULL || registry_knows(p, "pond_trim", CALLER)) &&
        registry_outside_hooks(p, "pond_trim", CALLER, __builtin_dwarf_cfa()))
        bytes = trim(p);
    entry_end();
    return bytes;
}
