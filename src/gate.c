/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two things keep others out of a thread's caches: on the fast path the mark in each cache's line, on the
 * slow path the thread's gate, one for all its caches: `busy` while it is inside one of them.
 *
 * Invariants
 *   1. A line is open (base, limit and end lead to the loaded magazine) only while its owner's gate is
 *      open, or its owner is busy and about to look whether it is.
 *   2. Only its owner opens a line, on the slow path; who closed its gate, or the owner, closes it.
 *   3. Who closed a gate and a line, had all threads pass a barrier and then read busy 0 and an even top
 *      owns that cache until it opens the gate again: the owner finds the line closed, then the gate, and
 *      goes to the depot. It may mark the closed line meanwhile, even with a top read before: `top` means
 *      something only while a magazine is loaded, and who takes a magazine out lets `top` be.
 *   4. Of a thread found inside at the end of the wait nobody touches the caches in scope. It is `missed`:
 *      its gate stays closed until it has emptied its caches, or a closer of all lines has found it free.
 *   5. Nobody is inside across a hook, a mutex or a system call: waiting for it always ends, as soon as
 *      the scheduler lets the owner run.
 *   6. open and the slots change under the registry's lock only.
 *
 * Pairs
 *   open (acquire) of gate_enter with that of open_slot (release): the owner sees what the closer did.
 *   busy and top (acquire) of is_inside with busy = 0 and top (release) of the owner: the closer sees what
 *      the owner did.
 *   busy against open: with a barrier as in <pond/inline.h>, or both sequentially consistent.
 *   base against open, all sequentially consistent: the owner stores base, then loads open; a closer
 *      stores open, then loads p->lines and base. So a closer that finds a line closed has made its owner
 *      close it again: not both miss the other.
 *
 * Without membarrier no line ever opens, so that every operation comes to the slow path; a full fence
 * lies between busy and open there.
 */
#include "gate.h"
#include <limits.h>

struct gate {
    uint64_t busy; /* 1: the owner is inside a cache, on the slow path. Written by the owner alone */
    uint64_t open;
};

struct slot {
    struct gate *gate; /* NULL: free */
    bool inside;       /* the last closing found its thread inside, in scope */
    bool missed;       /* so did that one or an earlier one, and its caches were not yet emptied since */
};

static struct {
    struct slot slots[GATE_THREADS];
    uint32_t end; /* no slot from here on was ever used */
    bool fenced;  /* no membarrier: constant after gate_init */
    bool watched; /* no line opens: every operation takes the slow path */
    pthread_key_t key;
    bool key_made;
} gates;

POND_API __thread uint64_t pond_line_self __attribute__((tls_model("initial-exec")));

static __thread struct gate self __attribute__((tls_model("initial-exec")));

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

/* ---- lines ---- */

void line_close(struct cache *c)
{
    __atomic_store_n(&c->end, NULL, __ATOMIC_SEQ_CST);
    __atomic_store_n(&c->limit, NULL, __ATOMIC_SEQ_CST);
    __atomic_store_n(&c->base, LINE_CLOSED, __ATOMIC_SEQ_CST);
}

static bool line_is_closed(const struct cache *c)
{
    void **base = __atomic_load_n(&c->base, __ATOMIC_SEQ_CST);
    return base == LINE_CLOSED || base == NULL;
}

static bool line_is_marked(const struct cache *c)
{
    return ((uintptr_t)__atomic_load_n(&c->top, __ATOMIC_SEQ_CST) & 1) != 0;
}

/* By its owner, who is busy. */
static void line_open(const struct pond *p, struct cache *c, void **end)
{
    STORE(c->end, end);
    STORE(c->limit, p->work_on_put ? NULL : end);
    __atomic_store_n(&c->base, c->loaded->slots, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&self.open, __ATOMIC_SEQ_CST) == 0)
        line_close(c);
}

/* What the fast path may do, the line lets it do. */
static bool line_is_right(const struct cache *c, bool open, void **end)
{
    if (!open)
        return LOAD(c->base) == LINE_CLOSED;
    return LOAD(c->base) == c->loaded->slots && LOAD(c->end) == end;
}

/* ---- the owner ---- */

static void say_busy(void)
{
    if (POND_FENCED || gates.fenced) {
        (void)__atomic_exchange_n(&self.busy, 1, __ATOMIC_SEQ_CST);
        return;
    }
    STORE(self.busy, 1);
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
}

static void say_free(void)
{
    __atomic_store_n(&self.busy, 0, __ATOMIC_RELEASE);
}

struct cache *gate_enter(struct pond *p)
{
    say_busy();
    if (__atomic_load_n(&self.open, __ATOMIC_SEQ_CST) != 0)
        return (struct cache *)(void *)pond_line(p);
    say_free();
    return NULL;
}

void gate_leave(struct pond *p, struct cache *c)
{
    bool open = c->loaded != NULL && !gates.fenced && !LOAD(gates.watched);
    void **end = cache_end(c, LOAD(p->epoch));
    if (!line_is_right(c, open, end)) {
        if (open)
            line_open(p, c, end);
        else
            line_close(c);
    }
    say_free();
}

/* ---- registration ---- */

static void open_slot(uint32_t slot)
{
    gates.slots[slot].inside = gates.slots[slot].missed = false;
    __atomic_store_n(&gates.slots[slot].gate->open, 1, __ATOMIC_RELEASE);
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
    gates.slots[slot].gate = &self;
    gates.end = MAX(gates.end, slot + 1);
    me.slot = slot + 1;
    pond_line_self = offsetof(struct pond, caches) + slot * sizeof(struct cache);
    open_slot(slot);
    return true;
}

void gate_close_mine(void)
{
    STORE(self.open, 0);
}

void gate_unregister(void)
{
    gates.slots[me.slot - 1] = (struct slot){.gate = NULL};
    me.slot = 0;
    pond_line_self = 0;
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

bool gate_mine_is_open(void)
{
    return LOAD(self.open) != 0;
}

void gate_open_mine(void)
{
    open_slot(gate_slot());
}

/* ---- closing and opening ---- */

#define SPINS 200
#define YIELDS 20 /* of one closing, whatever the number of threads: bounds a tick */
#define NAPS_LONG 10000

/* The first pond in scope, and the one behind p. */
static struct pond *next_in(struct gate_scope scope, const struct pond *p)
{
    if (p == NULL)
        return scope.first;
    return scope.alone ? NULL : p->next;
}

/* Lines that may have been used, of slots that may be. */
static uint32_t lines_of(const struct pond *p)
{
    return MIN(__atomic_load_n(&p->lines, __ATOMIC_SEQ_CST), gates.end);
}

static bool is_inside(uint32_t slot, struct gate_scope scope)
{
    if (__atomic_load_n(&gates.slots[slot].gate->busy, __ATOMIC_SEQ_CST) != 0)
        return true;
    for (struct pond *p = next_in(scope, NULL); p != NULL; p = next_in(scope, p))
        if (slot < lines_of(p) && line_is_marked(&p->caches[slot]))
            return true;
    return false;
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

/* Who was missed in one pond is not found free by looking at another. */
static void wait_for(uint32_t slot, struct gate_scope scope, enum gate_patience patience, unsigned *pauses)
{
    struct slot *s = &gates.slots[slot];
    while ((s->inside = is_inside(slot, scope)) && pause_once(pauses, patience))
        continue;
    s->missed = s->inside || (s->missed && scope.alone);
}

static void close_lines(struct pond *p)
{
    for (uint32_t slot = 0; slot < lines_of(p); slot++)
        if (!line_is_closed(&p->caches[slot]))
            line_close(&p->caches[slot]);
}

void gates_close(struct gate_scope scope, enum gate_patience patience)
{
    unsigned pauses = 0;
    if (gates.end == 0)
        return; /* no thread was ever registered, there may be no barrier yet */
    for (uint32_t i = 0; i < gates.end; i++)
        if (gates.slots[i].gate != NULL)
            __atomic_store_n(&gates.slots[i].gate->open, 0, __ATOMIC_SEQ_CST);
    for (struct pond *p = next_in(scope, NULL); p != NULL; p = next_in(scope, p))
        close_lines(p);
    if (!gates.fenced)
        os_barrier();
    for (uint32_t i = 0; i < gates.end; i++)
        if (gates.slots[i].gate != NULL)
            wait_for(i, scope, patience, &pauses);
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
    STORE(gates.watched, on);
}

uint32_t gates_end(void)
{
    return gates.end;
}

bool gate_is_free(uint32_t slot)
{
    return !gates.slots[slot].inside;
}

void gates_fork_child(void)
{
    for (uint32_t i = 0; i < gates.end; i++)
        if (i + 1 != me.slot)
            gates.slots[i] = (struct slot){.gate = NULL};
        else
            gates.slots[i].inside = gates.slots[i].missed = false;
    if (!gates.fenced)
        (void)os_barrier_register();
}
