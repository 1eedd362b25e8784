/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The gate keeps a thread's caches to that thread at no cost, and lets another thread take them over. This
 * comment is the one home of the protocol: <pond/inline.h>, line.h, slot.h and gate.c do its steps, and
 * name them at each atomic access.
 *
 * The owner of a cache comes into it by two ways. On the fast path it marks the cache's line: the low bit
 * of `top`. On the slow path it says in its gate, one word of the thread's for all its caches (`busy`),
 * which of them it is inside of. A closer is whoever takes caches over, under the registry's lock: it
 * closes a pond, or some together (p->taken), and in other ponds threads come and go meanwhile. A line is
 * closed by a base that no top is above and a limit and a room of 0: no get and no put is served then.
 *
 * The fast path. One of the two sees the other:
 *
 *     owner                        closer
 *     (1) top = top + 1            (A) base = UINTPTR_MAX, limit = 0, room = 0
 *     (2) base, limit or room      (B) membarrier
 *                                  (C) top
 *
 * (2) must not read an open line while (C) reads an even top. The membarrier makes the owner pass a full
 * fence at some point between (A) and (C): if (1) lies before that point, (C) sees it; if not, (2) lies
 * after it and sees (A). A build with POND_FENCE has a full fence between (1) and (2) instead. The owner
 * reads `top` before it marks it. So that it never goes on with a top from before a takeover, the owner
 * alone writes `top`, and the owner alone opens its line again.
 *
 * Invariants
 *   1. A line is open (base, limit and room lead to the loaded magazine) only while its pond is not taken
 *      and its owner was not missed there, or while its owner is busy and about to look whether that is so.
 *   2. Only its owner opens a line, on the slow path. Its owner or whoever closed its pond closes it.
 *   3. A closer owns a cache from when it has closed pond and line, had all threads pass a barrier, and
 *      then read that the owner is not busy there and that top is even, until it opens the pond again: the
 *      owner finds the line closed, then the pond, and goes to the depot. It may mark the closed line
 *      meanwhile, even with a top read before: `top` means something only while a magazine is loaded, and
 *      whoever takes a magazine out leaves `top` alone. So busy and top each need to be seen free once
 *      only.
 *   4. Nobody touches the cache of a thread that was found inside at the end of the wait. Such a thread is
 *      `missed` in this pond: it does not come into that cache again until it has emptied it, under the
 *      registry's lock, or a closer has found it free.
 *   5. Nobody is inside across a hook, a mutex or a system call: waiting for it ends as soon as the
 *      scheduler lets the owner run. A stopped thread may not run for ever, so every wait is bounded.
 *   6. taken, missed and the slots change under the registry's lock only. A slot lives as long as the
 *      process, so a closer may look at the gate of a thread that ended without saying so.
 *   7. Without a barrier nothing is known of a thread that went on without fences: see "No membarrier".
 *   8. A cache whose bit in p->used is not set is empty, its line is closed, and its owner is not inside;
 *      so closers look at the used ones alone. A thread is inside only when it has seen, while it was busy
 *      and the pond was not taken, that its bit is set and the pond active (board.h).
 *
 * Pairs, by the names that the sites use
 *   MARK      the steps (1), (2) and (A), (B), (C) above.
 *   BUSY      The owner stores busy, then loads taken; a closer stores taken, passes a barrier (or both are
 *             sequentially consistent), then loads busy. Not both miss the other.
 *   HAND OVER busy = NULL and an even top are stored with release by the owner, and loaded with acquire by
 *             the closer's looks: the closer sees what the owner did in its cache.
 *   HAND BACK taken = 0 and open = 1 are stored with release by gates_open and slot.c's open_slot, and
 *             loaded with acquire by may_enter: the owner sees what the closer did, the bits that it set
 *             and cleared among it.
 *   OPEN      The owner stores base, then loads taken; a closer stores taken, then loads base, all of it
 *             sequentially consistent. So when a closer finds a line closed, whoever opens it afterwards
 *             finds the pond taken and closes it again.
 *   USED      The owner sets its bit, then loads taken once more; a closer stores taken, then loads the
 *             bits, all of it sequentially consistent, whatever barrier there is. So a thread whose bit a
 *             closer does not find is outside, or about to find the pond taken and to go, with nothing
 *             touched.
 *   SHUT      p->shut (the pond's lines never open, for it is watched) is stored under the registry's lock
 *             before all ponds are closed once. An owner who read the old value, and opens its line, finds
 *             its pond taken (OPEN); whoever enters later has seen what was stored before the pond was
 *             opened again (HAND BACK). When it goes back to false nothing is closed: an owner who opens a
 *             line reads it with acquire, and so sees what was stored before it, that nobody watches the
 *             pond any more.
 *
 * Bad interleavings, and what forbids each
 *   A turn finds no bit set and lets the pond sleep, while a thread comes into a cache: the thread sets its
 *      bit, and only when it has then found the pond open looks whether it is active. Either the turn has
 *      seen the bit, or the thread sees taken, or it comes after the turn's opening and sees that the pond
 *      sleeps. It wakes it before it touches its cache: stopped in between, it has put nothing.
 *   A turn clears a bit whose owner has just seen it set: it clears those of free caches alone, and whoever
 *      is not busy then finds the pond taken, or comes after it was opened and sees the bit cleared.
 *   An owner who is busy sets its bit after a closer has looked for those inside. The closer takes the
 *      cache for a free one then, empties it and clears the bit, and opens the pond before the owner looks
 *      again. The owner has found the pond open, so it sees all that was done before that opening: it looks
 *      at its bit last, and goes when it is cleared. If it is set, then no closer has come by since, or the
 *      closer has seen bit and busy.
 *   A thread goes back with its bit set and the pond asleep: a set bit is no use without the active one,
 *      and both are looked at each time.
 *   A missed thread leaves when the pond is open again: it opens its line, then sees that it was missed
 *      (missed was set before taken = 0, and is loaded after it), and closes it.
 *   The handler of a signal interrupts any of these steps: it finds the thread busy in no cache but the one
 *      that it interrupted, if any, which registry_enter and line_unmark refuse; otherwise it is as if it
 *      had come before the step. An interrupted step goes on with nothing but what it loads afterwards.
 *   A fork comes between any of these steps of another thread: that thread had touched nothing, or is
 *      inside and missed; its bit may be set in the child, where its cache is empty then.
 *   A thread ends: under the registry's lock it empties its caches, so no closer is at work, and clears
 *      their bits. One that ends without a word leaves them set, and they are emptied like all others.
 *
 * No membarrier. Without it no line ever opens, so that every operation comes to the slow path; a full
 * fence lies between busy and taken there. A kernel may agree to membarrier at first and refuse it later (a
 * sandbox that is entered after the start). From the first refusal on it is as if it had never agreed, for
 * good. But until a thread has seen that, it may still be on its way by an open line, or be busy with no
 * fence, and no look of a closer can tell. So its gate is closed (slot.open), and it counts as inside of
 * every cache that it used until it comes by under the registry's lock (gate_open_mine), which orders all
 * that it did before: its slot is `fenced` then.
 */
#ifndef POND_GATE_H
#define POND_GATE_H

#include "board.h"
#include "line.h"
#include "os.h"

/*
 * How long a closer waits for threads inside a cache. No wait is without end: a thread may be stopped
 * there.
 */
enum gate_patience {
    GATE_BOUNDED, /* a bounded number of steps: a tick must not wait for a preempted thread */
    GATE_LONG     /* about a second: a fork */
};

#define GATE_NAPS_LONG 10000 /* about a second of os_nap */
#define GATE_NAPS_FEW 20

/*
 * Chooses between membarrier and fences. at_exit runs on each registered thread's exit. grow(n) has each
 * pond make n lines memory, and returns whether it could. False: there is no key for threads.
 */
bool gate_init(void (*at_exit)(void *), bool (*grow)(uint32_t lines));

/* From now on at_exit is called for no thread, and no thread is registered. Under the registry's lock. */
void gate_forget_exits(void);

/* How many lines each pond needs now. Any time; it is final under the registry's lock. */
uint32_t gate_lines(void);

/* ---- for the owner ---- */

/* Whether the pond's lines do not open. Pairs with the store of p->shut by whoever watches: SHUT. */
static inline bool gate_is_shut(const struct pond *p)
{
    return __atomic_load_n(&p->shut, __ATOMIC_ACQUIRE);
}

/*
 * Says that this thread is busy and returns its cache. NULL, and the thread is not busy: the pond is
 * closed, or the thread is not admitted.
 */
struct cache *gate_enter(struct pond *p);
void gate_leave(struct pond *p, struct cache *c); /* opens the line for the fast path to what is loaded */

/* Leaves a cache whose magazines and their counts are those that it was entered with. */
void gate_leave_as_before(struct cache *c);

/* ---- under the registry's lock ---- */

/*
 * Gives this thread a slot, and opens its gate unless somebody left the slot's caches as they were. False:
 * no slot is free, there is no memory for more lines, or the thread is exiting.
 */
bool gate_register(void);
void gate_unregister(void); /* of this thread, which is exiting: it stays without a gate */
bool gate_registered(void);

bool gate_mine_is_open(void); /* this thread need not empty all its caches before it comes into one */
void gate_open_mine(void);
void gate_close_mine(void);

/* From now on this thread comes into its cache in the pond; and no longer: its cache is empty then. */
void gate_admit(struct pond *p);
void gate_dismiss(struct pond *p);
bool gate_is_admitted(const struct pond *p); /* and was not missed there since */

/* Closes the ponds linked by `together` from the first on, so that nobody new comes into their caches, and
   finds out who is inside. `pauses`, 0 at first: many closings wait together no longer than one. */
void gates_close(struct pond *first, enum gate_patience patience);
void gates_close_one_of(struct pond *first, unsigned *pauses); /* with GATE_BOUNDED */

/* Opens those ponds. A line is opened by its owner alone, and those who were missed come by first. */
void gates_open(struct pond *first);

/* The pond is closed. Under the registry's lock. Relaxed: it changes under that lock alone. */
static inline __attribute__((unused)) bool gate_is_taken(const struct pond *p)
{
    return LOAD(p->taken) != 0;
}

/*
 * Of a closed pond: the caller says that nobody calls into it, so a thread that may be anywhere is
 * elsewhere.
 */
void gates_trust_caller(struct pond *p);

/* Of a closed pond: how many naps those who are inside are worth waiting for; 0: all are out. */
unsigned gates_worth_waiting(const struct pond *p);

/* Of a closed pond: nobody is inside that slot's cache. */
bool gate_is_free(const struct pond *p, uint32_t slot);

/* Whoever was found inside of a cache has come by since. */
bool gate_none_is_missed(const struct pond *p);

/* Of a closed pond: nobody has come into a cache since it was emptied. */
bool gate_is_unused(const struct pond *p);

/*
 * Of a closed pond: the first cache, from *slot on, that was used and is free; *slot is its number then.
 * NULL: there is none. Whoever has emptied it says so, and ticks look at it no more.
 */
struct cache *gate_next_free(struct pond *p, uint32_t *slot);
void gate_emptied(struct pond *p, uint32_t slot);

/* For assertions: somebody has the pond's lock. */
static inline __attribute__((unused)) bool pond_is_locked(const struct pond *p)
{
    return pthread_mutex_trylock((pthread_mutex_t *)(uintptr_t)&p->lock) != 0;
}

/* Slots are counted from 0 to gates_end() - 1. */
uint32_t gates_end(void);
uint32_t gate_slot(void); /* this thread's, which is registered */

/*
 * In a forked child: all threads but this one are gone. The second, of each pond, which is closed: whoever
 * was inside there is gone, too.
 */
void gates_fork_child(void);
void gates_fork_done(struct pond *p);

#endif
