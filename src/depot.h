/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The depot: magazines that all threads share. Every function but depot_turn may be called by any
 * number of threads at once, with a gate busy, and costs one or two compare-and-swaps.
 *
 * A magazine stamped with epoch s lies in stacks[s % 3], so that a tick ages the whole depot by
 * counting on: what stacks[e % 3] held at epoch e are the victims at e + 1 and are dropped at e + 2.
 */
#ifndef POND_DEPOT_H
#define POND_DEPOT_H

#include "magazine.h"

void depot_init(struct depot *d);

/*
 * A magazine comes back: with objects to those of its age, the pond's epoch being `epoch`; without, to the
 * empties. So no magazine without objects is ever where a get looks for one. The second: what is due, and was
 * not dropped.
 */
void depot_give_back(struct depot *d, struct magazine *m, uint64_t epoch);
void depot_give_back_due(struct depot *d, struct magazine *m);

/* The youngest there is, at the pond's epoch; NULL: no object in the depot. */
struct magazine *depot_pop(struct depot *d, uint64_t epoch);

/* One that is due to be dropped at this epoch; NULL: none is. */
struct magazine *depot_pop_due(struct depot *d, uint64_t epoch);

struct magazine *depot_pop_empty(struct depot *d);

/* Before the pond's epoch becomes `epoch`: frees that epoch's stack. Under the pond's lock. */
void depot_turn(struct depot *d, uint64_t epoch);

/* Makes all that is idle in the depot due. Under the pond's lock. */
void depot_all_due(struct depot *d);

/* In a forked child, whose other threads may have been between counting a magazine and pushing it. Returns
   the room of all magazines here. */
uint64_t depot_recount(struct depot *d);

/* Objects in the depot; never less than there are, were it counted at one instant. */
uint64_t depot_shared(const struct depot *d, uint64_t epoch);
uint64_t depot_victims(const struct depot *d, uint64_t epoch);

#endif
