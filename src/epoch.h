/* SPDX-License-Identifier: BSD-2-Clause */
/* Ageing, and every way by which idle objects leave many at a time. */
#ifndef POND_EPOCH_H
#define POND_EPOCH_H

#include "gather.h"

/* Drops all that is idle in the depot, min_idle or not; the bytes of it. Calls hooks. */
size_t epoch_drop_all(struct pond *p, pond_drop_reason why);

/*
 * For a get at max_objects: one object that is beyond max_age, which a tick has not dropped yet, makes room.
 * False: there is none. Calls a hook.
 */
bool epoch_drop_aged(struct pond *p);

/* How old what is idle is at most, in turns since its put: older ones go first. */
enum epoch_age {
    EPOCH_DUE,     /* two and more */
    EPOCH_VICTIMS, /* one */
    EPOCH_ALL      /* none */
};

/*
 * Drops up to `most` objects that lie in the depot, the oldest first, those of age `upto` and older; min_idle
 * stays. Gives their memory back; returns how many went. Calls hooks.
 */
size_t epoch_drop_oldest(struct pond *p, pond_drop_reason why, enum epoch_age upto, size_t most);

#endif
