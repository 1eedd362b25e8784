/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The depot: magazines that all threads share. Where no comment says "under the pond's lock" a function may
 * be called by any number of threads at once, with a gate busy, and costs one or two compare-and-swaps.
 *
 * A magazine stamped with epoch s lies in stacks[s % 3], so that a tick ages the whole depot by counting
 * on: what stacks[e % 3] held at epoch e are the victims at e + 1 and are dropped at e + 2.
 *
 * A magazine older than max_age is aged, and goes to a stack from which it can only be dropped. It is there
 * from the tick on that made it so old; if that tick missed it, from when a get comes upon it.
 */
#ifndef POND_DEPOT_H
#define POND_DEPOT_H

#include "magazine.h"

void depot_init(struct depot *d);

/*
 * Makes the depot usable in a forked child: a thread that it does not have may have been in the middle of a
 * push or a pop. Ticks take empty magazines without the pond's lock, so a fork does not wait for them.
 */
void depot_forked(struct depot *d);

/*
 * Takes a magazine back: one with objects goes to those of its age, the pond's epoch being `epoch`, one
 * without to the empties. So no magazine without objects is ever where a get looks for one. The second
 * takes back what is due and was not dropped.
 */
void depot_give_back(struct depot *d, struct magazine *m, uint64_t epoch);
void depot_give_back_due(struct depot *d, struct magazine *m);

/*
 * Pops a magazine for a get, at the pond's epoch: the youngest there is, but what is overdue before what is
 * due. NULL: there is no object but for those that are aged.
 */
struct magazine *depot_pop(struct depot *d, uint64_t epoch);

/* Pops one that is due to be dropped at this epoch; NULL: none is. */
struct magazine *depot_pop_due(struct depot *d, uint64_t epoch);

/* Pops one that is stamped with this epoch, or with one three before or behind it; NULL: there is none. */
struct magazine *depot_pop_of(struct depot *d, uint64_t epoch);

/*
 * Pops the oldest of those that are aged; NULL: none is. The second takes one of them back, with what is
 * left in it.
 */
struct magazine *depot_pop_aged(struct depot *d);
void depot_give_back_aged(struct depot *d, struct magazine *m);

struct magazine *depot_pop_empty(struct depot *d);

/*
 * Whether no stack has anything that a get could have. Relaxed: objects are counted before they are pushed,
 * so what this thread has put, or knows of, is seen.
 */
static inline bool depot_is_empty(const struct depot *d)
{
    return (LOAD(d->stacks[0].objects) | LOAD(d->stacks[1].objects) | LOAD(d->stacks[2].objects) |
            LOAD(d->overdue.objects)) == 0;
}

/*
 * Empties the stack of `epoch` before the pond's epoch becomes that: what is left in it is overdue. Under
 * the pond's lock.
 */
void depot_turn(struct depot *d, uint64_t epoch);

/*
 * Puts what is overdue in order: the oldest is the first to be popped; what is aged is set apart, in the
 * same order. Under the pond's lock, with the pond closed.
 */
void depot_order(struct depot *d, uint64_t epoch);

/* Makes all that is idle in the depot due. Under the pond's lock. */
void depot_all_due(struct depot *d);

/* Makes all that is idle in the depot aged. Under the pond's lock. */
void depot_all_aged(struct depot *d);

/*
 * Pops the oldest there is but for what is aged, where that is ordered; NULL: there is none. Under the
 * pond's lock.
 */
struct magazine *depot_pop_oldest(struct depot *d, uint64_t epoch);

/*
 * Counts anew, in a forked child, whose other threads may have been between counting a magazine and pushing
 * it. Returns the room of all magazines here.
 */
uint64_t depot_recount(struct depot *d);

/*
 * Whether all that is in the depot is overdue; and whether a tick would change nothing here. keeps: what is
 * overdue is kept.
 */
bool depot_is_overdue(const struct depot *d);
bool depot_is_quiet(const struct depot *d, bool keeps);

/* Objects in the depot; never less than there are, were it counted at one instant. */
uint64_t depot_shared(const struct depot *d, uint64_t epoch);
uint64_t depot_victims(const struct depot *d, uint64_t epoch); /* aged ones included */
uint64_t depot_aged(const struct depot *d);

/*
 * Whether magazines, their ages and the counts of objects agree. It looks at a bounded number of magazines.
 * Under the pond's lock, with the pond closed and nobody missed in it: then only `empties` changes, which
 * it leaves out. Each turn asks it in builds with assertions.
 */
bool depot_is_valid(const struct depot *d, uint64_t epoch);

#endif
