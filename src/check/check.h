/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is known of one pond that was watched at some time, and the lock of the checks (check.c).
 *
 * The rooms of src/check. An operation's way runs downwards:
 *
 *   watch.c       get, put, discard, drop, tick of a watched pond: which checks run, in which order
 *   guard_only.c  the same with guard pages alone. gone.c  ponds that were destroyed
 *   claim.c       whose object a put is given, and what is wrong with it already
 *   words.c       switches words on and off, for all ponds or those of a name
 *   rules.c       the table of words; what was said of which ponds. help.c  the words in words
 *   chaos.c       fail=P, chaos=SEED
 *   guard.c       pages of their own for one get in N (due.c); the trap's handler (trap.c)
 *   hold.c        hold=N: walks over live objects. audit.c  pond_audit: all objects looked at now
 *   leak.c        leak: live objects at pond_destroy, and those that nothing leads to at exit
 *   reach.c       what leads to them; regions.c  memory to look in; apart.c  a copy of the process that looks
 *   reset.c       what reset left behind
 *   bytes.c       poison and red zones
 *   secret.c      declared secrets: neither in reports nor in copies
 *   scope.c       hooks that call into their own pond, or do not return; calls in signal handlers
 *   thread.c      what a thread keeps for scope.c and chaos.c
 *   record.c      object -> record: state, threads, epochs, stacks. table.c  records by address
 *   report.c      composes and emits a report. event.c  threads and forks, by number
 *   check.c       what is known of a pond
 *   prepare.c     pond_prepare: what is done once, ahead
 *   stack.c       captures stacks and keeps each once; module.c  PC -> module and offset
 *   aside.c       stacks of the library's own, for what takes much of one
 *   tell.h, tools.h  what sanitizers and Valgrind are told; roots.c  where they find pointers
 */
#ifndef POND_CHECK_H
#define POND_CHECK_H

#include "../pool.h"
#include "words.h"
#include <pond/debug.h>
#include <string.h>

/* The check's generation while watch_full does not watch. No record is of it: see record_generation. */
#define RECORD_NEVER (UINT32_MAX - 1)

#define CHECK_SHARDS 16

/* What is known of one pond. Made when the pond is first watched; its memory is the checks' own. */
struct check {
    struct pond *pond;
    struct check *next;       /* of all, under the checks' lock */
    struct check_settings on; /* for this pond */
    size_t size;              /* bytes of an object; 0 with create */
    size_t record_bytes;      /* of one record, padded */
    uint64_t inverse;         /* 2^32 / stride, rounded up */
    bool hooks;               /* a put runs some */
    bool redzone;             /* its layout has red zones */
    uint32_t generation;      /* a new one for each time watch_full watches: records of others say nothing.
                                 RECORD_NEVER in between. Relaxed: where it is read alone, to compare; a record
                                 has its own, which is read with acquire */
    uint32_t generations;     /* so many there were */
    bool whole;               /* watched in full since its creation: an object without a record is none.
                                 Relaxed: false is never taken back, and true when it is read late is as
                                 true of an object that was got before */
    struct table *table;      /* records of a pond with create */

    /* Reasons to stay watched though no word is on: poisoned objects, live objects in guard slots. Their sum
       counts: a thread adds to the shard of its own number, and may take away from another one. */
    struct {
        uint64_t count;
    } __attribute__((aligned(64))) holds[CHECK_SHARDS];
};

/* What is known of the pond; NULL: it was never watched. */
static inline struct check *check_of(const struct pond *p)
{
    return LOAD(p->watcher); /* Relaxed: whoever asks read watch_of first, with acquire, or holds a lock */
}

/* True: one of these words is on for the pond, which is watched. */
static inline bool check_on(const struct pond *p, uint32_t words)
{
    return (LOAD(check_of(p)->on.words) & words) != 0;
}

/* The same for any pond, watched or not. NULL: for all of them. */
static inline bool check_is_on(const struct pond *p, uint32_t words)
{
    if (p == NULL)
        return check_for_all(words);
    return watch_of(p) != NULL && check_of(p) != NULL && check_on(p, words);
}

/* Makes what is known of the pond, if it is not there yet. Under the registry's lock. False and ENOMEM. */
bool check_attach(struct pond *p);

/* Ends it with its pond. */
void check_detach(struct pond *p);

/* Counts holds on or back: reasons to stay watched, see struct check. */
void check_hold(struct check *c, int by);

/* Counts one hold more, if one of these words is on. True: it did. */
bool check_hold_for(struct check *c, uint32_t words);

/* How many holds there are; of NULL none. */
uint64_t check_holds(const struct check *c);

/* The checks' own lock, for what is rare. Innermost of all locks but guard.c's. */
void check_lock(void);
void check_unlock(void);

/* The first of all ponds' checks, from where `next` leads on. Under the checks' lock. */
struct check *check_first(void);

#endif
