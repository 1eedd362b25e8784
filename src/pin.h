/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pins: which ticks and trims are at work on which ponds without a lock. A pin belongs to the call, which is
 * known by its place on its stack: a hook that a tick runs may yield its coroutine, and the tick goes on on
 * another thread. All of it is under the registry's lock.
 */
#ifndef POND_PIN_H
#define POND_PIN_H

#include "frame.h"
#include "types.h"

/* Begins a pin of this call on the pond, and ends it: the call's own, or the one nearest to it on its stack.
 * p->pins counts them. */
void pin_begin(struct pond *p, const struct frame *call);
void pin_end(struct pond *p, const struct frame *call);

/* Ends the pins of calls that were left. True: the call that asks, whose frame begins `here`, was made inside
 * a call that has one. */
bool pins_end_left(const char *here);

/* True: there is no pin at all, and so none that this call was made inside of. Asked without the lock. */
bool pins_none(void);

/*
 * True: a call that has the pond pinned may be in a coroutine that has yielded, of this thread for instance.
 */
bool pins_may_be_suspended(const struct pond *p);

void pins_end_of_thread(void); /* this one exits: its own stack goes */
void pins_forked(struct pond *first);

#endif
