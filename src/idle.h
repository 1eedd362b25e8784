/* SPDX-License-Identifier: BSD-2-Clause */
/* What all ponds have idle, together. None of it is called under a lock. */
#ifndef POND_IDLE_H
#define POND_IDLE_H

#include "object.h"

/* A tick is over: drops the oldest until no more than pond_idle_budget is idle. Calls hooks. */
void idle_ticked(void);

/*
 * A put needs another magazine: drops the oldest of this pond, if that takes it, to stay within the budget.
 * False: there is no more room. Calls the pond's hooks.
 */
bool idle_has_room(struct pond *p);

/*
 * An object could not be admitted. True: it is worth trying again. At max_objects one that is aged has gone.
 * For want of memory: what all ponds have idle has, first of those that call no hook when objects end, and,
 * if the get fails once more, of the others, unless this is a hook itself. *relieved, 0 at first: how far it
 * has come.
 */
bool idle_make_way(struct pond *p, const struct birth *b, unsigned *relieved);

#endif
