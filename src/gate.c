/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two things keep others out of a thread's cache: on the fast path the mark in its line, on the slow path
 * the thread's gate, one for all its caches: `busy` says which of them it is inside of. A closer closes
 * ponds, each alone or some together (p->taken); in the others threads come and go meanwhile.
 *
 * Invariants
 *   1. A line is open (base, limit and room lead to the loaded magazine) only while its pond is not taken and
 *      its owner was not missed there, or its owner is busy and about to look whether it is so.
 *   2. Only its owner opens a line, on the slow path; whoever closed its pond, or the owner, closes it.
 *   3. Whoever closed a pond and a line, had all threads pass a barrier and then read that the owner is not
 *      busy there and that top is even, owns that cache until it opens the pond again: the owner finds the
 *      line closed, then the pond, and goes to the depot. It may mark the closed line meanwhile, even with a
 *      top read before: `top` means something only while a magazine is loaded, and whoever takes a magazine
 *      out lets `top` be. So each of the two needs to be seen once only.
 *   4. Of a thread found inside at the end of the wait nobody touches the cache there. It is `missed` in this
 *      pond: it does not come into that cache again until it has emptied it, under the registry's lock, or a
 *      closer has found it free.
 *   5. Nobody is inside across a hook, a mutex or a system call: waiting for it ends as soon as the scheduler
 *      lets the owner run. A stopped thread may not run for ever, so every wait is bounded.
 *   6. taken, missed and the slots change under the registry's lock only; a slot lives as long as the
 * process, so a closer may look at the gate of a thread that ended without saying so.
 *   7. Without a barrier nothing is known of a thread that went on without fences: see below.
 *   8. A cache whose bit in p->used is not set is empty, its line is closed, and its owner is not inside; so
 *      closers look at the used ones alone. A thread is inside only when it has seen, while it was busy and
 *      the pond was not taken, that its bit is set and the pond active (board.h).
 *
 * Pairs
 *   taken and open (acquire) of may_enter with those of gates_open and open_slot (release): the owner sees
 *      what the closer did, the bits that it set and cleared among it.
 *   busy and top (acquire) of the closer's looks with busy = NULL and top (release) of the owner: the closer
 *      sees what the owner did.
 *   busy against taken: with a barrier as in <pond/inline.h>, or both sequentially consistent: not both miss
 *      the other.
 *   base against taken, all sequentially consistent: the owner stores base, then loads taken; a closer stores
 *      taken, then loads base. So a closer that finds a line closed has made its owner close it again.
 *   used against taken, all sequentially consistent, whatever barrier there is: the owner sets its bit, then
 *      loads taken again; a closer stores taken, then loads the bits. So whose bit a closer does not find is
 *      outside, or about to find the pond taken and to go, with nothing touched.
 *
 * p->shut, which is another thing (its lines never open, for it is watched), is stored under the registry's
 * lock before all ponds are closed once. An owner who read the old one, and opens its line, finds its pond
 * taken as above; who enters later has seen what was stored before the pond was opened again. When it goes
 * back to false nothing is closed: an owner who opens a line reads it with acquire, and so finds what was
 * stored before it, that nobody watches the pond any more.
 *
 * Bad interleavings, and what forbids each
 *   A turn finds no bit set and lets the pond sleep, while a thread comes into a cache: the thread sets its
 *      bit, and only when it has then found the pond open looks whether it is active. Either the turn has
 *      seen the bit, or the thread sees taken, or it comes after the turn's opening and sees that the pond
 *      sleeps. It wakes it before it touches its cache: stopped in between, it has put nothing.
 *   A turn clears a bit whose owner has just seen it set: it clears those of free caches alone, and whoever
 *      is not busy then finds the pond taken, or comes after it was opened and sees the bit cleared.
 *   An owner who is busy sets its bit after a closer has looked for those inside, which takes the cache for
 *      a free one then, empties it and clears the bit, and opens the pond before the owner looks again. The
 *      owner has found the pond open, so it sees all that was done before that opening: it looks at its bit
 *      last, and goes when it is cleared. Is it set, then no closer has come by since, or the closer has seen
 *      bit and busy.
 *   A thread goes back with its bit set and the pond asleep: a set bit is no use without the active one, and
 *      both are looked at each time.
 *   A missed thread leaves when the pond is open again: it opens its line, then sees that it was missed
 *      (missed was set before taken = 0, and is loaded after it), and closes it.
 *   A handler of a signal interrupts any of these steps: it finds the thread busy in no cache but the one it
 *      interrupted, if any, which registry_enter and line_unmark refuse; otherwise it is as if it had come
 *      before the step. Of a step that it interrupts nothing is remembered but what is loaded afterwards.
 *   A fork comes between any of these steps of another thread: that thread had touched nothing, or is inside
 *      and missed; its bit may be set in the child, where its cache is empty then.
 *   A thread goes: under the registry's lock it empties its caches, so no closer is at work, and clears their
 *      bits. One that goes without a word leaves them set, and they are emptied like all others.
 *
 * Without membarrier no line ever opens, so that every operation comes to the slow path; a full fence
 * lies between busy and taken there. A kernel may agree to membarrier at first and refuse it later (a sandbox
 * that is entered after the start). From the first refusal on it is as if it had never agreed, for good. But
 * until a thread has seen that, it may still be on its way by an open line, or be busy with no fence, and no
 * look of ours can tell. So its gate is closed (slot.open), and it counts as inside of every cache that it
 * used until it comes by under the registry's lock (gate_open_mine), which orders all that it did before: its
 * slot is `fenced` then.
 */
#include "gate.h"
#include "sampling.h"
#include "slot.h"

static struct slot *slot_at(uint32_t slot)
{
    return &slots.all[slot];
}

static uint64_t bit_of(uint32_t slot)
{
    return (uint64_t)1 << slot % 64;
}

static bool is_missed(const struct pond *p, uint32_t slot)
{
    return (__atomic_load_n(&p->missed[slot / 64], __ATOMIC_SEQ_CST) & bit_of(slot)) != 0;
}

/* ---- the owner ---- */

/* In this order: see the missed thread above. */
static bool may_enter(const struct slot *s, const struct pond *p, uint32_t slot)
{
    return __atomic_load_n(&s->open, __ATOMIC_SEQ_CST) != 0 &&
           __atomic_load_n(&p->taken, __ATOMIC_SEQ_CST) == 0 && !is_missed(p, slot);
}

/* By its owner, who is busy. */
static void line_open(const struct pond *p, struct cache *c, void **base, uint16_t room)
{
    bool hooks = p->work_on_put || sampling_of(p) != NULL;
    STORE(c->room, room);
    STORE(c->limit, hooks || room == 0 ? NULL : c->loaded->slots + room);
    __atomic_store_n(&c->base, base, __ATOMIC_SEQ_CST);
    if (!may_enter(slot_mine.slot, p, gate_slot()))
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

static void say_busy(struct slot *s, struct cache *c)
{
    if (POND_FENCED || LOAD(slots.fenced)) {
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

static uint64_t used_in(const struct pond *p, uint32_t word)
{
    return __atomic_load_n(&p->used[word], __ATOMIC_SEQ_CST);
}

static bool is_in_use(const struct pond *p, uint32_t slot)
{
    return (LOAD(p->used[slot / 64]) & bit_of(slot)) != 0 && board_is_active(p);
}

/* The first time since it was emptied. False: the pond is taken, or was, and whoever took it cleared the bit.
 */
static NOT_INLINED bool come_into_use(const struct slot *s, struct pond *p, uint32_t slot)
{
    (void)__atomic_fetch_or(&p->used[slot / 64], bit_of(slot), __ATOMIC_SEQ_CST);
    if (!may_enter(s, p, slot) || (used_in(p, slot / 64) & bit_of(slot)) == 0)
        return false;
    board_wake(p);
    return true;
}

static void recount(struct cache *c)
{
    if (c->loaded != NULL)
        STORE(c->top, c->loaded->slots + c->loaded->count);
    STORE(c->room, 0);
}

NOT_INLINED struct cache *gate_enter(struct pond *p)
{
    struct slot *s = slot_mine.slot;
    if (s == NULL)
        return NULL;
    struct cache *c = (struct cache *)(void *)pond_line(p);
    uint32_t slot = gate_slot();
    say_busy(s, c);
    if (may_enter(s, p, slot) && LOAD(c->base) != NULL && (is_in_use(p, slot) || come_into_use(s, p, slot))) {
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
    bool open = c->loaded != NULL && !LOAD(slots.fenced) && !gate_is_shut(p);
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
    say_free(slot_mine.slot);
}

/* The line says what it said, but for what gate_enter has taken back. */
void gate_leave_as_before(struct cache *c)
{
    if (c->loaded != NULL && line_is_closed(c))
        leave_counted(c);
    say_free(slot_mine.slot);
}

/* ---- admission ---- */

static void clear_missed(struct pond *p, uint32_t slot)
{
    STORE(p->missed[slot / 64], p->missed[slot / 64] & ~bit_of(slot));
}

void gate_admit(struct pond *p)
{
    uint32_t slot = gate_slot();
    if (p->caches[slot].base == NULL)
        STORE(p->caches[slot].base, LINE_CLOSED);
    STORE(p->lines, MAX(p->lines, slot + 1));
    clear_missed(p, slot);
}

void gate_dismiss(struct pond *p)
{
    uint32_t slot = gate_slot();
    gate_emptied(p, slot);
    clear_missed(p, slot);
    STORE(p->caches[slot].top, NULL); /* a get is served while top is above base */
    STORE(p->caches[slot].base, NULL);
}

bool gate_is_admitted(const struct pond *p)
{
    uint32_t slot = gate_slot();
    return LOAD(p->caches[slot].base) != NULL && !is_missed(p, slot);
}

/* ---- closing and opening ---- */

#define SPINS 200
#define YIELDS 20 /* of one closing, whatever the number of threads: bounds a tick */

/* Words of bits that lines may have been used by. */
static uint32_t gate_words(const struct pond *p)
{
    return (LOAD(p->lines) + 63) / 64;
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

/* Not this thread itself, which is here, nor one that is no more. */
static bool may_be_anywhere(const struct slot *s)
{
    return slots.fenced && s->used && !s->fenced && s != slot_mine.slot && !os_thread_is_gone(s->thread);
}

static bool is_busy(const struct slot *s, const struct cache *c)
{
    return __atomic_load_n(&s->busy, __ATOMIC_SEQ_CST) == c;
}

/*
 * Each of the two is looked at until it has been seen free, and then not again: see invariant 3. This thread
 * is here, and in the midst of something only if it is in the handler of a signal; then it is not waited for.
 */
static bool is_inside(const struct slot *s, const struct cache *c, enum gate_patience patience,
                      unsigned *pauses)
{
    if (may_be_anywhere(s))
        return true;
    while (is_busy(s, c))
        if (s == slot_mine.slot || !pause_once(pauses, patience))
            return true;
    while (line_is_marked(c))
        if (s == slot_mine.slot || !pause_once(pauses, patience))
            return true;
    return false;
}

/* True: some of its caches are in use. */
static bool take_pond(struct pond *p)
{
    uint64_t any = 0;
    __atomic_store_n(&p->taken, 1, __ATOMIC_SEQ_CST);
    for (uint32_t word = 0; word < gate_words(p); word++) {
        uint64_t used = used_in(p, word);
        any |= used;
        for (; used != 0; used &= used - 1) {
            struct cache *c = &p->caches[word * 64 + (uint32_t)__builtin_ctzll(used)];
            if (!line_is_closed(c))
                line_close(c);
        }
    }
    return any != 0;
}

static void find_missed(struct pond *p, enum gate_patience patience, unsigned *pauses)
{
    for (uint32_t word = 0; word < gate_words(p); word++) {
        uint64_t missed = 0;
        for (uint64_t used = used_in(p, word); used != 0; used &= used - 1) {
            uint32_t slot = word * 64 + (uint32_t)__builtin_ctzll(used);
            if (is_inside(slot_at(slot), &p->caches[slot], patience, pauses))
                missed |= bit_of(slot);
        }
        if (p->missed[word] != missed)
            __atomic_store_n(&p->missed[word], missed, __ATOMIC_SEQ_CST);
    }
}

/*
 * Every thread passes a full fence, or it is known from now on that none can be had: then each thread, this
 * one too, may have open lines in ponds that are not closed now.
 */
static void pass_barrier(void)
{
    if (slots.fenced || os_barrier())
        return;
    STORE(slots.fenced, true);
    for (struct slot *s = slots.all; s < slots.all + slots.end; s++)
        if (s->used)
            __atomic_store_n(&s->open, 0, __ATOMIC_SEQ_CST);
}

/* Where no cache is used no barrier is needed: `used against shut` needs none. */
static void close_together(struct pond *first, enum gate_patience patience, unsigned *pauses)
{
    bool used = false;
    for (struct pond *p = first; p != NULL; p = p->together)
        used |= take_pond(p);
    if (used)
        pass_barrier();
    for (struct pond *p = first; p != NULL; p = p->together)
        find_missed(p, patience, pauses);
}

void gates_close(struct pond *first, enum gate_patience patience)
{
    unsigned pauses = 0;
    close_together(first, patience, &pauses);
}

void gates_close_one_of(struct pond *first, unsigned *pauses)
{
    close_together(first, GATE_BOUNDED, pauses);
}

void gates_open(struct pond *first)
{
    for (struct pond *p = first; p != NULL; p = p->together)
        __atomic_store_n(&p->taken, 0, __ATOMIC_SEQ_CST);
}

void gates_trust_caller(struct pond *p)
{
    for (uint32_t slot = 0; slot < p->lines; slot++)
        if (is_missed(p, slot) && may_be_anywhere(slot_at(slot)))
            clear_missed(p, slot);
}

unsigned gates_worth_waiting(const struct pond *p)
{
    unsigned naps = 0;
    for (uint32_t slot = 0; slot < p->lines; slot++)
        if (is_missed(p, slot) && slot_at(slot) == slot_mine.slot)
            naps = MAX(naps, 1);
        else if (is_missed(p, slot))
            naps = MAX(naps, may_be_anywhere(slot_at(slot)) ? GATE_NAPS_FEW : GATE_NAPS_LONG);
    return naps;
}

bool gate_is_free(const struct pond *p, uint32_t slot)
{
    return !is_missed(p, slot);
}

bool gate_none_is_missed(const struct pond *p)
{
    uint64_t missed = 0;
    for (uint32_t word = 0; word < gate_words(p); word++)
        missed |= p->missed[word];
    return missed == 0;
}

bool gate_is_unused(const struct pond *p)
{
    uint64_t used = 0;
    for (uint32_t word = 0; word < gate_words(p); word++)
        used |= used_in(p, word);
    return used == 0;
}

struct cache *gate_next_free(struct pond *p, uint32_t *slot)
{
    for (uint32_t at = *slot; at < p->lines; at = (at / 64 + 1) * 64) {
        uint64_t free = (used_in(p, at / 64) & ~p->missed[at / 64]) >> at % 64;
        if (free != 0) {
            *slot = at + (uint32_t)__builtin_ctzll(free);
            return &p->caches[*slot];
        }
    }
    return NULL;
}

void gate_emptied(struct pond *p, uint32_t slot)
{
    (void)__atomic_fetch_and(&p->used[slot / 64], ~bit_of(slot), __ATOMIC_SEQ_CST);
}

void gates_fork_done(struct pond *p)
{
    for (uint32_t word = 0; word < GATE_WORDS; word++)
        p->missed[word] = 0;
}
