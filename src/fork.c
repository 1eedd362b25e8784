/* SPDX-License-Identifier: BSD-2-Clause */
/* All that is locked for a fork, and what its child makes of what it finds. */
#include "idle.h"
#include "pin.h"
#include "registry.h"
#include "run.h"
#include "wait.h"
#include "watch.h"

static bool had_ponds; /* when the fork began; under the registry's lock */

/*
 * Locks all ponds, and what comes after them in the lock order. Always in the same order: ThreadSanitizer,
 * which looks for deadlocks, would see an inversion otherwise.
 */
static void lock_ponds(void)
{
    for (struct pond *p = registry_oldest(); p != NULL; p = p->links[BY_AGE].next)
        pthread_mutex_lock(&p->lock);
    magazine_fork_prepare();
    pagemap_lock();
    watch_fork_prepare();
    sample_fork_prepare();
    trace_freeze();
}

/*
 * Closes and locks everything, so that the child gets every object in one place, or in the hands of a
 * thread that it does not have. That thread may have been stopped inside of a cache: then all of this cache
 * is in its hands. Relaxed: the state is the thread's own.
 */
static void fork_prepare(void)
{
    if (!entry_begin())
        return; /* in the handler of a signal that interrupted us: the child may call exec alone */
    STORE(entry_state, ENTRY_FORKING);
    registry_lock();
    had_ponds = registry_is_ready();
    if (!had_ponds)
        return; /* a program without ponds pays for a lock */
    gates_close(registry_all(), GATE_LONG);
    lock_ponds();
}

static void unlock_ponds(void)
{
    trace_thaw();
    pagemap_unlock();
    magazine_fork_done();
    for (struct pond *p = registry_first(); p != NULL; p = registry_after(p))
        pthread_mutex_unlock(&p->lock);
}

/* Opens and unlocks everything in the parent. Relaxed: the state is the thread's own. */
static void fork_parent(void)
{
    if (LOAD(entry_state) != ENTRY_FORKING)
        return;
    if (had_ponds) {
        sample_fork_done(false);
        watch_fork_done(false);
        unlock_ponds();
        gates_open(registry_all());
    }
    registry_unlock();
    entry_end();
}

/*
 * Takes the marks off. A thread that is not here may have marked its closed line; whoever has its slot next
 * finds it unmarked.
 */
static void fork_unmark(struct pond *p)
{
    for (uint32_t slot = 0; slot < gates_end(); slot++)
        if (!gate_registered() || slot != gate_slot())
            line_unmark_of_dead(&p->caches[slot]);
}

/* Forgets what is in the caches that a thread was inside of which is not here. */
static void fork_abandon(struct pond *p)
{
    POND_ASSERT(gate_is_taken(p));
    for (uint32_t slot = 0; slot < p->lines; slot++)
        if (!gate_is_free(p, slot))
            cache_abandon(&p->caches[slot]);
    gates_fork_done(p);
}

/*
 * Counts anew. Whatever a thread that is not here had on its way to its cache is in its hands now: it
 * counts as got by that thread.
 */
static void fork_count_anew(struct pond *p)
{
    POND_ASSERT(gate_is_taken(p) && gate_none_is_missed(p));
    (void)registry_drain(p);
    shared_recount(p);
    uint64_t gets = p->gets + p->misses;
    for (uint32_t line = 0; line < p->lines; line++) {
        run_forked(&p->caches[line]);
        gets += cache_gets(&p->caches[line]);
    }
    POND_ASSERT(depot_is_valid(&p->depot, p->epoch) && gate_is_unused(p));
    uint64_t live = p->objects - (shared_young(p) + shared_victims(p));
    p->gets += live - MIN(live, gets);
}

static void go_on_in_child(void)
{
    sample_fork_done(true);
    watch_fork_done(true);
    unlock_ponds();
    gates_fork_child();
    idle_forked();
    registry_forget_waiters();
    pins_forked(registry_first());
    for (struct pond *p = registry_first(); p != NULL; p = registry_after(p)) {
        depot_forked(&p->depot);
        wait_forked(p);
        fork_abandon(p);
        fork_unmark(p);
    }
    for (struct pond *p = registry_first(); p != NULL; p = registry_after(p)) {
        fork_count_anew(p);
        sample_forked(p);
    }
    gates_open(registry_all());
}

/* Relaxed: the state is the thread's own. */
static void fork_child(void)
{
    if (LOAD(entry_state) != ENTRY_FORKING)
        return;
    if (had_ponds)
        go_on_in_child();
    registry_unlock();
    entry_end();
}

void registry_freeze(void)
{
    registry_lock();
    lock_ponds();
}

void registry_thaw(void)
{
    sample_fork_done(false);
    watch_thaw();
    unlock_ponds();
    registry_unlock();
}

bool fork_meet(void)
{
    return pthread_atfork(fork_prepare, fork_parent, fork_child) == 0;
}
