/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Invariants
 *   1. Only the thread that owns a slot uses that slot's caches while the gate's index is not 0.
 *   2. Whoever stored index 0, had all threads pass a barrier and then read busy 0 owns the slot's
 *      caches until it stores the index again: the owner finds the gate closed and goes to the depot.
 *   3. A gate found busy at the end of the wait is `missed`: it stays closed, nobody touches its
 *      caches, and it opens again when its owner, or the next closer, has found it free.
 *   4. busy is never held across a hook, a mutex or a system call: waiting for it always ends, as
 *      soon as the scheduler lets the owner run.
 *   5. index, missed and the slots change under the registry's lock only.
 *
 * Pairs: owner's index load (acquire) with gates_open's store (release): the owner sees what the
 * closer did to the cache. Closer's busy load (acquire) with the owner's store of 0 (release): the
 * closer sees what the owner did. busy against index: see <pond/inline.h>.
 *
 * Watched: an open gate's index leads to a line that stays empty, GATE_WATCHED behind the cache. The
 * fast path goes the slow way there, with the same busy and the same closing; the slow path subtracts.
 *
 * Without membarrier the fast path's gate stays closed for ever, so that every operation comes to the
 * slow path; it uses a second gate there, with a full fence between busy and index.
 */
#include "gate.h"
#include <limits.h>

struct slot {
    pond_gate *gate; /* NULL: free */
    bool missed;
};

static struct {
    struct slot slots[GATE_THREADS];
    uint32_t end; /* no slot from here on was ever used */
    bool fenced;  /* no membarrier: constant after gate_init */
    bool watched; /* indices lead to lines that stay empty: every operation takes the slow path */
    pthread_key_t key;
    bool key_made;
} gates;

POND_API __thread pond_gate pond_gate_self __attribute__((tls_model("initial-exec")));

static __thread pond_gate fenced_self __attribute__((tls_model("initial-exec")));

static __thread struct {
    uint32_t slot; /* + 1; 0: not registered */
    bool exiting;
} me __attribute__((tls_model("initial-exec")));

/*
 * A high key: destructors run by ascending key in up to four rounds, and a thread may well use a pond
 * for the first time in another key's destructor of the last round. Its gate lies in its TLS, so our
 * destructor must still come. Half of the keys are left for others to create meanwhile.
 */
#define KEYS_BEFORE (PTHREAD_KEYS_MAX / 2)

static bool make_high_key(pthread_key_t *key, void (*at_exit)(void *))
{
    pthread_key_t keys[KEYS_BEFORE];
    int made = 0;
    while (made < KEYS_BEFORE && pthread_key_create(&keys[made], at_exit) == 0)
        made++;
    if (made == 0)
        return false;
    *key = keys[made - 1];
    for (int i = 0; i < made - 1; i++)
        (void)pthread_key_delete(keys[i]);
    return true;
}

bool gate_init(void (*at_exit)(void *))
{
    gates.fenced = !os_barrier_register();
    gates.key_made = gates.key_made || make_high_key(&gates.key, at_exit);
    return gates.key_made;
}

/* ---- the owner ---- */

static inline pond_gate *self(void)
{
    return gates.fenced ? &fenced_self : &pond_gate_self;
}

struct cache *gate_enter(struct pond *p)
{
    if (!gates.fenced) {
        struct cache *c = (struct cache *)(void *)pond_gate_enter(p);
        if (c >= p->caches + GATE_THREADS)
            return c - GATE_THREADS;
        if (c != &p->closed)
            return c;
        pond_gate_leave();
        return NULL;
    }
    (void)__atomic_exchange_n(&fenced_self.busy, 1, __ATOMIC_SEQ_CST);
    uint64_t index = __atomic_load_n(&fenced_self.index, __ATOMIC_SEQ_CST);
    if (index != 0)
        return (struct cache *)(void *)((char *)p + index);
    gate_leave();
    return NULL;
}

void gate_leave(void)
{
    __atomic_store_n(&self()->busy, 0, __ATOMIC_RELEASE);
}

/* ---- registration ---- */

static void open_slot(uint32_t slot)
{
    uint64_t index = offsetof(struct pond, caches) + slot * sizeof(struct cache);
    if (gates.watched && !gates.fenced)
        index += GATE_WATCHED;
    gates.slots[slot].missed = false;
    __atomic_store_n(&gates.slots[slot].gate->index, index, __ATOMIC_RELEASE);
}

bool gate_register(void)
{
    uint32_t slot = 0;
    if (me.exiting)
        return false;
    while (slot < gates.end && gates.slots[slot].gate != NULL)
        slot++;
    if (slot == GATE_THREADS || pthread_setspecific(gates.key, &gates) != 0)
        return false;
    gates.slots[slot].gate = self();
    gates.end = MAX(gates.end, slot + 1);
    me.slot = slot + 1;
    open_slot(slot);
    return true;
}

void gate_close_mine(void)
{
    __atomic_store_n(&self()->index, 0, __ATOMIC_RELAXED);
}

void gate_unregister(void)
{
    gates.slots[me.slot - 1] = (struct slot){.gate = NULL};
    me.slot = 0;
    me.exiting = true;
}

bool gate_registered(void)
{
    return me.slot != 0;
}

uint32_t gate_slot(void)
{
    return me.slot - 1;
}

void gate_open_mine(void)
{
    open_slot(gate_slot());
}

/* ---- closing and opening ---- */

#define SPINS 200
#define YIELDS 20 /* of one closing, whatever the number of threads: bounds a tick */
#define NAPS_LONG 10000

static bool is_busy(uint32_t slot)
{
    return __atomic_load_n(&gates.slots[slot].gate->busy, __ATOMIC_SEQ_CST) != 0;
}

/* True: one more look is due after this pause. */
static bool pause_once(unsigned *pauses, enum gate_patience patience)
{
    unsigned n = (*pauses)++;
    if (n < SPINS)
        cpu_pause();
    else if (n < SPINS + YIELDS)
        os_yield();
    else if (patience == GATE_BOUNDED || (patience == GATE_LONG && n > NAPS_LONG))
        return false;
    else
        os_nap();
    return true;
}

void gates_close(enum gate_patience patience)
{
    unsigned pauses = 0;
    if (gates.end == 0)
        return; /* no thread was ever registered, there may be no barrier yet */
    for (uint32_t i = 0; i < gates.end; i++)
        if (gates.slots[i].gate != NULL)
            __atomic_store_n(&gates.slots[i].gate->index, 0, __ATOMIC_SEQ_CST);
    if (!gates.fenced)
        os_barrier();
    for (uint32_t i = 0; i < gates.end; i++)
        while (gates.slots[i].gate != NULL && (gates.slots[i].missed = is_busy(i)))
            if (!pause_once(&pauses, patience))
                break;
}

void gates_open(void)
{
    for (uint32_t i = 0; i < gates.end; i++)
        if (gates.slots[i].gate != NULL && !gates.slots[i].missed)
            open_slot(i);
}

bool gates_watched(void)
{
    return gates.watched;
}

void gates_watch(bool on)
{
    gates.watched = on;
}

uint32_t gates_end(void)
{
    return gates.end;
}

bool gate_is_free(uint32_t slot)
{
    return !gates.slots[slot].missed;
}

void gates_fork_child(void)
{
    for (uint32_t i = 0; i < gates.end; i++)
        if (i + 1 != me.slot)
            gates.slots[i] = (struct slot){.gate = NULL};
        else
            gates.slots[i].missed = false;
    if (!gates.fenced)
        (void)os_barrier_register();
}
