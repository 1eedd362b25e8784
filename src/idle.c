/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Each walk goes by registry_next, a pond at a time, which is pinned and not locked: others tick, put and
 * destroy ponds meanwhile. Sums are of what was true when each pond was looked at.
 */
#include "idle.h"
#include "epoch.h"
#include "watch.h"
#include <errno.h>

static uint64_t idle_budget; /* bytes; 0: no bound */

/*
 * Failures, since a tick of the last second, though something went for them: where memory cannot be had
 * whatever goes, only one in 64 of those that follow tries it. For it takes its time, and takes from others
 * what they have.
 */
static uint64_t in_vain;

#define VAIN_TRIES 64
#define VAIN_MILLISECONDS 1000

/* ---- how much there is ---- */

static uint64_t idle_bytes_of(struct pond *p)
{
    pond_stats s;
    stats_read(p, &s);
    return s.idle_local_bytes + s.idle_shared_bytes + s.idle_victim_bytes;
}

static uint64_t idle_bytes_of_all(void)
{
    uint64_t bytes = 0;
    for (struct pond *p = registry_next(NULL, BY_AGE); p != NULL; p = registry_next(p, BY_AGE))
        bytes += idle_bytes_of(p);
    return bytes;
}

bool pond_has_idle(void)
{
    return board_any_active();
}

/* ---- down to so much ---- */

static uint64_t each_of(const struct pond *p)
{
    return MAX(p->object_bytes + LOAD(p->footprint_mean), 1);
}

/* The bytes that went, of objects of that age and older. */
static uint64_t trim_upto(struct pond *p, enum epoch_age upto, pond_drop_reason why, uint64_t excess)
{
    uint64_t before = idle_bytes_of(p);
    if (before == 0)
        return 0;
    if (upto == EPOCH_ALL) {
        registry_lock();
        gather_some(p);
        registry_unlock();
    }
    uint64_t most = (excess + each_of(p) - 1) / each_of(p);
    (void)epoch_drop_oldest(p, why, upto, (size_t)MIN(most, SIZE_MAX));
    uint64_t after = idle_bytes_of(p);
    return before - MIN(before, after);
}

/* The oldest of all ponds first, so far as epochs tell; within an epoch, of the oldest pond. */
static size_t trim_to(uint64_t bytes, pond_drop_reason why)
{
    uint64_t idle = idle_bytes_of_all(), gone = 0;
    for (enum epoch_age age = EPOCH_DUE; age <= EPOCH_ALL && idle > bytes + gone; age++)
        for (struct pond *p = registry_next(NULL, BY_AGE); p != NULL; p = registry_next(p, BY_AGE))
            if (idle > bytes + gone)
                gone += trim_upto(p, age, why, idle - bytes - gone);
    return (size_t)gone;
}

size_t pond_trim_to(size_t bytes)
{
    size_t gone = 0;
    if (!registry_enter(NULL, "pond_trim_to", CALLER))
        return 0;
    if (registry_outside_hooks(NULL, "pond_trim_to", CALLER, __builtin_dwarf_cfa())) {
        gone = trim_to(bytes, POND_DROP_TRIM);
        magazine_purge();
        os_unmap_kept();
    }
    entry_end();
    return gone;
}

/* ---- the budget ---- */

/* What puts have taken for magazines since it was looked last: they look again when that is a 32nd of it. */
static uint64_t idle_taken;

void pond_idle_budget(size_t bytes)
{
    STORE(idle_budget, bytes);
    STORE(idle_taken, bytes); /* the next put looks */
}

/* Ticks may come faster than anything changes. */
static void forget_vain(void)
{
    static uint64_t last;
    uint64_t now = LOAD(in_vain) > 0 ? os_milliseconds() : 0;
    if (now < LOAD(last) + VAIN_MILLISECONDS)
        return;
    STORE(last, now);
    STORE(in_vain, 0);
}

void idle_ticked(void)
{
    uint64_t most = LOAD(idle_budget);
    forget_vain();
    if (most > 0)
        (void)trim_to(most, POND_DROP_LIMIT);
}

bool idle_has_room(struct pond *p)
{
    uint64_t most = LOAD(idle_budget), magazine = LOAD(p->magazine_room) * each_of(p);
    if (__builtin_expect(most == 0, 1))
        return true;
    if (__atomic_add_fetch(&idle_taken, magazine, __ATOMIC_RELAXED) < most / 32)
        return true;
    uint64_t idle = idle_bytes_of_all();
    if (idle + magazine > most && !object_in_hook(NULL))
        idle -= MIN(idle, trim_upto(p, EPOCH_VICTIMS, POND_DROP_LIMIT, idle + magazine - most));
    bool room = idle + magazine <= most;
    STORE(idle_taken, room ? 0 : most);
    return room;
}

/* ---- for want of memory ---- */

/* When the one who is at it began, as os_milliseconds; 0: nobody is. */
static uint64_t relieving;

#define RELIEF_MILLISECONDS                                                                                  \
    1000 /* who has not come back by then has left by longjmp, or a fork without him */
#define RELIEF_NAPS 100

static bool needs_hooks(const struct pond *p)
{
    return p->options.destroy != NULL || p->options.footprint != NULL || watch_of(p) != NULL;
}

static uint64_t slab_bytes_of(struct pond *p)
{
    pond_stats s;
    stats_read(p, &s);
    return s.slab_bytes + s.resident_bytes;
}

/* All but what min_idle keeps, and what was dropped before and has not gone back to the system yet. False:
   there was nothing. */
static bool empty(struct pond *p)
{
    uint64_t before = slab_bytes_of(p);
    registry_lock();
    gather_some(p);
    registry_unlock();
    bool dropped = epoch_drop_oldest(p, POND_DROP_TRIM, EPOCH_ALL, SIZE_MAX) > 0;
    return dropped || slab_bytes_of(p) < before;
}

/* True: something went. Where a tick has nothing to do there is nothing. */
static bool relieve(bool hooks)
{
    bool any = false;
    for (struct pond *p = registry_next(NULL, BY_AGE); p != NULL; p = registry_next(p, BY_AGE))
        if (needs_hooks(p) == hooks && board_is_active(p))
            any = empty(p) || any;
    if (any)
        magazine_purge();
    return any;
}

static bool begin_relief(void)
{
    uint64_t now = os_milliseconds() + 1, began = LOAD(relieving);
    return (began == 0 || now - began > RELIEF_MILLISECONDS) &&
           __atomic_compare_exchange_n(&relieving, &began, now, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

/* Another one's work is as good. It may wait for us, in a hook of its program's, so this ends. */
static bool await_relief(void)
{
    for (int naps = 0; naps < RELIEF_NAPS; naps++) {
        os_nap();
        if (LOAD(relieving) == 0)
            return true;
    }
    return false;
}

/*
 * No lock is held, nor is this thread inside of a cache. Hooks are called in no hook: so a get that fails in
 * one does not begin another relief inside of the first.
 */
static NOT_INLINED bool relieve_once(bool hooks)
{
    if (hooks && (object_in_hook(NULL) || registry_inside_tick(__builtin_dwarf_cfa())))
        return false;
    if (!begin_relief())
        return await_relief();
    bool any = relieve(hooks);
    __atomic_store_n(&relieving, 0, __ATOMIC_RELEASE);
    return any;
}

bool idle_make_way(struct pond *p, const struct birth *b, unsigned *relieved)
{
    bool done = b->full && epoch_drop_aged(p);
    if (done || b->error != ENOMEM)
        return done;
    if (*relieved > 0 || LOAD(in_vain) % VAIN_TRIES != 0)
        ADD(in_vain, 1); /* it is of no use, or was of none */
    if (*relieved == 0 && LOAD(in_vain) % VAIN_TRIES != 0)
        return false;
    while (!done && *relieved < 2)
        done = relieve_once((*relieved)++ == 1);
    return done;
}
