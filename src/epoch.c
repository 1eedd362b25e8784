/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A tick comes to the ponds that are active (board.h), and has three parts:
 *   turn     under the registry's lock, a few ponds closed at a time: per pond, the epoch is counted on and
 *            the caches are emptied into the depot, magazine by magazine. No hook, no memory is freed.
 *   drop     no lock but the pond's, for one object (with a destroy hook) or one magazine (without)
 *   reclaim  free pages go back, in bounded steps under the pond's lock
 *
 * Invariants
 *   1. p->epoch changes with the pond closed and its lock held. A thread missed by the closing
 *      may still read the old one; it stamps what it puts, during the tick, with one of the two.
 *   2. An object put at epoch e lies in a magazine stamped e. At e + 1 that magazine takes no puts
 *      (cache.c), so it is due at e + 2, whichever ways it went in between.
 *   3. What is due stays gettable until it is counted out: it is in a stack, or in p->dropping, which
 *      a get at max_objects searches under the lock.
 *   4. What is aged, older than max_age, is not: the turn sets it apart. It is counted as idle until it is
 *      dropped, and a get at max_objects drops one to make room, so that it refuses nothing because of it.
 *   5. A pond sleeps when, and only when, a turn has found it quiet and nothing has woken it since: ticks
 *      would change nothing in it. So they pass it over. Its epoch as it is shown is that of all ticks
 *      (registry_epoch); p->epoch counts turns, so that what is put into a pond that has slept is of the
 *      epoch before the next turn.
 */
#include "epoch.h"
#include "bounds.h"
#include "idle.h"
#include "run.h"
#include "tune.h"
#include "watch.h"
#include <errno.h>

static size_t tick_budget;

/* ---- turn ---- */

void epoch_give_back(struct pond *p, struct magazine *m)
{
    if (m->epoch + 2 > p->epoch)
        depot_give_back(&p->depot, m, p->epoch);
    else
        depot_give_back_due(&p->depot, m);
}

/* Gives back what no tick goes on with. Under the lock. Relaxed: without it `dropping` is read as a hint. */
static void put_back(struct pond *p)
{
    struct magazine *m = p->dropping;
    POND_ASSERT(pond_is_locked(p));
    STORE(p->dropping, NULL);
    if (m != NULL)
        epoch_give_back(p, m);
}

/* Counts the idle objects that are more than min_idle; asked when none is aged. Under the lock. */
static uint64_t idle_to_spare(const struct pond *p)
{
    uint64_t idle = shared_young(p) + shared_victims(p), keep = p->options.min_idle;
    return idle > keep ? idle - keep : 0;
}

/*
 * Puts what is overdue in order, for the oldest go first; but where all of it goes, none needs an order.
 * What another tick is dropping at the moment, hook by hook, gets older as well.
 */
static void order_oldest_first(struct pond *p)
{
    if (p->options.max_age == 0 && (p->options.min_idle == 0 || idle_to_spare(p) == 0))
        return;
    put_back(p);
    depot_order(&p->depot, p->epoch);
}

/*
 * Whether a tick would change nothing: nothing in the pond gets older, or would go back to the system, for
 * what min_idle keeps stays as it is. Under the lock, with the pond closed and emptied. Relaxed: what is
 * put afterwards wakes the pond.
 */
static bool is_quiet(const struct pond *p)
{
    bool keeps = p->options.max_age == 0 && idle_to_spare(p) == 0;
    return gate_is_unused(p) && depot_is_quiet(&p->depot, keeps) && p->dropping == NULL &&
           p->slabs.dirty == NULL && LOAD(p->magazine_room) <= p->room_first;
}

/*
 * The turn of one pond, which is closed: counts its epoch on, empties its caches into the depot, and opens
 * it. Relaxed: whoever reads the epoch without the lock reads it once, and the old one is right for as long
 * as it is missed.
 */
static void begin_epoch(struct pond *p, struct trace_tick *trace)
{
    POND_ASSERT(registry_is_locked() && gate_is_taken(p));
    pthread_mutex_lock(&p->lock);
    watch_turning(trace, p);
    depot_turn(&p->depot, p->epoch + 1);
    STORE(p->epoch, p->epoch + 1);
    p->turned = registry_epoch(p);
    p->waited = false;
    cache_room_calm(p, registry_drain(p));
    run_turned(p);
    shared_drain(p);
    bounds_relax(p);
    order_oldest_first(p);
    POND_ASSERT(p->object_bytes == 0 || slab_set_is_valid(&p->slabs));
    POND_ASSERT(!gate_none_is_missed(p) || depot_is_valid(&p->depot, p->epoch));
    watch_turned(trace, p);
    sample_turned(p);
    if (is_quiet(p))
        board_sleep(p);
    board_look(p, watch_of(p) != NULL || sampling_of(p) != NULL);
    pthread_mutex_unlock(&p->lock);
    p->together = NULL;
    gates_open(p);
    watch_opened(trace);
}

/* Relaxed: as in begin_epoch. */
void epoch_count_sleep(struct pond *p)
{
    uint64_t now = registry_epoch(p);
    POND_ASSERT(gate_is_taken(p) && pond_is_locked(p) && now >= p->turned);
    if (!depot_is_overdue(&p->depot) || p->shared != NULL || p->dropping != NULL)
        return;
    STORE(p->epoch, p->epoch + (now - p->turned));
    p->turned = now;
}

/* ---- the turns of a tick ---- */

#define TOGETHER 16 /* so many ponds are closed by one barrier */

struct turns {
    struct trace_tick *trace;
    struct board_round round;
    struct pond *next; /* of all: a tick that is traced has a line for each pond, active or not */
    size_t done;
    unsigned pauses;
    bool watched; /* one of them at least is */
};

/* The next pond whose epoch is to be counted on; NULL: that was the last. */
static struct pond *next_to_turn(struct turns *t)
{
    if (t->trace == NULL)
        return board_next(&t->round);
    struct pond *p = t->next;
    if (p != NULL)
        t->next = registry_after(p);
    return p;
}

/* Closes some ponds together, and begins the next epoch of each. True: there may be more. */
static bool turn_some(struct turns *t)
{
    struct pond *first = NULL, **last = &first, *p, *next;
    size_t count = 0;
    while (count < TOGETHER && (p = next_to_turn(t)) != NULL) {
        *last = p;
        last = &p->together;
        count++;
    }
    *last = NULL;
    watch_closing(t->trace);
    gates_close_one_of(first, &t->pauses);
    for (p = first; p != NULL; p = next) {
        next = p->together;
        t->watched = t->watched || watch_of(p) != NULL;
        begin_epoch(p, t->trace);
    }
    t->done += count;
    return count == TOGETHER;
}

/* ---- drop ---- */

struct drop {
    pond_drop_reason why;
    bool keeps;          /* min_idle is kept */
    enum epoch_age upto; /* what is younger stays */
    size_t left;         /* objects that may yet go */
    size_t bytes;        /* of those gone */
};

/* Pops what is due, and then what is not due yet, as far as it may go. */
static struct magazine *pop_oldest(struct pond *p, const struct drop *d)
{
    struct magazine *m = depot_pop_due(&p->depot, p->epoch);
    for (unsigned age = 1; m == NULL && age <= d->upto; age++)
        m = depot_pop_of(&p->depot, p->epoch + 3 - (EPOCH_ALL - age));
    return m;
}

/* Whether its objects are old enough: another thread may have left younger ones in p->dropping. */
static bool may_go(const struct pond *p, const struct drop *d, const struct magazine *m)
{
    return m->epoch + 2 <= p->epoch + d->upto;
}

/* What goes next: *n objects of this magazine; NULL: nothing. Under the lock. Relaxed: as in put_back. */
static struct magazine *next_to_go(struct pond *p, const struct drop *d, size_t *n)
{
    struct magazine *m = d->left > 0 ? depot_pop_aged(&p->depot) : NULL;
    size_t left = d->left;
    POND_ASSERT(pond_is_locked(p));
    if (m != NULL) {
        *n = MIN(left, m->count);
        return m;
    }
    if (d->keeps && p->options.min_idle > 0)
        left = (size_t)MIN((uint64_t)left, idle_to_spare(p));
    if (left == 0)
        return NULL;
    if (p->dropping != NULL && (p->dropping->count == 0 || !may_go(p, d, p->dropping)))
        put_back(p);
    if (p->dropping == NULL)
        STORE(p->dropping, pop_oldest(p, d));
    if (p->dropping != NULL)
        *n = MIN(left, p->dropping->count);
    return p->dropping;
}

/* Puts the rest of a magazine that objects were dropped of where it was; p->dropping stays. */
static void put_rest_back(struct pond *p, struct magazine *m)
{
    if (m != p->dropping)
        depot_give_back_aged(&p->depot, m);
}

/* Drops the last object of this magazine. Under the lock, in and out; without it for the hooks. */
static void drop_one(struct pond *p, struct drop *d, struct magazine *m)
{
    POND_ASSERT(pond_is_locked(p) && m->count > 0 && d->left > 0);
    void **slot = &m->slots[--m->count], *obj = *slot;
    bool counted = m->counted;
    *slot = NULL; /* as in cache.c's take */
    put_rest_back(p, m);
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

/* Drops the last n objects of this magazine, for which no hook is called. Under the lock. */
static void drop_plain(struct pond *p, struct drop *d, struct magazine *m, size_t n)
{
    POND_ASSERT(pond_is_locked(p) && 0 < n && n <= m->count && n <= d->left);
    m->count -= (uint32_t)n;
    object_drop_plain(p, m->slots + m->count, n, d->why);
    put_rest_back(p, m);
    d->bytes += n * p->object_bytes;
    d->left -= n;
}

static bool has_hooks(const struct pond *p)
{
    return p->options.destroy != NULL || p->options.footprint != NULL;
}

#define PLAIN_AT_ONCE 256 /* objects, or those of one magazine, for which the lock is held */

/* Drops one object, or some without hooks. Under the lock, in and out. False: nothing is left to go. */
static bool drop_some(struct pond *p, struct drop *d)
{
    for (size_t done = 0, n = 0; done < PLAIN_AT_ONCE; done += n) {
        struct magazine *m = next_to_go(p, d, &n);
        bool plain = !has_hooks(p) && watch_of(p) == NULL; /* looked at when the objects are at hand */
        if (m == NULL) {
            put_back(p);
            return false;
        }
        if (!plain) {
            drop_one(p, d, m);
            return true;
        }
        drop_plain(p, d, m, n);
    }
    return true;
}

static void drop_due(struct pond *p, struct drop *d)
{
    bool more = true;
    while (more) {
        pthread_mutex_lock(&p->lock);
        more = drop_some(p, d);
        pthread_mutex_unlock(&p->lock);
    }
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

#define EMPTIES_AT_ONCE 64

/* Ends empty magazines: the last epoch needed them, and the next one makes its own. */
static void end_empties(struct pond *p)
{
    struct magazine *ended[EMPTIES_AT_ONCE], *m;
    size_t n;
    do {
        for (n = 0; n < EMPTIES_AT_ONCE && (m = depot_pop_empty(&p->depot)) != NULL; n++)
            ended[n] = m;
        charge_end_all(p, ended, n);
    } while (n == EMPTIES_AT_ONCE);
}

static void reclaim(struct pond *p, size_t *calls)
{
    end_empties(p);
    slab_purge_some(&p->slabs, &p->lock, calls);
}

size_t epoch_drop_all(struct pond *p, pond_drop_reason why)
{
    struct drop d = {.why = why, .upto = EPOCH_ALL}; /* what a tick puts back meanwhile goes by its age */
    pthread_mutex_lock(&p->lock);
    depot_all_due(&p->depot);
    d.left =
        (size_t)(shared_young(p) + shared_victims(p)); /* not all that is put while hooks run, for ever */
    pthread_mutex_unlock(&p->lock);
    drop_due(p, &d);
    reclaim(p, &(size_t){SIZE_MAX});
    return d.bytes;
}

size_t epoch_drop_oldest(struct pond *p, pond_drop_reason why, enum epoch_age upto, struct epoch_budget *left)
{
    struct drop d = {.why = why, .keeps = true, .upto = upto, .left = left->objects};
    drop_due(p, &d);
    reclaim(p, &left->calls);
    POND_ASSERT(d.left <= left->objects);
    size_t gone = left->objects - d.left;
    left->objects = d.left;
    return gone;
}

/* ---- the ticks ---- */

/* Tells the pond's watcher of the tick, before anything is dropped. The pond is pinned. */
static void tell_watcher(struct pond *p, const void *caller)
{
    const struct watch *w = watch_of(p);
    if (w != NULL)
        w->ticked(p, caller);
}

/* Relaxed: a setting; a tick goes by what it reads once. */
static size_t budget(void)
{
    size_t objects = LOAD(tick_budget);
    return objects == 0 ? SIZE_MAX : objects;
}

static struct epoch_budget whole_budget(void)
{
    size_t all = budget();
    return (struct epoch_budget){.objects = all, .calls = MAX(all, SLAB_UNMAP_CALLS)};
}

/*
 * Drops `most` objects of this pond at most, and gives memory back; the calls are enough to unmap a slab.
 * *left is less by what was used of it.
 */
static void drop_and_reclaim(struct pond *p, struct epoch_budget *left, size_t most)
{
    struct epoch_budget share = {.objects = MIN(left->objects, most),
                                 .calls = MIN(left->calls, MAX(most, SLAB_UNMAP_CALLS))};
    left->objects -= share.objects;
    left->calls -= share.calls;
    (void)epoch_drop_oldest(p, POND_DROP_EPOCH, EPOCH_DUE, &share);
    left->objects += share.objects;
    left->calls += share.calls;
}

/* Drops up to `most` objects of each pond that is active. */
static void drop_each(struct board_round round, struct epoch_budget *left, size_t most)
{
    struct pond *p = NULL;
    while ((p = registry_next_active(p, &round)) != NULL)
        drop_and_reclaim(p, left, most);
}

/*
 * Drops what is due in all ponds. With a budget, each pond has its share first, and each tick another pond
 * is the first to have what is over: a busy one does not keep the others full.
 */
static void drop_within_budget(struct board_round round, size_t ponds)
{
    struct epoch_budget left = whole_budget();
    size_t all = left.objects;
    drop_each(round, &left, all == SIZE_MAX ? all : all / MAX(ponds, 1));
    if (all != SIZE_MAX && (left.objects > 0 || left.calls > 0))
        drop_each(round, &left, all);
    idle_ticked(&left);
    magazine_purge_some(left.calls);
}

static void tell_watchers(struct board_round round, const void *caller)
{
    struct pond *p = NULL;
    while ((p = registry_next_active(p, &round)) != NULL)
        tell_watcher(p, caller);
}

/* Relaxed: as in budget. */
void pond_tick_budget(size_t objects)
{
    STORE(tick_budget, objects);
}

static uint64_t advance(const void *caller)
{
    registry_lock();
    struct turns t = {.trace = watch_tick(registry_first(), false), .next = registry_first()};
    struct board_round round = t.round = board_round(true);
    uint64_t now = registry_count_tick();
    while (turn_some(&t))
        continue;
    registry_unlock();
    if (t.watched)
        tell_watchers(round, caller);
    sample_ticked();
    drop_within_budget(round, t.done);
    os_unmap_kept();
    watch_tick_done(t.trace);
    tune_ticked(true);
    return now;
}

uint64_t pond_epoch_advance(void)
{
    uint64_t now = registry_ticks();
    if (!registry_enter(NULL, "pond_epoch_advance", CALLER))
        return now;
    if (registry_outside_hooks(NULL, "pond_epoch_advance", CALLER, __builtin_dwarf_cfa()) &&
        !watch_tick_is_late())
        now = advance(CALLER);
    entry_end();
    return now;
}

/* Relaxed: `ahead` is a figure, written under the registry's lock. */
static uint64_t rotate(struct pond *p, const void *caller)
{
    struct epoch_budget left = whole_budget();
    registry_pin(p);
    registry_lock();
    POND_ASSERT(p->pins > 0);
    struct trace_tick *trace = watch_tick(p, true);
    p->together = NULL;
    watch_closing(trace);
    gates_close(p, GATE_BOUNDED);
    STORE(p->ahead, p->ahead + 1);
    begin_epoch(p, trace);
    uint64_t now = registry_epoch(p);
    registry_unlock();
    tell_watcher(p, caller);
    sample_ticked();
    drop_and_reclaim(p, &left, left.objects);
    magazine_purge_some(left.calls);
    os_unmap_kept();
    watch_tick_done(trace);
    registry_unpin(p);
    tune_ticked(false); /* it writes a file: no pond_destroy waits for that */
    return now;
}

uint64_t pond_rotate(pond *p)
{
    uint64_t now = 0;
    if (!registry_enter(p, "pond_rotate", CALLER))
        return 0;
    if (registry_knows(p, "pond_rotate", CALLER))
        now = registry_outside_hooks(p, "pond_rotate", CALLER, __builtin_dwarf_cfa()) ? rotate(p, CALLER)
                                                                                      : registry_epoch(p);
    entry_end();
    return now;
}
