/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Gates and lines: how a thread keeps its caches to itself at no cost, and how another takes them over. The
 * protocol of a line is in <pond/inline.h>; here is the rest of it.
 */
#ifndef POND_GATE_H
#define POND_GATE_H

#include "board.h"
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

/* Chooses between membarrier and fences; at_exit(any) runs on each registered thread's exit. grow(n): each
 * pond is to have n lines that are memory; false: it cannot. False: no key.
 */
bool gate_init(void (*at_exit)(void *), bool (*grow)(uint32_t lines));

/* From now on at_exit is called for no thread, and no thread is registered. Under the registry's lock. */
void gate_forget_exits(void);

/* How many lines each pond needs now. Any time; it is final under the registry's lock. */
uint32_t gate_lines(void);

/* ---- for the owner ---- */

/* The pond's lines do not open. */
static inline bool gate_is_shut(const struct pond *p)
{
    return __atomic_load_n(&p->shut, __ATOMIC_ACQUIRE);
}

/* Says that this thread is busy and returns its cache; NULL, and not busy: closed, or not admitted. */
struct cache *gate_enter(struct pond *p);
void gate_leave(struct pond *p, struct cache *c); /* opens the line for the fast path to what is loaded */

/* The same where the cache's magazines and their counts are those that it was entered with. */
void gate_leave_as_before(struct cache *c);

/* ---- under the registry's lock ---- */

/* Gives this thread a slot, and opens its gate unless somebody left the slot's caches as they were; false: no
   slot is free, there is no memory for more lines, or the thread is exiting. */
bool gate_register(void);
void gate_unregister(void); /* of this thread, which is exiting: it stays without a gate */
bool gate_registered(void);

bool gate_mine_is_open(void); /* this thread need not empty all its caches before it comes into one */
void gate_open_mine(void);
void gate_close_mine(void);

/* From now on this thread comes into its cache in the pond; until the second, which finds it empty. */
void gate_admit(struct pond *p);
void gate_dismiss(struct pond *p);
bool gate_is_admitted(const struct pond *p); /* and was not missed there since */

/* The ponds linked by `together` from the first on: closes them, so that nobody new comes into their caches,
   and finds out who is inside. `pauses`, 0 at first: many closings wait together no longer than one. */
void gates_close(struct pond *first, enum gate_patience patience);
void gates_close_one_of(struct pond *first, unsigned *pauses); /* with GATE_BOUNDED */

/* Opens them; but a line is opened by its owner alone, and those who were missed come by first. */
void gates_open(struct pond *first);

/* Of a closed pond: nobody calls into it, so a thread that may be anywhere is elsewhere. */
void gates_trust_caller(struct pond *p);

/* Of a closed pond: how many naps those who are inside are worth waiting for; 0: all are out. */
unsigned gates_worth_waiting(const struct pond *p);

/* Of a closed pond: nobody is inside that slot's cache. */
bool gate_is_free(const struct pond *p, uint32_t slot);

/* Nobody was found inside of a cache who has not come by since. */
bool gate_none_is_missed(const struct pond *p);

/* Of a closed pond: nobody has come into a cache since it was emptied. */
bool gate_is_unused(const struct pond *p);

/* Of a closed pond: the first cache at *slot or behind it that was used and is free; its slot's number is
 *slot then. NULL: there is none. Who has emptied it says so, and ticks look at it no more. */
struct cache *gate_next_free(struct pond *p, uint32_t *slot);
void gate_emptied(struct pond *p, uint32_t slot);

/* Slots are counted from 0 to gates_end() - 1. */
uint32_t gates_end(void);
uint32_t gate_slot(void); /* this thread's, which is registered */

/* In a forked child: all threads but this one are gone. The second, of each pond, which is closed: who was
   inside there is gone, too. */
void gates_fork_child(void);
void gates_fork_done(struct pond *p);

#endif
