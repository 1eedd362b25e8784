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

/*
 * Ticks that passed the pond over while it slept count as turns, if nothing was put since: so what is idle is
 * as old as it is. Under the lock, closed, with the caches emptied.
 */
void epoch_count_sleep(struct pond *p);

/* A magazine that was taken out to be dropped goes to those of its age, or to those that are due. Under the
 * lock. */
void epoch_give_back(struct pond *p, struct magazine *m);

/* How old what is idle is at most, in turns since its put: older ones go first. */
enum epoch_age {
    EPOCH_DUE,     /* two and more */
    EPOCH_VICTIMS, /* one */
    EPOCH_ALL      /* none */
};

/* What may be done yet: of a tick, or of what asks for less than all. */
struct epoch_budget {
    size_t objects; /* to drop */
    size_t calls;   /* of the system, that give memory back */
};

/*
 * Drops objects that lie in the depot, the oldest first, those of age `upto` and older, as far as *left goes,
 * which is less by them then; min_idle stays. Gives memory back; returns how many went. Calls hooks.
 */
size_t epoch_drop_oldest(struct pond *p, pond_drop_reason why, enum epoch_age upto,
                         struct epoch_budget *left);

#endif
