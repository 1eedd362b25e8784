/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A ledger follows every object of a pond from its construct to its destroy. Each object carries its
 * state and fills the rest of its bytes with a pattern that changes with every hand it is in:
 *
 *     zero memory --construct--> idle --took--> live --gives--> given --reset--> idle
 *                                 |                               |                |
 *                                 +------------- destroy(why) <---+----------------+
 *
 * A step from a state it may not be taken from is a failure: an object in two hands, handed out before
 * its reset ended, constructed over a living one, destroyed twice or for a wrong reason. The state
 * is changed with relaxed atomics and the pattern with plain writes, so that ThreadSanitizer judges
 * the order the library gives and not one that the ledger adds.
 */
#ifndef TEST_SUPPORT_LEDGER_H
#define TEST_SUPPORT_LEDGER_H

#include <pond/pond.h>
#include <stdatomic.h>

typedef struct ledger {
    size_t size;            /* of an object; LEDGER_MIN_SIZE at least */
    unsigned reject_one_in; /* reset rejects every n-th put; 0: none */
    unsigned fail_one_in;   /* construct fails at every n-th call; 0: never */
    size_t fail_at;         /* construct fails at this call, counted from 1; 0: at none */
    int fail_with;          /* and returns this */
    bool wiped;             /* the pond has POND_ZERO_ON_PUT */
    bool no_reset;          /* the pond has no reset hook: what is given is idle at once */
    bool yields;            /* the hooks give the processor away in the middle */
    atomic_size_t tries;    /* calls of construct or create */
    atomic_size_t constructed, resets, rejected;
    atomic_size_t destroyed[POND_DROP_REASONS];
} ledger;

#define LEDGER_MIN_SIZE (3 * sizeof(uint64_t))

/* Options with the ledger's hooks, for objects of l->size bytes; with create instead of construct. */
pond_options ledger_options(ledger *l);
pond_options ledger_create_options(ledger *l);

/* Notes that the caller got or is about to put an object, and checks that it may. */
void ledger_took(ledger *l, void *obj);
void ledger_gives(ledger *l, void *obj);

/* Calls of the pond with these notes. */
void *ledger_get(ledger *l, pond *p); /* NULL: refused */
void ledger_put(ledger *l, pond *p, void *obj);
void ledger_discard(ledger *l, pond *p, void *obj);

/* Checks the statistics against the ledger while nobody uses the pond. */
void ledger_check(ledger *l, pond *p, size_t live);

/* How many objects were destroyed, and how many there are. */
size_t ledger_destroyed(ledger *l);
size_t ledger_objects(ledger *l);

/* Destroys the pond and checks that every object that was made was destroyed. */
void ledger_close(ledger *l, pond *p);

#endif
