/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The registry: all ponds and all threads, under one lock. Lock order: registry, pond, magazines,
 * page map. No hook runs under any of them.
 */
#ifndef POND_REGISTRY_H
#define POND_REGISTRY_H

#include "entry.h"
#include "shared.h"
#include "site.h"

void registry_lock(void);
bool registry_trylock(void); /* false: somebody has it */
void registry_unlock(void);

/* The return address of the public function that this is written in. */
#define CALLER __builtin_return_address(0)

/* Reports a call in the handler of a signal that interrupted the library, if a word is on. False, EDEADLK. */
bool registry_interrupted(const struct pond *p, const char *function, const void *caller);

/*
 * The first step of a public function that takes locks; entry_end is its last. False and EDEADLK: it was
 * called in the handler of a signal that interrupted the library, which is reported. p may be NULL: the call
 * is about all ponds.
 */
static inline bool registry_enter(struct pond *p, const char *function, const void *caller)
{
    bool marked = p != NULL && line_is_marked_by_me(p);
    return __builtin_expect(!marked && entry_begin(), 1) || registry_interrupted(p, function, caller);
}

/* False and EINVAL: p is NULL, or was destroyed, which is reported. */
bool registry_knows(const struct pond *p, const char *function, const void *caller);

/* Sets up what the first pond needs of the process. False: no key for threads, or no room for a fork
 * handler. */
bool registry_prepare(void);

/* Puts the pond into the lists: it is ticked from then on. False and ENOMEM: as above. */
bool registry_add(struct pond *p);

/*
 * Under the lock: waits until no tick is at work on the pond. False: for about a second a tick was that may
 * be in a coroutine which has yielded. The frame of the call that asks begins `here`, or it is NULL and
 * unknown.
 */
bool registry_wait_unpinned(const struct pond *p, const char *here);

/* True: the call whose frame begins `here` was made in a hook that a tick or trim runs. Exact, unless the
   stack cannot be unwound (frame.h): then false. Called without the lock. */
bool registry_inside_tick(const char *here);

void registry_remove(struct pond *p);

/*
 * The first step of what no hook may do. False and EDEADLK: the call was made in a hook, which is reported
 * under any word. Without words that is known only of the hooks that ticks and trims run; in other hooks such
 * a call does no harm then.
 */
bool registry_outside_hooks(const struct pond *p, const char *function, const void *caller, const char *here);

/*
 * For work on ponds that must not hold the lock: a pinned pond is not destroyed. registry_next unpins
 * `after` and pins the one behind it (NULL: the first), or returns NULL at the end.
 */
struct pond *registry_next(struct pond *after, enum pond_order order);
struct pond *registry_next_active(struct pond *after, struct board_round *round); /* of those active */
struct pond *registry_pin_from(uint64_t number); /* the oldest from that number on; NULL: none */
void registry_pin(struct pond *p);
void registry_unpin(struct pond *p);

/* Closes all lines once, under the lock. Those of ponds that are `shut` do not open again: every operation
 * there takes the slow path, which looks whether somebody watches the pond. */
void registry_close_lines(void);

/* Takes all locks of the library, so that a copy of the process finds whole what they guard; the second gives
 * them back. */
void registry_freeze(void);
void registry_thaw(void);

/* Under the lock, for a fork: there may be ponds; the oldest; and in the child nobody waits any more. */
bool registry_is_ready(void);
struct pond *registry_oldest(void);
void registry_forget_waiters(void);

/* Registers the handlers of forks (fork.c). False: no room for them. */
bool fork_meet(void);

/* Under the lock: every pond in turn; and all of them linked together, for a closing. */
struct pond *registry_first(void);
static inline struct pond *registry_after(const struct pond *p)
{
    return p->links[BY_TURN].next;
}
struct pond *registry_all(void);

/* How many ticks of all ponds there were; the second counts one more, under the lock. A pond that ticks have
   left alone catches up with them when its epoch is asked for by the third, which pond_stats shows. */
uint64_t registry_ticks(void);
uint64_t registry_count_tick(void);
uint64_t registry_epoch(const struct pond *p);

/* Under the lock and the pond's, the pond closed: empties into the depot the caches of each thread that is
   out of them. */
uint64_t registry_drain(struct pond *p);

/*
 * Lets this thread have a cache in the pond: registers it, or drains what a tick had to leave. False: not now
 * (the lock is taken, the thread is exiting, there are too many): go by the shared way. Never waits.
 */
bool registry_admit(struct pond *p);

/*
 * Without the lock, which it may take: registers this thread, so that the watcher hears of its exit
 * (watch_thread_ends). False: the thread is exiting, there are too many, or no key.
 */
bool registry_hear_exit(void);

/* Fills *s as pond_stats_read does. The second is called under the pond's lock. */
void stats_read(struct pond *p, pond_stats *s);
void stats_look(const struct pond *p, pond_stats *s);

#endif
