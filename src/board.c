/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The board's memory, in parts, and the bits in them.
 *
 * Invariants
 *   1. A pond has the lowest place that was free when it came; a part of the board is never unmapped.
 *   2. A bit of `active` is set by anybody and cleared by a turn; all else is under the registry's lock.
 *   3. A bit of `users` is set when, and only when, that cache has been admitted: its base is not NULL.
 */
#include "board.h"
#include "os.h"
#include <errno.h>

#define PART_PONDS 512
#define PART_WORDS (PART_PONDS / 64)
#define PARTS 512

struct board_part {
    uint64_t active[PART_WORDS];
    uint64_t looked_at[PART_WORDS]; /* ticks come to these, whether they are active or not */
    uint64_t taken[PART_WORDS];
    struct pond *ponds[PART_PONDS];
    uint64_t users[GATE_THREADS][PART_WORDS]; /* of each slot; pages of it are resident when they are used */
};

static struct {
    struct board_part *parts[PARTS]; /* from the first on */
    uint32_t end;                    /* no pond had a place from here on; read without the lock */
    uint32_t first;                  /* where the next tick begins */
    uint64_t
        used_parts[GATE_THREADS]; /* of each slot: bit n % 64 is set if it may have something in part n */
} board;

/* Where ponds that have left the board are active: what their end wakes is no other pond at their place. */
static uint64_t nowhere;

static struct board_part *part_at(uint32_t place)
{
    return board.parts[place / PART_PONDS];
}

static uint64_t bit_at(uint32_t place)
{
    return (uint64_t)1 << place % 64;
}

static uint64_t *word_at(uint64_t *words, uint32_t place)
{
    return &words[place % PART_PONDS / 64];
}

/* ---- places ---- */

static size_t board_part_bytes(void)
{
    return rounded_up(sizeof(struct board_part), os_page_size());
}

/* Pairs with board_any_active, which has no lock: it finds no part that is not zeroed memory. */
static bool make_part(uint32_t place)
{
    struct board_part **part = &board.parts[place / PART_PONDS];
    if (*part == NULL)
        __atomic_store_n(part, os_map(board_part_bytes()), __ATOMIC_RELEASE);
    return *part != NULL;
}

/*
 * Finds the lowest place that is free. Whole words are passed over: with ten thousand ponds that is a
 * hundred looks.
 */
static uint32_t lowest_free(void)
{
    for (uint32_t place = 0; place < board.end; place += 64) {
        uint64_t taken = *word_at(part_at(place)->taken, place);
        if (taken != ~(uint64_t)0)
            return place + (uint32_t)__builtin_ctzll(~taken);
    }
    return board.end;
}

/* Pairs with board_any_active: whoever reads this end reads the part that make_part stored before. */
bool board_add(struct pond *p)
{
    uint32_t place = lowest_free();
    if (place >= PARTS * PART_PONDS || !make_part(place)) {
        errno = ENOMEM;
        return false;
    }
    struct board_part *part = part_at(place);
    POND_ASSERT((*word_at(part->taken, place) & bit_at(place)) == 0);
    POND_ASSERT(part->ponds[place % PART_PONDS] == NULL);
    *word_at(part->taken, place) |= bit_at(place);
    part->ponds[place % PART_PONDS] = p;
    p->index = place;
    p->active = word_at(part->active, place);
    p->active_bit = bit_at(place);
    board_wake(p);
    __atomic_store_n(&board.end, MAX(board.end, place + 1), __ATOMIC_RELEASE);
    return true;
}

/* Relaxed: nobody uses the pond any more; a late look finds one word or the other. */
void board_remove(struct pond *p)
{
    struct board_part *part = part_at(p->index);
    POND_ASSERT(part->ponds[p->index % PART_PONDS] == p && p->active_bit == bit_at(p->index));
    for (uint32_t slot = 0; slot < p->lines; slot++)
        if (p->caches[slot].base != NULL)
            board_unuse(p, slot);
    board_sleep(p);
    board_look(p, false);
    *word_at(part->taken, p->index) &= ~bit_at(p->index);
    part->ponds[p->index % PART_PONDS] = NULL;
    STORE(p->active, &nowhere);
}

/* ---- who is active ---- */

/*
 * Pairs with board_wake of come_into_use in gate.c, through taken (USED): it comes before the turn's look,
 * or after.
 */
void board_sleep(struct pond *p)
{
    (void)__atomic_fetch_and(p->active, ~p->active_bit, __ATOMIC_SEQ_CST);
}

void board_look(const struct pond *p, bool at_each_tick)
{
    uint64_t *word = word_at(part_at(p->index)->looked_at, p->index);
    *word = at_each_tick ? *word | p->active_bit : *word & ~p->active_bit;
}

/* Pairs with make_part and board_add: what it reads of is there. The word itself is Relaxed: a hint. */
bool board_any_active(void)
{
    uint32_t end = __atomic_load_n(&board.end, __ATOMIC_ACQUIRE);
    for (uint32_t place = 0; place < end; place += 64) {
        struct board_part *part = __atomic_load_n(&board.parts[place / PART_PONDS], __ATOMIC_ACQUIRE);
        if (LOAD(*word_at(part->active, place)) != 0)
            return true;
    }
    return false;
}

struct board_round board_round(bool begins_a_tick)
{
    struct board_round round = {
        .at = board.first < board.end ? board.first : 0, .left = board.end, .end = board.end};
    if (begins_a_tick) {
        struct board_round look = round;
        const struct pond *first = board_next(&look);
        board.first = first != NULL ? first->index + 1 : 0;
        if (first != NULL)
            round.at = first->index;
    }
    return round;
}

/* Goes on by n places, which all lie before the end. */
static void pass(struct board_round *round, uint32_t n)
{
    POND_ASSERT(n <= round->left && round->at + n <= round->end);
    round->left -= n;
    round->at = round->at + n == round->end ? 0 : round->at + n;
}

/* Relaxed: a bit that is set meanwhile is for this tick or the next one. */
struct pond *board_next(struct board_round *round)
{
    while (round->left > 0) {
        struct board_part *part = part_at(round->at);
        uint64_t ahead = (LOAD(*word_at(part->active, round->at)) | *word_at(part->looked_at, round->at)) >>
                         round->at % 64;
        uint32_t there = MIN(MIN(64 - round->at % 64, round->end - round->at), round->left);
        uint32_t skip = ahead == 0 ? there : MIN((uint32_t)__builtin_ctzll(ahead), there);
        struct pond *p = skip == there ? NULL : part->ponds[(round->at + skip) % PART_PONDS];
        pass(round, skip == there ? there : skip + 1);
        if (p != NULL)
            return p;
    }
    return NULL;
}

/* ---- who uses what ---- */

void board_use(const struct pond *p, uint32_t slot)
{
    *word_at(part_at(p->index)->users[slot], p->index) |= bit_at(p->index);
    board.used_parts[slot] |= (uint64_t)1 << p->index / PART_PONDS % 64;
}

/* The bit of used_parts stays: it says that there may be something. */
void board_unuse(const struct pond *p, uint32_t slot)
{
    *word_at(part_at(p->index)->users[slot], p->index) &= ~bit_at(p->index);
}

struct pond *board_used(uint32_t slot, uint32_t *place)
{
    for (uint32_t at = *place; at < board.end;) {
        if ((board.used_parts[slot] >> at / PART_PONDS % 64 & 1) == 0) {
            at = (at / PART_PONDS + 1) * PART_PONDS;
            continue;
        }
        uint64_t ahead = *word_at(part_at(at)->users[slot], at) >> at % 64;
        if (ahead != 0) {
            at += (uint32_t)__builtin_ctzll(ahead);
            *place = at + 1;
            POND_ASSERT(part_at(at)->ponds[at % PART_PONDS]->index == at);
            return part_at(at)->ponds[at % PART_PONDS];
        }
        at = (at / 64 + 1) * 64;
    }
    return NULL;
}
