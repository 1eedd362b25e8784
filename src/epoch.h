/* SPDX-License-Identifier: BSD-2-Clause */
/* Ageing, and every way by which idle objects leave many at a time. */
#ifndef POND_EPOCH_H
#define POND_EPOCH_H

#include "gather.h"

/* Drops all that is idle in the depot, min_idle or not; returns the bytes of it. Calls hooks. */
size_t epoch_drop_all(struct pond *p, pond_drop_reason why);

/*
 * Drops one object that is beyond max_age, which a tick has not dropped yet, to make room for a get at
 * max_objects. False: there is none. Calls a hook.
 */
bool epoch_drop_aged(struct pond *p);

/*
 * Counts ticks that passed the pond over while it slept as turns, if nothing was put since: so what is idle
 * is as old as it is. Under the pond's lock, with the pond closed and the caches emptied.
 */
void epoch_count_sleep(struct pond *p);

/*
 * Gives back a magazine that was taken out to be dropped: to those of its age, or to those that are due.
 * Under the pond's lock.
 */
void epoch_give_back(struct pond *p, struct magazine *m);

/* The age that an object must have to be dropped, in turns since its put: older ones go first. */
enum epoch_age {
    EPOCH_DUE,     /* two and more */
    EPOCH_VICTIMS, /* one */
    EPOCH_ALL      /* none */
};

/* What a tick, or a call that asks for less than all, may do yet. */
struct epoch_budget {
    size_t objects; /* that it may drop */
    size_t calls;   /* system calls that it may make to give memory back */
};

/*
 * Drops objects that lie in the depot, the oldest first, those of age `upto` and older, as far as *left
 * goes, and takes them off *left; min_idle stays. Gives memory back; returns how many went. Calls hooks.
 */
size_t epoch_drop_oldest(struct pond *p, pond_drop_reason why, enum epoch_age upto,
                         struct epoch_budget *left);

#endif
