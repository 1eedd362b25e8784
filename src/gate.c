/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who may use a cache at the moment: the owner's coming and going, and closers. The protocol, with its
 * invariants and the pairs (MARK, BUSY, ...) that are named here at each atomic access, stands in gate.h.
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

/*
 * Pairs with find_missed's store, through taken (HAND BACK): a missed thread does not enter an open pond.
 */
static bool is_missed(const struct pond *p, uint32_t slot)
{
    return (__atomic_load_n(&p->missed[slot / 64], __ATOMIC_SEQ_CST) & bit_of(slot)) != 0;
}

/* ---- the owner ---- */

/* Pairs with say_busy (BUSY) and say_free (HAND OVER): an owner not seen here sees the pond taken. */
static bool is_busy(const struct slot *s, const struct cache *c)
{
    return __atomic_load_n(&s->busy, __ATOMIC_SEQ_CST) == c;
}

/*
 * Whether this thread may be inside. In this order: see the missed thread in gate.h. Pairs with open_slot
 * in slot.c, pass_barrier, take_pond (BUSY, OPEN, USED) and gates_open (HAND BACK): a thread that goes on
 * has announced itself before the pond was closed, or sees all that was done while it was.
 */
static bool may_enter(const struct slot *s, const struct pond *p, uint32_t slot)
{
    return __atomic_load_n(&s->open, __ATOMIC_SEQ_CST) != 0 &&
           __atomic_load_n(&p->taken, __ATOMIC_SEQ_CST) == 0 && !is_missed(p, slot);
}

/*
 * Opens the line. By its owner, who is busy. Pairs with take_pond (OPEN): base before taken here, taken
 * before base there, so no line stays open in a closed pond. The base is stored last, with room and limit
 * before it.
 */
static void line_open(const struct pond *p, struct cache *c, void **base, uint16_t room)
{
    bool hooks = p->put_is_slow || sampling_of(p) != NULL;
    POND_ASSERT(c->loaded != NULL && is_busy(slot_mine.slot, c));
    POND_ASSERT(room <= c->loaded->room && base >= c->loaded->slots);
    STORE(c->room, room);
    STORE(c->limit, hooks || room == 0 ? NULL : c->loaded->slots + room);
    __atomic_store_n(&c->base, base, __ATOMIC_SEQ_CST);
    if (!may_enter(slot_mine.slot, p, gate_slot()))
        line_close(c);
}

/*
 * Whether the line lets the fast path do what it may, and no more. Relaxed: the owner wrote both, or a
 * closer has closed the line since, and then it is closed whatever is done here (OPEN).
 */
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

/*
 * Pairs with is_busy (BUSY): not both does the owner miss that the pond is taken, and the closer that the
 * owner is inside. Without membarrier the exchange is the fence between the two; else pass_barrier makes
 * one, and only the compiler has to keep the order here.
 */
static void say_busy(struct slot *s, struct cache *c)
{
    if (POND_FENCED || LOAD(slots.fenced)) {
        (void)__atomic_exchange_n(&s->busy, c, __ATOMIC_SEQ_CST);
        return;
    }
    STORE(s->busy, c);
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
}

/* Pairs with is_busy (HAND OVER): a closer that sees it sees all that was done inside. */
static void say_free(struct slot *s)
{
    __atomic_store_n(&s->busy, NULL, __ATOMIC_RELEASE);
}

/* Pairs with come_into_use and gate_emptied (USED): a closer that misses a bit is seen by its owner. */
static uint64_t used_in(const struct pond *p, uint32_t word)
{
    return __atomic_load_n(&p->used[word], __ATOMIC_SEQ_CST);
}

/*
 * Relaxed: a cleared bit was cleared before taken = 0, which may_enter has just read with acquire (HAND
 * BACK).
 */
static bool is_in_use(const struct pond *p, uint32_t slot)
{
    return (LOAD(p->used[slot / 64]) & bit_of(slot)) != 0 && board_is_active(p);
}

/*
 * Comes into a cache for the first time since it was emptied. False: the pond is taken, or was, and whoever
 * took it cleared the bit. Pairs with used_in of take_pond (USED): not both does the closer pass the cache
 * over, and the owner go in.
 */
static NOT_INLINED bool come_into_use(const struct slot *s, struct pond *p, uint32_t slot)
{
    (void)__atomic_fetch_or(&p->used[slot / 64], bit_of(slot), __ATOMIC_SEQ_CST);
    if (!may_enter(s, p, slot) || (used_in(p, slot / 64) & bit_of(slot)) == 0)
        return false;
    board_wake(p);
    return true;
}

/*
 * Takes the magazine's own count for the line's, as leave_counted left it. Relaxed: the owner alone writes
 * top.
 */
static void recount(struct cache *c)
{
    POND_ASSERT(c->loaded == NULL || c->loaded->count <= c->loaded->room);
    if (c->loaded != NULL)
        STORE(c->top, c->loaded->slots + c->loaded->count);
    STORE(c->room, 0);
}

/* Relaxed: base is NULL only where the owner itself was dismissed, or has not been admitted yet. */
NOT_INLINED struct cache *gate_enter(struct pond *p)
{
    struct slot *s = slot_mine.slot;
    if (s == NULL)
        return NULL;
    struct cache *c = (struct cache *)(void *)pond_line(p);
    uint32_t slot = gate_slot();
    POND_ASSERT(c == &p->caches[slot]);
    say_busy(s, c);
    if (may_enter(s, p, slot) && LOAD(c->base) != NULL && (is_in_use(p, slot) || come_into_use(s, p, slot))) {
        if (line_is_counted(c))
            recount(c);
        return c;
    }
    say_free(s);
    return NULL;
}

/* Writes the line's count back to the magazine, and says so. Relaxed: a closer reads it after say_free. */
static void leave_counted(struct cache *c)
{
    c->loaded->count = (uint32_t)(c->top - c->loaded->slots);
    POND_ASSERT(line_is_closed(c) && c->loaded->count <= c->loaded->room);
    STORE(c->room, LINE_COUNTED);
}

/*
 * Relaxed: `fenced` changes before the gate of this thread is closed, and may_enter looks at that (HAND
 * BACK).
 */
NOT_INLINED void gate_leave(struct pond *p, struct cache *c)
{
    POND_ASSERT(is_busy(slot_mine.slot, c));
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

/* Leaves the line saying what it said; what gate_enter took back of it is said again. */
void gate_leave_as_before(struct cache *c)
{
    POND_ASSERT(is_busy(slot_mine.slot, c));
    if (c->loaded != NULL && line_is_closed(c))
        leave_counted(c);
    say_free(slot_mine.slot);
}

/* ---- admission ---- */

/* Relaxed: under the registry's lock; its owner is this thread, or comes after gates_open. */
static void clear_missed(struct pond *p, uint32_t slot)
{
    STORE(p->missed[slot / 64], p->missed[slot / 64] & ~bit_of(slot));
}

/* Relaxed: the owner's own line, and `lines` is read under the registry's lock, or for figures. */
void gate_admit(struct pond *p)
{
    uint32_t slot = gate_slot();
    POND_ASSERT(gate_registered() && slot < gates_end());
    if (p->caches[slot].base == NULL)
        STORE(p->caches[slot].base, LINE_CLOSED);
    STORE(p->lines, MAX(p->lines, slot + 1));
    clear_missed(p, slot);
}

/* Relaxed: the owner's own line, which is closed and has nothing. */
void gate_dismiss(struct pond *p)
{
    uint32_t slot = gate_slot();
    POND_ASSERT(p->caches[slot].loaded == NULL && p->caches[slot].previous == NULL);
    gate_emptied(p, slot);
    clear_missed(p, slot);
    STORE(p->caches[slot].top, NULL); /* a get is served while top is above base */
    STORE(p->caches[slot].base, NULL);
}

/* Relaxed: base is NULL by the owner's own doing alone. */
bool gate_is_admitted(const struct pond *p)
{
    uint32_t slot = gate_slot();
    return LOAD(p->caches[slot].base) != NULL && !is_missed(p, slot);
}

/* ---- closing and opening ---- */

#define SPINS 200
#define YIELDS 20 /* of one closing, whatever the number of threads: bounds a tick */

/*
 * Words of bits that lines may have been used by. Relaxed: a closer has the lock under which `lines` grows.
 */
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

/*
 * Without a barrier: it has not come by since. Neither this thread itself, which is here, nor one that is
 * gone.
 */
static bool may_be_anywhere(const struct slot *s)
{
    return slots.fenced && s->used && !s->fenced && s != slot_mine.slot && !os_thread_is_gone(s->thread);
}

/*
 * Whether the owner is inside of this cache yet at the end of the wait. Gate and line are looked at until
 * each has been seen free, and then not again: see invariant 3. This thread is here, and in the midst of
 * something only if it is in the handler of a signal; then it is not waited for.
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

/*
 * Closes the pond, and its lines. True: some of its caches are in use. Pairs with may_enter (BUSY),
 * line_open (OPEN) and come_into_use (USED): whoever it does not see here sees taken.
 */
static bool take_pond(struct pond *p)
{
    uint64_t any = 0;
    POND_ASSERT(!gate_is_taken(p) && gate_words(p) <= GATE_WORDS);
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

/*
 * Finds who is inside yet, after the barrier. Pairs with is_missed of may_enter, through taken (HAND BACK):
 * a missed thread does not come into a cache that this closer has not emptied.
 */
static void find_missed(struct pond *p, enum gate_patience patience, unsigned *pauses)
{
    POND_ASSERT(gate_is_taken(p));
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
 * Has every thread pass a full fence, step (B); or it is known from now on that none can be had: then each
 * thread, this one too, may have open lines in ponds that are not closed now. Pairs with may_enter (HAND
 * BACK): a thread whose gate is closed here comes by under the registry's lock before it enters anything.
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

/* Closes all of them with one barrier. Where no cache is used none is needed: USED does without. */
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

/*
 * Pairs with may_enter (HAND BACK): an owner that finds the pond open sees what was done while it was
 * closed.
 */
void gates_open(struct pond *first)
{
    for (struct pond *p = first; p != NULL; p = p->together) {
        POND_ASSERT(gate_is_taken(p));
        __atomic_store_n(&p->taken, 0, __ATOMIC_SEQ_CST);
    }
}

void gates_trust_caller(struct pond *p)
{
    POND_ASSERT(gate_is_taken(p));
    for (uint32_t slot = 0; slot < p->lines; slot++)
        if (is_missed(p, slot) && may_be_anywhere(slot_at(slot)))
            clear_missed(p, slot);
}

unsigned gates_worth_waiting(const struct pond *p)
{
    unsigned naps = 0;
    POND_ASSERT(gate_is_taken(p));
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
    POND_ASSERT(gate_is_taken(p));
    for (uint32_t at = *slot; at < p->lines; at = (at / 64 + 1) * 64) {
        uint64_t free = (used_in(p, at / 64) & ~p->missed[at / 64]) >> at % 64;
        if (free != 0) {
            *slot = at + (uint32_t)__builtin_ctzll(free);
            return &p->caches[*slot];
        }
    }
    return NULL;
}

/* Pairs with used_in of come_into_use, through taken (USED): an owner that saw its bit set looks again. */
void gate_emptied(struct pond *p, uint32_t slot)
{
    POND_ASSERT(line_is_closed(&p->caches[slot]) && p->caches[slot].loaded == NULL);
    (void)__atomic_fetch_and(&p->used[slot / 64], ~bit_of(slot), __ATOMIC_SEQ_CST);
}

void gates_fork_done(struct pond *p)
{
    for (uint32_t word = 0; word < GATE_WORDS; word++)
        p->missed[word] = 0;
}
