/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Invariants
 *   1. A pond in the list is whole; its pins are 0 when it leaves the list.
 *   2. A thread's gate is open only while the thread has a slot and has come by since it may have been
 *      anywhere.
 *   3. With the pond closed, nobody missed in it, and its lock held, no object is on its way between two
 *      places: it is live, in a cache, in the depot, in `shared` or in `dropping`.
 */
#include "registry.h"
#include "pin.h"
#include "queue.h"
#include "watch.h"
#include <errno.h>

static struct {
    pthread_mutex_t lock;
    pthread_cond_t unpinned;
    struct pond *first[POND_ORDERS], *last[POND_ORDERS];
    uint64_t added;   /* ponds ever */
    uint64_t ticks;   /* of all ponds. Relaxed: one word; read without the lock it may be the one before */
    bool ready;       /* there may be ponds */
    bool fork_is_met; /* the handlers are registered */
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

struct pond *registry_oldest(void)
{
    return registry.first[BY_AGE];
}

#define LOOKED_AT_MOST 64 /* ponds of each list, by an assertion */

/* True: neighbours lead to each other, and each order is that of the ponds' numbers. */
static bool registry_is_valid(void)
{
    for (int order = 0; order < POND_ORDERS; order++) {
        const struct pond *p = registry.first[order], *prior = NULL;
        for (int n = 0; p != NULL && n < LOOKED_AT_MOST; n++, prior = p, p = p->links[order].next)
            if (p->links[order].prior != prior ||
                (prior != NULL && (p->number > prior->number) != (order == BY_AGE)))
                return false;
        if (p == NULL && registry.last[order] != prior)
            return false;
    }
    return mutex_is_held(&registry.lock);
}

/* By turn the newest is in front, so that no tick on its way through the list meets new ponds for ever. */
static void link_pond(struct pond *p)
{
    QUEUE_PREPEND(registry.first[BY_TURN], registry.last[BY_TURN], p, links[BY_TURN].next,
                  links[BY_TURN].prior);
    QUEUE_APPEND(registry.first[BY_AGE], registry.last[BY_AGE], p, links[BY_AGE].next, links[BY_AGE].prior);
}

static void unlink_from(struct pond *p, enum pond_order order)
{
    QUEUE_REMOVE(registry.first[order], registry.last[order], p, links[order].next, links[order].prior);
}

void registry_remove(struct pond *p)
{
    POND_ASSERT(p->pins == 0 && p->waiting == 0);
    board_remove(p);
    unlink_from(p, BY_TURN);
    unlink_from(p, BY_AGE);
    POND_ASSERT(registry_is_valid());
}

uint64_t registry_ticks(void)
{
    return LOAD(registry.ticks);
}

uint64_t registry_count_tick(void)
{
    POND_ASSERT(mutex_is_held(&registry.lock));
    STORE(registry.ticks, registry.ticks + 1);
    return registry.ticks;
}

uint64_t registry_epoch(const struct pond *p)
{
    return LOAD(registry.ticks) + LOAD(p->ahead);
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
    POND_ASSERT(mutex_is_held(&registry.lock));
    pin_end(p, call);
    if (p->pins == 0)
        pthread_cond_broadcast(&registry.unpinned);
}

/* Ends pins whose call is over: a hook that was left by longjmp left its tick as well, and that tick's pin.
 * True: the call that asks was made inside of a tick. */
static bool end_left_pins(const char *here)
{
    bool inside = pins_end_left(here);
    pthread_cond_broadcast(&registry.unpinned);
    return inside;
}

static void pin(struct pond *p, const struct frame *call)
{
    if (!pins_none())
        (void)end_left_pins(call->at);
    pin_begin(p, call);
    (void)(gate_registered() || gate_register()); /* so that its exit unpins what it forsakes */
}

NOT_INLINED bool registry_inside_tick(const char *here)
{
    if (pins_none())
        return false;
    registry_lock();
    bool inside = end_left_pins(here);
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
    (void)end_left_pins(here);
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

/* Moves the call's pin from one pond to another; NULL: from none, to none. Under the lock. */
static void pin_instead(struct pond *after, struct pond *p, const struct frame *call)
{
    if (after != NULL)
        unpin(after, call);
    if (p != NULL)
        pin(p, call);
}

NOT_INLINED struct pond *registry_next(struct pond *after, enum pond_order order)
{
    const struct frame call = FRAME_HERE;
    registry_lock();
    struct pond *p = after == NULL ? registry.first[order] : after->links[order].next;
    pin_instead(after, p, &call);
    registry_unlock();
    return p;
}

NOT_INLINED struct pond *registry_next_active(struct pond *after, struct board_round *round)
{
    const struct frame call = FRAME_HERE;
    registry_lock();
    struct pond *p = board_next(round);
    pin_instead(after, p, &call);
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
    uint32_t slot = 0;
    POND_ASSERT(p->taken != 0 && mutex_is_held(&registry.lock));
    object_high_water(p);
    for (struct cache *c; (c = gate_next_free(p, &slot)) != NULL; slot++) {
        exchanges += cache_drain(p, c);
        gate_emptied(p, slot);
    }
    return exchanges;
}

/*
 * Empties this thread's cache in the pond. It does not come into it meanwhile, and no other thread opens or
 * empties its lines. Ticks have to look for what comes to the depot.
 */
static void drain_my(struct pond *p)
{
    pthread_mutex_lock(&p->lock);
    board_wake(p);
    object_high_water(p);
    (void)cache_drain(p, &p->caches[gate_slot()]);
    pthread_mutex_unlock(&p->lock);
}

/* Empties this thread's caches in all ponds. Its gate is closed. */
static void drain_mine(void)
{
    uint32_t place = 0;
    for (struct pond *p; (p = board_used(gate_slot(), &place)) != NULL;)
        drain_my(p);
}

/* The same for a thread that exits: the caches are nobody's afterwards. */
static void dismiss_mine(void)
{
    uint32_t place = 0;
    for (struct pond *p; (p = board_used(gate_slot(), &place)) != NULL;) {
        drain_my(p);
        gate_dismiss(p);
        board_unuse(p, gate_slot());
    }
}

/* Lets this thread into its cache in the pond; a thread that was missed there empties it first. */
static void admit_to(struct pond *p)
{
    if (gate_is_admitted(p))
        return;
    if (p->caches[gate_slot()].base != NULL)
        drain_my(p);
    board_use(p, gate_slot());
    gate_admit(p);
}

NOT_INLINED bool registry_admit(struct pond *p)
{
    if (pthread_mutex_trylock(&registry.lock) != 0)
        return false;
    bool admitted = gate_registered() || gate_register();
    if (admitted && !gate_mine_is_open()) {
        drain_mine();
        gate_open_mine();
    }
    if (admitted)
        admit_to(p);
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

/* Runs when a thread exits, as a pthread key's destructor: what it still caches goes to the depots. */
static void thread_exit(void *unused)
{
    (void)unused;
    if (!entry_begin())
        return; /* it ends in the handler of a signal that interrupted us: nothing can be taken from it */
    watch_thread_ends();
    registry_lock();
    gate_close_mine();
    dismiss_mine();
    pins_end_of_thread();
    pthread_cond_broadcast(&registry.unpinned);
    gate_unregister();
    registry_unlock();
    entry_end();
}

struct pond *registry_all(void)
{
    for (struct pond *p = registry_first(); p != NULL; p = registry_after(p))
        p->together = registry_after(p);
    return registry_first();
}

/* ---- closing the lines of watched ponds ---- */

void registry_close_lines(void)
{
    struct pond *all = registry_all();
    gates_close(all, GATE_BOUNDED);
    gates_open(all);
}

/* ---- for forks ---- */

bool registry_is_ready(void)
{
    return registry.ready;
}

void registry_forget_waiters(void)
{
    pthread_cond_init(&registry.unpinned, NULL);
}

/* ---- lines for more threads ---- */

/*
 * Opens so many lines of each pond; also of ponds that are gone: a thread that uses one yet finds its line.
 */
static bool registry_grow(uint32_t lines)
{
    bool grown = site_open_remembered(lines);
    for (struct pond *p = registry_first(); grown && p != NULL; p = registry_after(p))
        grown = site_open(p, lines);
    return grown;
}

/* ---- the first pond ---- */

/*
 * Handlers that prepare a fork run in the opposite order of their registration. Ours takes the locks of all
 * ponds, so it has to run last: another one may take a lock under which threads use a pond, and would wait
 * for such a thread, which waits for the pond. So we register before the program does, and before the
 * libraries that use this one.
 */
__attribute__((constructor(101))) static void begin_process(void)
{
    registry.fork_is_met = fork_meet();
}

static bool make_ready(void)
{
    trace_clock_starts();
    registry.fork_is_met = registry.fork_is_met || fork_meet();
    return registry.fork_is_met && gate_init(thread_exit, registry_grow);
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
    bool ready = registry.ready && site_open(p, gate_lines()) && board_add(p);
    p->ahead = 0 - registry.ticks;
    if (ready && !watch_created(p)) {
        board_remove(p);
        ready = false;
    }
    if (ready) {
        p->number = ++registry.added;
        sample_created(p);
        link_pond(p);
        POND_ASSERT(registry_is_valid());
    }
    registry_unlock();
    if (!ready)
        errno = ENOMEM;
    return ready;
}
