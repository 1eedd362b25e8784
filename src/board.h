/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The board: which ponds a tick has to come to, and which ponds a thread has caches in, as bits by the
 * ponds' places. So a tick looks at no pond that sleeps, and an exiting thread at none that it never used.
 *
 * A pond is active from when something of it may age: before a thread comes into one of its caches after a
 * turn (gate.c), and, under its lock, when something is put the shared way or memory of an object comes
 * back. A turn that finds nothing lets it sleep: see epoch.c.
 */
#ifndef POND_BOARD_H
#define POND_BOARD_H

#include "types.h"

/* ---- by anybody ---- */

/*
 * Relaxed: a cleared bit that is read late costs a needless board_wake or, after a turn, is seen through
 * taken (HAND BACK in gate.h).
 */
static inline bool board_is_active(const struct pond *p)
{
    return (LOAD(*p->active) & p->active_bit) != 0;
}

/*
 * Makes the pond active. Pairs with board_sleep, through taken (USED in gate.h) or the pond's lock: not
 * both does a turn let the pond sleep and a thread, that has something there to age, believe it active. A
 * tick that is to see what came before it comes after it, and so sees the bit: no more order is needed.
 */
static inline void board_wake(struct pond *p)
{
    if (__builtin_expect(!board_is_active(p), 0))
        (void)__atomic_fetch_or(p->active, p->active_bit, __ATOMIC_SEQ_CST);
}

/* Whether some pond is active. Under no lock. */
bool board_any_active(void);

/* ---- under the registry's lock ---- */

/* False: no memory, or more ponds than there are places. A new pond is active. */
bool board_add(struct pond *p);
void board_remove(struct pond *p);

/*
 * Has ticks come to this pond even when it sleeps, for there is something to be looked at in it; or no
 * more.
 */
void board_look(const struct pond *p, bool at_each_tick);

/* Lets the pond sleep. Under its lock, with the pond closed and none of its caches used. */
void board_sleep(struct pond *p);

/*
 * Goes once round the places that there are when it begins, from the pond behind the one that the last
 * round began with: with a budget each has its turn to be the first. What is active in between is met at
 * its place.
 */
struct board_round {
    uint32_t at, left, end;
};
struct board_round board_round(bool begins_a_tick);
struct pond *board_next(struct board_round *round); /* that is active or looked at; NULL: that was all */

/* Notes that this slot's owner has a cache in the pond; or has it no more. */
void board_use(const struct pond *p, uint32_t slot);
void board_unuse(const struct pond *p, uint32_t slot);

/*
 * Finds the first pond, from *place on, that the slot's owner has a cache in; *place is the place behind it
 * then. NULL: there is none.
 */
struct pond *board_used(uint32_t slot, uint32_t *place);

#endif
