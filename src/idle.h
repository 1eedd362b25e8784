/* SPDX-License-Identifier: BSD-2-Clause */
/* What all ponds have idle, together. None of it is called under a lock. */
#ifndef POND_IDLE_H
#define POND_IDLE_H

#include "epoch.h"
#include "object.h"

/* Of a tick: drops the oldest until no more than pond_idle_budget is idle, as far as *left goes. Calls hooks.
 */
void idle_ticked(struct epoch_budget *left);

/*
 * A put needs another magazine: drops the oldest of this pond, if that takes it, to stay within the budget.
 * False: there is no more room. Calls the pond's hooks.
 */
bool idle_has_room(struct pond *p);

/* How far a get has come with that. All zero at first, but for `but`. */
struct relief {
    unsigned tried;         /* ways */
    bool gave;              /* something went for it */
    const struct pond *but; /* it keeps what it has; may be NULL */
};

/*
 * An object could not be admitted. True: it is worth trying again. At max_objects one that is aged has gone.
 * For want of memory: what all ponds have idle has, first of those that call no hook when objects end, and,
 * if the get fails once more, of the others, unless this is a hook itself. p: NULL where it is a pond that
 * could not be made.
 */
bool idle_make_way(struct pond *p, const struct birth *b, struct relief *r);

/* In a forked child: whoever made way is not there, but perhaps this thread. */
void idle_forked(void);

#endif
