/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What test/stress/every_instruction.c does with a pond of each shape: the operations that a thread is held
 * in, each in the situations that lead it down its different ways, and what the other thread does meanwhile.
 */
#ifndef TEST_SUPPORT_SITUATIONS_H
#define TEST_SUPPORT_SITUATIONS_H

#include "ledger.h"

/* Kinds of ponds, one bit each: a situation may be for some of them. */
enum { MOST_OBJECTS = 1, EXACT_BYTES = 2, IDLE_ROOM = 4, MIN_IDLE = 8, PLAIN = 16, CREATED = 32 };

typedef struct shape {
    const char *name;
    unsigned kind;
    size_t size;
    size_t cache_objects, max_objects, max_idle_bytes, min_idle;
    uint64_t max_age;
    unsigned flags;      /* of the pond */
    bool resets;         /* with a reset hook */
    const char *words;   /* on throughout */
    const char *profile; /* the same */
} shape;

/* The objects that a thread has in its hands. */
typedef struct hands {
    void *objs[640];
    size_t n;
} hands;

/* One run: an operation on a pond of its own. */
typedef struct run {
    const shape *shape;
    pond *pond;
    pond *other_pond; /* of the same shape, when the operation is the end of the first; else NULL */
    ledger book;
    hands stepped, other;
    void *given[8]; /* what the operation puts, or what it got */
    size_t given_n;
    bool preparing;  /* the operation has not begun */
    char about[256]; /* for failures: shape, operation, situation, action, place */
} run;

extern run *now;

/* Where the thread comes from that does the operation. */
typedef enum stepped_thread {
    LASTING, /* it has a cache in other ponds, too */
    FRESH,   /* it has used no pond before */
    LEAVING  /* the operation is its exit, with what it has in its cache */
} stepped_thread;

typedef struct situation {
    const char *operation, *name;
    void (*prepare)(void); /* on the stepped thread; NULL: nothing is to be prepared */
    void (*act)(void);     /* held at each of its instructions */
    void (*after)(void);
    stepped_thread thread;
    unsigned only, never; /* for shapes of these kinds, 0: for all; and not for those of these kinds */
    bool ends;            /* the pond is gone afterwards */
} situation;

extern const situation situations[];
extern const size_t situations_n;

/* What the other thread does while the first is held. */
typedef struct action {
    const char *name;
    void (*act)(void);
    bool waits; /* for the thread that is held, perhaps as long as it is held */
} action;

extern const action actions[];
extern const size_t actions_n;

void other_prepare(void); /* on the other thread, first of all: it has some objects, and a cache */
void other_finish(void);  /* it puts all it has */
void stepped_finish(void);

/* A get whose result is checked: it is an object of the pond, and nobody else's. NULL: refused. */
void *get_one(pond *p);
void took(pond *p, void *obj); /* the same for what another call returned */

/* Up to n objects more in these hands; n fewer, or none. */
void hold_some(pond *p, hands *h, size_t n);
void put_some(pond *p, hands *h, size_t n);

/* Sets other limits, within which gets succeed as before, and those that there were. */
void limits_there_and_back(pond *p);

/* A pond of this run's shape. */
pond *run_pond(void);

#endif
