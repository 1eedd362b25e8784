/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Gates: how a thread keeps its caches to itself at no cost, and how another takes them over. The
 * protocol between one owner and one closer is in <pond/inline.h>; here is the rest of it.
 */
#ifndef POND_GATE_H
#define POND_GATE_H

#include "os.h"
#include "types.h"

/* How long a closer waits for threads inside a cache. */
enum gate_patience {
    GATE_BOUNDED, /* a bounded number of steps: a tick must not wait for a preempted thread */
    GATE_LONG,    /* about a second: a fork */
    GATE_ENDLESS  /* until they are out, which they are once the scheduler lets them run */
};

/* Chooses between membarrier and fences; at_exit(any) runs on each registered thread's exit. False: no key.
 */
bool gate_init(void (*at_exit)(void *));

/* ---- for the owner ---- */

/* Marks this thread busy and returns its cache, as the fast path does; NULL, and not busy: closed. */
struct cache *gate_enter(struct pond *p);
void gate_leave(void);

/* ---- under the registry's lock ---- */

/* Gives this thread a slot and opens its gate; false: no slot is free, or the thread is exiting. */
bool gate_register(void);
void gate_unregister(void); /* of this thread, which is exiting: it stays without a gate */
bool gate_registered(void);

void gates_close(enum gate_patience patience);
void gates_open(void); /* those that gates_close found free */
bool gates_watched(void);
void gates_watch(bool on); /* with all gates closed: from their opening on every operation is a slow one */
void gate_open_mine(void);
void gate_close_mine(void);

/* Slots are counted from 0 to gates_end() - 1. */
uint32_t gates_end(void);
uint32_t gate_slot(void);         /* this thread's, which is registered */
bool gate_is_free(uint32_t slot); /* after gates_close: nobody is inside that slot's caches */

/* In a forked child: all threads but this one are gone. */
void gates_fork_child(void);

#endif
