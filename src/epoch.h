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

#endif
