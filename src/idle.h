/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What all ponds have idle, together: bounded, trimmed, and given up for want of memory. None of it is
 * called under a lock.
 */
#ifndef POND_IDLE_H
#define POND_IDLE_H

#include "epoch.h"
#include "object.h"

/*
 * Drops the oldest, in a tick, until no more than pond_idle_budget is idle, as far as *left goes. Calls
 * hooks.
 */
void idle_ticked(struct epoch_budget *left);

/*
 * Asks whether a put may have another magazine: drops the oldest of this pond, if need be, to stay within
 * the budget. False: there is no more room. Calls the pond's hooks.
 */
bool idle_has_room(struct pond *p);

/* How far idle_make_way has come for one get. All zero at first, but for `but`. */
struct relief {
    unsigned tried;         /* ways that were tried, of two */
    bool gave;              /* something went for it */
    const struct pond *but; /* this pond keeps what it has; may be NULL */
};

/*
 * Makes way for an object that could not be admitted. True: it is worth trying again. At max_objects one
 * aged object has gone then. For want of memory what all ponds have idle has gone: first that of ponds that
 * call no hook when objects end, and, if the get fails once more, that of the others, unless this is a hook
 * itself. p: NULL where it is a pond that could not be made.
 */
bool idle_make_way(struct pond *p, const struct admission *b, struct relief *r);

/* Forgets in a forked child whoever made way: that thread is not there, unless it is this one. */
void idle_forked(void);

#endif
