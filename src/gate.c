/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two things keep others out of a thread's caches: on the fast path the mark in each cache's line, on the
 * slow path the thread's gate, one for all its caches: `busy` says which of them it is inside of.
 *
 * Invariants
 *   1. A line is open (base, limit and room lead to the loaded magazine) only while its owner's gate is
 *      open, or its owner is busy and about to look whether it is.
 *   2. Only its owner opens a line, on the slow path; whoever closed its gate, or the owner, closes it.
 *   3. Whoever closed a gate and a line, had all threads pass a barrier and then read that the owner is not
 *      busy there and that top is even, owns that cache until it opens the gate again: the owner finds the
 *      line closed, then the gate, and goes to the depot. It may mark the closed line meanwhile, even with a
 *      top read before: `top` means something only while a magazine is loaded, and whoever takes a magazine
 *      out lets `top` be. So each of the two needs to be seen once only.
 *   4. Of a thread found inside at the end of the wait nobody touches the caches in scope. It is `missed`:
 *      its gate stays closed until it has emptied its caches, or a closer of all lines has found it free.
 *   5. Nobody is inside across a hook, a mutex or a system call: waiting for it ends as soon as the scheduler
 *      lets the owner run. A stopped thread may not run for ever, so every wait is bounded.
 *   6. open and the slots change under the registry's lock only; a slot lives as long as the process, so a
 *      closer may look at the gate of a thread that ended without saying so.
 *   7. Without a barrier nothing is known of a thread that went on without fences: see below.
 *
 * Pairs
 *   open (acquire) of gate_enter with that of open_slot (release): the owner sees what the closer did.
 *   busy and top (acquire) of the closer's looks with busy = NULL and top (release) of the owner: the closer
 * sees what the owner did. busy against open: with a barrier as in <pond/inline.h>, or both sequentially
 * consistent. base against open, all sequentially consistent: the owner stores base, then loads open; a
 * closer stores open, then loads p->lines and base. So a closer that finds a line closed has made its owner
 *      close it again: not both miss the other.
 *
 * p->shut is stored under the registry's lock before all lines are closed. An owner who read the old one, and
 * opens its line, finds its gate closed as above; who enters later has seen what was stored before the gate
 * opened again. When it goes back to false nothing is closed: an owner who opens a line reads it with
 * acquire, and so finds what was stored before it, that nobody watches the pond any more.
 *
 * Without membarrier no line ever opens, so that every operation comes to the slow path; a full fence
 * lies between busy and open there. A kernel may agree to membarrier at first and refuse it later (a sandbox
 * that is entered after the start). From the first refusal on it is as if it had never agreed, for good. But
 * until a thread has seen that, it may still be on its way by an open line, or be busy with no fence, and no
 * look of ours can tell. So it counts as inside until it comes by under the registry's lock (gate_open_mine),
 * which orders all that it did before: its slot is `fenced` then.
 */
#include "gate.h"
#include "sampling.h"

struct slot {
    struct cache
        *busy; /* the cache that the owner is inside of, on the slow path. Written by the owner alone */
    uint64_t open;
    bool used;
    bool fenced; /* its thread knows whether there is a barrier; see above */
    bool left;   /* by a thread that is gone: its caches have to be emptied before another has them */
    bool missed; /* found inside by the last closing or an earlier one, its caches not emptied since */
    struct cache *inside; /* where the last closing found its thread, in scope; ANYWHERE; NULL: it is out */
    uint32_t thread;      /* the kernel's number for it */
} __attribute__((aligned(64)));

#define ANYWHERE ((struct cache *)UINTPTR_MAX)

static struct {
    struct slot slots[GATE_THREADS];
    uint32_t end;      /* no slot from here on was ever used */
    uint32_t used;     /* slots that are */
    uint32_t refusals; /* registrations that found no slot free */
    bool fenced;       /* no membarrier. Never goes back to false */
    pthread_key_t key;
    bool key_made;
} gates;

POND_API __thread uint64_t pond_line_self POND_TLS_;

static __thread struct {
    struct slot *slot; /* NULL: not registered */
    bool exiting;
} me POND_TLS_ UNPADDED;

bool gate_init(void (*at_exit)(void *))
{
    gates.fenced = !os_barrier_register();
    gates.key_made = gates.key_made || pthread_key_create(&gates.key, at_exit) == 0;
    return gates.key_made;
}

void gate_forget_exits(void)
{
    if (gates.key_made)
        (void)pthread_key_delete(gates.key);
    gates.key_made = false;
}

/* ---- lines ---- */

/* By its owner, who is busy. */
static void line_open(const struct pond *p, struct cache *c, void **base, uint16_t room)
{
    bool hooks = p->work_on_put || sampling_of(p) != NULL;
    STORE(c->room, room);
    STORE(c->limit, hooks || room == 0 ? NULL : c->loaded->slots + room);
    __atomic_store_n(&c->base, base, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&me.slot->open, __ATOMIC_SEQ_CST) == 0)
        line_close(c);
}

/* What the fast path may do, the line lets it do. */
static bool line_is_right(const struct cache *c, void **base, uint16_t room)
{
    return LOAD(c->base) == base && (base == LINE_CLOSED || LOAD(c->room) == room);
}

/* Where gets by the fast path end. */
static void **base_of(struct pond *p, struct cache *c, bool open)
{
    struct sampling *s = sampling_of(p);
    if (!open)
        return LINE_CLOSED;
    return s == NULL ? c->loaded->slots : sampling_base(p, s, c);
}

/* ---- the owner ---- */

static void say_busy(struct slot *s, struct cache *c)
{
    if (POND_FENCED || LOAD(gates.fenced)) {
        (void)__atomic_exchange_n(&s->busy, c, __ATOMIC_SEQ_CST);
        return;
    }
    STORE(s->busy, c);
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
}

static void say_free(struct slot *s)
{
    __atomic_store_n(&s->busy, NULL, __ATOMIC_RELEASE);
}

static void recount(struct cache *c)
{
    if (c->loaded != NULL)
        STORE(c->top, c->loaded->slots + c->loaded->count);
    STORE(c->room, 0);
}

NOT_INLINED struct cache *gate_enter(struct pond *p)
{
    struct slot *s = me.slot;
    if (s == NULL)
        return NULL;
    struct cache *c = (struct cache *)(void *)pond_line(p);
    say_busy(s, c);
    if (__atomic_load_n(&s->open, __ATOMIC_SEQ_CST) != 0) {
        if (line_is_counted(c))
            recount(c);
        return c;
    }
    say_free(s);
    return NULL;
}

static void leave_counted(struct cache *c)
{
    c->loaded->count = (uint32_t)(c->top - c->loaded->slots);
    STORE(c->room, LINE_COUNTED);
}

NOT_INLINED void gate_leave(struct pond *p, struct cache *c)
{
    bool open = c->loaded != NULL && !LOAD(gates.fenced) && !gate_is_shut(p);
    uint16_t room = cache_room(c, LOAD(p->epoch));
    void **base = base_of(p, c, open);
    if (!line_is_right(c, base, room)) {
        if (open)
            line_open(p, c, base, room);
        else
            line_close(c);
    }
    if (!open && c->loaded != NULL)
        leave_counted(c);
    say_free(me.slot);
}

/* The line says what it said, but for what gate_enter has taken back. */
void gate_leave_as_before(struct cache *c)
{
    if (c->loaded != NULL && line_is_closed(c))
        leave_counted(c);
    say_free(me.slot);
}

/* ---- registration ---- */

static void open_slot(struct slot *s)
{
    s->inside = NULL;
    s->missed = s->left = false;
    __atomic_store_n(&s->open, 1, __ATOMIC_RELEASE);
}

static void free_slot(struct slot *s, bool left)
{
    *s = (struct slot){.left = left};
    gates.used--;
}

/*
 * A thread may first use a pond so late in its exit that no destructor comes for it any more, and leave its
 * slot behind. Another thread that has its number tells that it is gone.
 */
static void free_slot_of_predecessor(uint32_t thread)
{
    for (struct slot *s = gates.slots; s < gates.slots + gates.end; s++)
        if (s->used && s->thread == thread && thread != 0 && me.slot == NULL)
            free_slot(s, true);
}

static void sweep_slots(void)
{
    for (struct slot *s = gates.slots; s < gates.slots + gates.end; s++)
        if (s->used && os_thread_is_gone(s->thread))
            free_slot(s, true);
}

/*
 * Whether threads are gone is asked whenever the number of slots has doubled: what they left behind stays
 * less than that. With all slots taken it is asked seldom, since each operation of a thread without a slot
 * comes here.
 */
#define SWEEP_FROM 64
#define SWEEP_REFUSALS 1024

static bool sweep_is_due(void)
{
    if (gates.used < gates.end || gates.end < SWEEP_FROM)
        return false;
    if (gates.end < GATE_THREADS)
        return (gates.end & (gates.end - 1)) == 0;
    return gates.refusals++ % SWEEP_REFUSALS == 0;
}

static struct slot *first_free_slot(void)
{
    struct slot *s = gates.slots;
    while (s->used)
        s++;
    return s;
}

/* Its gate stays closed while there is something of a predecessor's in its caches. */
static void take_slot(struct slot *s, uint32_t thread)
{
    uint32_t slot = (uint32_t)(s - gates.slots);
    gates.used++;
    gates.end = MAX(gates.end, slot + 1);
    s->used = true;
    s->thread = thread;
    s->fenced = gates.fenced && !s->left; /* else a line may be open yet */
    me.slot = s;
    pond_line_self = offsetof(struct pond, caches) + slot * sizeof(struct cache);
    if (!s->left)
        open_slot(s);
}

NOT_INLINED bool gate_register(void)
{
    uint32_t thread = os_thread();
    if (me.exiting)
        return false;
    if (sweep_is_due())
        sweep_slots();
    if (gates.used == GATE_THREADS || !gates.key_made || pthread_setspecific(gates.key, &gates) != 0)
        return false;
    free_slot_of_predecessor(thread);
    take_slot(first_free_slot(), thread);
    return true;
}

void gate_close_mine(void)
{
    STORE(me.slot->open, 0);
}

void gate_unregister(void)
{
    free_slot(me.slot, false);
    me.slot = NULL;
    pond_line_self = 0;
    me.exiting = true;
}

NOT_INLINED bool gate_registered(void)
{
    return me.slot != NULL;
}

uint32_t gate_slot(void)
{
    return (uint32_t)(me.slot - gates.slots);
}

bool gate_mine_is_open(void)
{
    return LOAD(me.slot->open) != 0;
}

void gate_open_mine(void)
{
    me.slot->fenced = gates.fenced;
    open_slot(me.slot);
}

/* ---- closing and opening ---- */

#define SPINS 200
#define YIELDS 20 /* of one closing, whatever the number of threads: bounds a tick */

/* The first pond in scope, and the one behind p. */
static struct pond *next_in(struct gate_scope scope, const struct pond *p)
{
    if (p == NULL)
        return scope.first;
    return scope.alone ? NULL : p->links[BY_TURN].next;
}

/* Lines that may have been used, of slots that may be. */
static uint32_t lines_of(const struct pond *p)
{
    return MIN(__atomic_load_n(&p->lines, __ATOMIC_SEQ_CST), gates.end);
}

/* True: one more look is due after this pause. */
static bool pause_once(unsigned *pauses, enum gate_patience patience)
{
    unsigned n = (*pauses)++;
    if (n < SPINS)
        cpu_pause();
    else if (n < SPINS + YIELDS)
        os_yield();
    else if (patience == GATE_BOUNDED || n > GATE_NAPS_LONG)
        return false;
    else
        os_nap();
    return true;
}

/* The cache in scope that the slot's thread is inside of, by the slow path; NULL: none. */
static struct cache *busy_in(const struct slot *s, struct gate_scope scope)
{
    struct cache *c = __atomic_load_n(&s->busy, __ATOMIC_SEQ_CST);
    return !scope.alone || c == &scope.first->caches[s - gates.slots] ? c : NULL;
}

/*
 * Each pond's line is looked at until it is seen unmarked, and then not again: see invariant 3. This thread's
 * own is marked when it is in the handler of a signal; then it is not waited for.
 */
static struct cache *marked_in(const struct slot *s, struct gate_scope scope, enum gate_patience patience,
                               unsigned *pauses)
{
    uint32_t slot = (uint32_t)(s - gates.slots);
    for (struct pond *p = next_in(scope, NULL); p != NULL; p = next_in(scope, p))
        while (slot < lines_of(p) && line_is_marked(&p->caches[slot]))
            if (s == me.slot || !pause_once(pauses, patience))
                return &p->caches[slot];
    return NULL;
}

/* Not this thread itself, which is here, nor one that is no more. */
static bool may_be_anywhere(const struct slot *s)
{
    return gates.fenced && !s->fenced && s != me.slot && !os_thread_is_gone(s->thread);
}

static struct cache *wait_until_out(const struct slot *s, struct gate_scope scope,
                                    enum gate_patience patience, unsigned *pauses)
{
    struct cache *c;
    if (may_be_anywhere(s))
        return ANYWHERE;
    while ((c = busy_in(s, scope)) != NULL)
        if (!pause_once(pauses, patience))
            return c;
    return marked_in(s, scope, patience, pauses);
}

/* A thread that was missed in one pond is not found free by looking at another. */
static void wait_for(struct slot *s, struct gate_scope scope, enum gate_patience patience, unsigned *pauses)
{
    s->inside = wait_until_out(s, scope, patience, pauses);
    bool unfenced = gates.fenced && !s->fenced; /* lines out of scope may be open yet: it has to come by */
    s->missed = s->inside != NULL || unfenced || (s->missed && scope.alone);
}

static void close_lines(struct pond *p)
{
    for (uint32_t slot = 0; slot < lines_of(p); slot++)
        if (!line_is_closed(&p->caches[slot]))
            line_close(&p->caches[slot]);
}

/*
 * Every thread passes a full fence, or it is known from now on that none can be had. This thread then knows
 * it; but a line of its own that is out of scope may be open yet.
 */
static void pass_barrier(struct gate_scope scope)
{
    if (!gates.fenced && !os_barrier())
        STORE(gates.fenced, true);
    if (me.slot != NULL && !scope.alone)
        me.slot->fenced = gates.fenced;
}

void gates_close(struct gate_scope scope, enum gate_patience patience)
{
    unsigned pauses = 0;
    struct slot *last = gates.slots + gates.end;
    if (gates.end == 0)
        return; /* no thread was ever registered, there may be no barrier yet */
    for (struct slot *s = gates.slots; s < last; s++)
        if (s->used)
            __atomic_store_n(&s->open, 0, __ATOMIC_SEQ_CST);
    for (struct pond *p = next_in(scope, NULL); p != NULL; p = next_in(scope, p))
        close_lines(p);
    pass_barrier(scope);
    for (struct slot *s = gates.slots; s < last; s++)
        if (s->used)
            wait_for(s, scope, patience, &pauses);
}

void gates_open(void)
{
    for (struct slot *s = gates.slots; s < gates.slots + gates.end; s++)
        if (s->used && !s->missed)
            open_slot(s);
}

void gates_trust_caller(void)
{
    for (struct slot *s = gates.slots; s < gates.slots + gates.end; s++)
        if (s->inside == ANYWHERE)
            s->inside = NULL; /* still missed: of other ponds nothing is known */
}

unsigned gates_worth_waiting(void)
{
    unsigned naps = 0;
    for (const struct slot *s = gates.slots; s < gates.slots + gates.end; s++)
        if (s->inside != NULL && s == me.slot)
            naps = MAX(naps, 1);
        else if (s->inside != NULL)
            naps = MAX(naps, s->inside == ANYWHERE ? GATE_NAPS_FEW : GATE_NAPS_LONG);
    return naps;
}

uint32_t gates_end(void)
{
    return gates.end;
}

bool gate_is_free(uint32_t slot)
{
    return gates.slots[slot].inside == NULL;
}

bool gate_may_use(uint32_t slot, const struct cache *c)
{
    const struct cache *inside = gates.slots[slot].inside;
    return inside == c || inside == ANYWHERE;
}

void gates_fork_child(void)
{
    for (struct slot *s = gates.slots; s < gates.slots + gates.end; s++) {
        s->used = s == me.slot;
        s->busy = NULL;
        s->missed = s->left = false;
    }
    gates.used = me.slot != NULL;
    if (me.slot != NULL)
        me.slot->thread = os_thread();
    if (!gates.fenced && !os_barrier_register())
        gates.fenced = true;
    if (me.slot != NULL)
        me.slot->fenced = gates.fenced;
}

void gates_fork_done(void)
{
    for (struct slot *s = gates.slots; s < gates.slots + gates.end; s++)
        s->inside = NULL;
}
