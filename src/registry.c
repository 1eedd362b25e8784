/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Invariants
 *   1. A pond in the list is whole; its pins are 0 when it leaves the list.
 *   2. A thread's gate is open only while the thread has a slot and no tick has left its caches behind.
 *   3. With all gates closed and free, and the pond's lock held, no object is on its way between two
 *      places: it is live, in a cache, in the depot, in `shared` or in `dropping`.
 */
#include "registry.h"
#include "pin.h"
#include "wait.h"
#include "watch.h"
#include <errno.h>

static struct {
    pthread_mutex_t lock;
    pthread_cond_t unpinned;
    struct pond *first[POND_ORDERS], *last[POND_ORDERS];
    uint64_t added;   /* ponds ever */
    bool ready;       /* there may be ponds */
    bool fork_is_met; /* the handlers are registered */
    bool forking;     /* there were ponds when the fork began */
} registry = {.lock = PTHREAD_MUTEX_INITIALIZER, .unpinned = PTHREAD_COND_INITIALIZER};

void registry_lock(void)
{
    pthread_mutex_lock(&registry.lock);
}

bool registry_trylock(void)
{
    return pthread_mutex_trylock(&registry.lock) == 0;
}

void registry_unlock(void)
{
    pthread_mutex_unlock(&registry.lock);
}

/* ---- ponds ---- */

struct pond *registry_first(void)
{
    return registry.first[BY_TURN];
}

/* In front, so that no tick on its way through the list meets new ponds for ever. */
static void link_first_by_turn(struct pond *p)
{
    struct pond *next = registry.first[BY_TURN];
    p->links[BY_TURN] = (struct pond_links){.next = next};
    *(next != NULL ? &next->links[BY_TURN].prior : &registry.last[BY_TURN]) = p;
    registry.first[BY_TURN] = p;
}

static void link_last(struct pond *p, enum pond_order order)
{
    struct pond *prior = registry.last[order];
    p->links[order] = (struct pond_links){.prior = prior};
    *(prior != NULL ? &prior->links[order].next : &registry.first[order]) = p;
    registry.last[order] = p;
}

static void unlink_from(struct pond *p, enum pond_order order)
{
    const struct pond_links *l = &p->links[order];
    *(l->prior != NULL ? &l->prior->links[order].next : &registry.first[order]) = l->next;
    *(l->next != NULL ? &l->next->links[order].prior : &registry.last[order]) = l->prior;
}

void registry_remove(struct pond *p)
{
    unlink_from(p, BY_TURN);
    unlink_from(p, BY_AGE);
}

/* Not one that a tick is at: it would miss those behind. */
void registry_first_goes_last(void)
{
    struct pond *p = registry_first();
    if (p == NULL || p->pins > 0)
        return;
    unlink_from(p, BY_TURN);
    link_last(p, BY_TURN);
}

NOT_INLINED bool registry_interrupted(const struct pond *p, const char *function, const void *caller)
{
    watch_in_signal(p, function, caller);
    errno = EDEADLK;
    return false;
}

bool registry_knows(const struct pond *p, const char *function, const void *caller)
{
    if (p != NULL && watch_of(p) != &watch_destroyed)
        return true;
    if (p != NULL)
        watch_bad_pond(p, function, caller);
    errno = EINVAL;
    return false;
}

static void unpin(struct pond *p, const struct frame *call)
{
    pin_end(p, call);
    if (p->pins == 0)
        pthread_cond_broadcast(&registry.unpinned);
}

/* A hook that was left by longjmp left its tick as well, and that tick's pin. */
static bool settle_pins(const char *here)
{
    bool inside = pins_settle(here);
    pthread_cond_broadcast(&registry.unpinned);
    return inside;
}

static void pin(struct pond *p, const struct frame *call)
{
    if (!pins_none())
        (void)settle_pins(call->at);
    pin_begin(p, call);
    (void)(gate_registered() || gate_register()); /* so that its exit unpins what it forsakes */
}

NOT_INLINED bool registry_inside_tick(const char *here)
{
    if (pins_none())
        return false;
    registry_lock();
    bool inside = settle_pins(here);
    registry_unlock();
    return inside;
}

NOT_INLINED bool registry_outside_hooks(const struct pond *p, const char *function, const void *caller,
                                        const char *here)
{
    if (!watch_in_hook(p) && !registry_inside_tick(here))
        return true;
    watch_bad_hook(p, function, caller);
    errno = EDEADLK;
    return false;
}

/*
 * A tick on the stack of a thread goes on by itself, however long its hooks take. One that is in a coroutine
 * which has yielded may go on only when we return.
 */
NOT_INLINED bool registry_wait_unpinned(const struct pond *p, const char *here)
{
    uint64_t end = os_milliseconds() + 1000;
    (void)settle_pins(here);
    while (p->pins > 0) {
        if (!pins_may_be_suspended(p)) {
            int cancel = os_hold_cancel(); /* a cancelled wait would leave the lock behind */
            pthread_cond_wait(&registry.unpinned, &registry.lock);
            os_allow_cancel(cancel);
            continue;
        }
        registry_unlock();
        os_nap();
        registry_lock();
        if (os_milliseconds() >= end)
            return p->pins == 0;
    }
    return true;
}

NOT_INLINED struct pond *registry_next(struct pond *after, enum pond_order order)
{
    const struct frame call = FRAME_HERE;
    registry_lock();
    struct pond *p = after == NULL ? registry.first[order] : after->links[order].next;
    if (after != NULL)
        unpin(after, &call);
    if (p != NULL)
        pin(p, &call);
    registry_unlock();
    return p;
}

NOT_INLINED struct pond *registry_pin_from(uint64_t number)
{
    const struct frame call = FRAME_HERE;
    registry_lock();
    struct pond *p = registry.first[BY_AGE];
    while (p != NULL && p->number < number)
        p = p->links[BY_AGE].next;
    if (p != NULL)
        pin(p, &call);
    registry_unlock();
    return p;
}

struct pond *registry_oldest(void)
{
    return registry.first[BY_AGE];
}

NOT_INLINED void registry_pin(struct pond *p)
{
    const struct frame call = FRAME_HERE;
    registry_lock();
    pin(p, &call);
    registry_unlock();
}

NOT_INLINED void registry_unpin(struct pond *p)
{
    const struct frame call = FRAME_HERE;
    registry_lock();
    unpin(p, &call);
    registry_unlock();
}

/* ---- threads ---- */

uint64_t registry_drain(struct pond *p)
{
    uint64_t exchanges = 0;
    uint32_t lines = MIN(LOAD(p->lines), gates_end());
    for (uint32_t slot = 0; slot < lines; slot++)
        if (gate_is_free(slot))
            exchanges += cache_drain(p, &p->caches[slot]);
    return exchanges;
}

/* This thread's gate is closed and stays so meanwhile; no other thread opens or empties its lines. */
static void drain_mine(void)
{
    for (struct pond *p = registry_first(); p != NULL; p = registry_after(p)) {
        pthread_mutex_lock(&p->lock);
        (void)cache_drain(p, &p->caches[gate_slot()]);
        pthread_mutex_unlock(&p->lock);
    }
}

NOT_INLINED bool registry_admit(void)
{
    if (pthread_mutex_trylock(&registry.lock) != 0)
        return false;
    bool admitted = gate_registered() || gate_register();
    if (admitted && !gate_mine_is_open()) {
        drain_mine();
        gate_open_mine();
    }
    registry_unlock();
    return admitted;
}

NOT_INLINED bool registry_hear_exit(void)
{
    if (gate_registered())
        return true;
    registry_lock();
    bool heard = gate_register();
    registry_unlock();
    return heard;
}

/* A pthread key's destructor: what the thread still caches goes to the depots. */
static void thread_exit(void *unused)
{
    (void)unused;
    if (!entry_begin())
        return; /* it ends in the handler of a signal that interrupted us: nothing can be taken from it */
    watch_thread_ends();
    registry_lock();
    gate_close_mine();
    drain_mine();
    pins_end_of_thread();
    pthread_cond_broadcast(&registry.unpinned);
    gate_unregister();
    registry_unlock();
    entry_end();
}

struct gate_scope registry_all(void)
{
    return (struct gate_scope){.first = registry_first()};
}

/* ---- fork ---- */

/* Always in the same order: whoever looks for deadlocks (ThreadSanitizer) would see an inversion otherwise.
 */
static void lock_ponds(void)
{
    for (struct pond *p = registry.first[BY_AGE]; p != NULL; p = p->links[BY_AGE].next)
        pthread_mutex_lock(&p->lock);
    magazine_fork_prepare();
    pagemap_lock();
    watch_fork_prepare();
    sample_fork_prepare();
    trace_freeze();
}

/* The child gets every object in one place, or in the hands of a thread that it does not have. That thread
   may have been stopped inside of a cache: then all of this cache is in its hands. */
static void fork_prepare(void)
{
    if (!entry_begin())
        return; /* in the handler of a signal that interrupted us: the child may call exec alone */
    STORE(entry_state, ENTRY_FORKING);
    registry_lock();
    registry.forking = registry.ready;
    if (!registry.forking)
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

static void fork_parent(void)
{
    if (LOAD(entry_state) != ENTRY_FORKING)
        return;
    if (registry.forking) {
        sample_fork_done(false);
        watch_fork_done(false);
        unlock_ponds();
        gates_open();
    }
    registry_unlock();
    entry_end();
}

/* A thread that is not here may have marked its closed line; whoever has its slot next finds it unmarked. */
static void fork_unmark(struct pond *p)
{
    for (uint32_t slot = 0; slot < gates_end(); slot++)
        if (!gate_registered() || slot != gate_slot())
            line_unmark_of_dead(&p->caches[slot]);
}

static void fork_abandon(struct pond *p)
{
    uint32_t lines = MIN(LOAD(p->lines), gates_end());
    for (uint32_t slot = 0; slot < lines; slot++)
        if (gate_may_use(slot, &p->caches[slot]))
            cache_abandon(&p->caches[slot]);
}

/* Whatever a thread that is not here had on its way to its cache is in its hands now: it is counted as got by
 * it. */
static void fork_settle(struct pond *p)
{
    (void)registry_drain(p);
    shared_recount(p);
    p->handed = 0;
    uint64_t gets = p->gets + p->misses;
    for (uint32_t line = 0; line < p->lines; line++)
        gets += cache_gets(&p->caches[line]);
    uint64_t live = p->objects - (shared_young(p) + shared_victims(p));
    p->gets += live - MIN(live, gets);
}

static void settle_child(void)
{
    sample_fork_done(true);
    watch_fork_done(true);
    unlock_ponds();
    gates_fork_child();
    pthread_cond_init(&registry.unpinned, NULL);
    pins_forked(registry_first());
    for (struct pond *p = registry_first(); p != NULL; p = registry_after(p)) {
        depot_forked(&p->depot);
        wait_forked(p);
        fork_abandon(p);
        fork_unmark(p);
    }
    gates_fork_done();
    for (struct pond *p = registry_first(); p != NULL; p = registry_after(p)) {
        fork_settle(p);
        sample_forked(p);
    }
    gates_open();
}

static void fork_child(void)
{
    if (LOAD(entry_state) != ENTRY_FORKING)
        return;
    if (registry.forking)
        settle_child();
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

/* ---- who watches ---- */

void registry_close_lines(void)
{
    gates_close(registry_all(), GATE_BOUNDED);
    gates_open();
}

/* ---- the first pond ---- */

static bool meet_fork(void)
{
    return pthread_atfork(fork_prepare, fork_parent, fork_child) == 0;
}

/*
 * Handlers that prepare a fork run in the opposite order of their registration. Ours takes the locks of all
 * ponds, so it has to run last: another one may take a lock under which threads use a pond, and would wait
 * for such a thread, which waits for the pond. So we register before the program does, and before the
 * libraries that use this one.
 */
__attribute__((constructor(101))) static void begin_process(void)
{
    registry.fork_is_met = meet_fork();
}

static bool make_ready(void)
{
    trace_clock_starts();
    registry.fork_is_met = registry.fork_is_met || meet_fork();
    return registry.fork_is_met && gate_init(thread_exit);
}

/*
 * This copy of the library is unloaded, or the process ends. A thread that ends later must not call
 * thread_exit: it may not be there any more. Should somebody be stopped with the lock in its hands, the
 * process ends; no library is unloaded while a call is in it.
 *
 * It is the last of all destructors, so that others may put their objects before the watcher looks at what is
 * live: those with a greater number or none run before, and of a shared library those of all that use it.
 */
__attribute__((destructor(101))) static void end_process(void)
{
    sample_exit();
    watch_exit();
    if (pthread_mutex_trylock(&registry.lock) != 0)
        return;
    gate_forget_exits();
    registry_unlock();
}

bool registry_prepare(void)
{
    registry_lock();
    registry.ready = registry.ready || make_ready();
    bool ready = registry.ready;
    registry_unlock();
    return ready;
}

bool registry_add(struct pond *p)
{
    registry_lock();
    registry.ready = registry.ready || make_ready();
    bool ready = registry.ready && watch_created(p);
    if (ready) {
        p->number = ++registry.added;
        sample_created(p);
        link_first_by_turn(p);
        link_last(p, BY_AGE);
    }
    registry_unlock();
    if (!ready)
        errno = ENOMEM;
    return ready;
}
