/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Gates and lines: how a thread keeps its caches to itself at no cost, and how another takes them over. The
 * protocol of a line is in <pond/inline.h>; here is the rest of it.
 */
#ifndef POND_GATE_H
#define POND_GATE_H

#include "line.h"
#include "os.h"

/* How long a closer waits for threads inside a cache. Nobody waits without end: a thread may be stopped
 * there. */
enum gate_patience {
    GATE_BOUNDED, /* a bounded number of steps: a tick must not wait for a preempted thread */
    GATE_LONG     /* about a second: a fork */
};

#define GATE_NAPS_LONG 10000 /* about a second of os_nap */
#define GATE_NAPS_FEW 20

/* Which ponds' lines are closed: of this one and those linked behind it, or of this one alone. NULL: none. */
struct gate_scope {
    struct pond *first;
    bool alone;
};

/* Chooses between membarrier and fences; at_exit(any) runs on each registered thread's exit. False: no key.
 */
bool gate_init(void (*at_exit)(void *));

/* From now on at_exit is called for no thread, and no thread is registered. Under the registry's lock. */
void gate_forget_exits(void);

/* ---- for the owner ---- */

/* The pond's lines do not open. */
static inline bool gate_is_shut(const struct pond *p)
{
    return __atomic_load_n(&p->shut, __ATOMIC_ACQUIRE);
}

/* Says that this thread is busy and returns its cache; NULL, and not busy: closed. */
struct cache *gate_enter(struct pond *p);
void gate_leave(struct pond *p, struct cache *c); /* opens the line for the fast path to what is loaded */

/* The same where the cache's magazines and their counts are those that it was entered with. */
void gate_leave_as_before(struct cache *c);

/* ---- under the registry's lock ---- */

/* Gives this thread a slot, and opens its gate unless somebody left the slot's caches as they were; false: no
   slot is free, or the thread is exiting. */
bool gate_register(void);
void gate_unregister(void); /* of this thread, which is exiting: it stays without a gate */
bool gate_registered(void);

/* Closes all gates, and the lines in scope. What is behind other lines stays with their owners. */
void gates_close(struct gate_scope scope, enum gate_patience patience);
void gates_open(void); /* those that gates_close found free; a line is opened by its owner alone */

/* After gates_close: nobody calls into the ponds in scope, so a thread that may be anywhere is elsewhere. */
void gates_trust_caller(void);

/* After gates_close: how many naps those who are inside are worth waiting for; 0: all are free. */
unsigned gates_worth_waiting(void);

bool gate_mine_is_open(void); /* while no closing is under way: this thread was not missed */
void gate_open_mine(void);
void gate_close_mine(void);

/* Slots are counted from 0 to gates_end() - 1. */
uint32_t gates_end(void);
uint32_t gate_slot(void);         /* this thread's, which is registered */
bool gate_is_free(uint32_t slot); /* after gates_close: nobody is inside that slot's caches in scope */

/* After gates_close: the slot's thread may be inside of this cache. */
bool gate_may_use(uint32_t slot, const struct cache *c);

/* In a forked child: all threads but this one are gone. What gate_may_use says stays until gates_fork_done.
 */
void gates_fork_child(void);
void gates_fork_done(void);

#endif
