/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the files of the preloaded library share. Nothing here may allocate: it is called by malloc. Nothing
 * may ask the loader while the lock is held, whose own lock may be held by somebody who allocates.
 */
#ifndef SCOUT_SCOUT_H
#define SCOUT_SCOUT_H

#include "layout.h"
#include <stdbool.h>
#include <stddef.h>

#define SCOUT_API __attribute__((visibility("default")))
#define UNLIKELY(x) __builtin_expect(!!(x), 0)

/* ---- the allocator behind: next.c ---- */

struct next {
    void *(*malloc)(size_t);
    void *(*calloc)(size_t, size_t);
    void *(*realloc)(void *, size_t);
    void (*free)(void *);
    void *(*memalign)(size_t, size_t);
    void *(*aligned_alloc)(size_t, size_t);
    int (*posix_memalign)(void **, size_t, size_t);
};
extern struct next next;

/* Finds them. False: they are being found, by this very thread: memory comes from early_get then. */
bool next_find(void);
void *early_get(size_t size, size_t align);
bool early_is(const void *p);     /* it came from there, and is never freed */
size_t early_room(const void *p); /* bytes that can be copied out of it */

/* ---- what belongs to the thread ---- */

struct thread {
    bool inside;        /* this library allocates or is at work: nothing is recorded */
    uint32_t number;    /* 0: none yet */
    uint32_t countdown; /* allocations until the next that is recorded; 0: not started */
    uint32_t weight;    /* of that one; 0: not drawn yet */
    uint32_t draw;
    uint32_t walks, frees, clocks; /* what is done for some of them alone */
    uintptr_t stack_high;          /* the highest frame that was seen of its stack */
};
/* The library is there from the start, so its storage is, too. */
extern __thread struct thread self __attribute__((tls_model("initial-exec")));

/* True for one in 2^bits, in no even distance: else it could be the same one of each request. */
static inline bool chance(uint32_t *count, unsigned bits)
{
    uint32_t mixed = ++*count * 0x9e3779b1u;
    mixed = (mixed ^ mixed >> 15) * 0x85ebca6bu;
    return mixed >> (32 - bits) == 0;
}

/* ---- chains: chain.c ---- */

struct chain {
    uint64_t pc[SCOUT_DEPTH];
    uint32_t depth;
    bool sure; /* it was unwound, not guessed */
};

/*
 * Who called a function whose frame begins at cfa. Guesses by what was learnt, and unwinds where it cannot.
 */
void chain_walk(struct chain *c, const void *cfa);
void chain_unwind(struct chain *c, const void *cfa);
void chain_program(uint64_t low, uint64_t high); /* whose frames count for the depth */
extern unsigned chain_frames;                    /* of the program, at most */

/* ---- the book of objects: book.c. Under the lock. ---- */

struct object {
    uint64_t address, born;
    uint32_t sim, thread, weight, size_low;
};

bool book_open(void);
bool book_add(const struct object *o); /* false: no room */
bool book_take(uint64_t address, struct object *o);
/* Without the lock: false: it is certainly not there. */
bool book_may_have(uint64_t address);

/* ---- chains and simulated ponds: sites.c, sim.c. Under the lock. ---- */

extern struct scout_file *file; /* NULL: nothing is recorded */

bool sites_open(void);
uint32_t sites_find(const struct chain *c); /* 0: not known */
uint32_t sites_add(const struct chain *c);  /* 0: no room */
uint32_t sites_sim(uint32_t chain, uint64_t size);

struct event {
    uint64_t now, size, epoch;
    uint32_t weight, chain;
    uint64_t took; /* ns of the allocator; 0: not measured */
    bool cleared, resized, elsewhere;
};
void sim_get(struct scout_sim *s, const struct event *e);
void sim_put(struct scout_sim *s, const struct event *e, uint64_t born);

/* ---- modules: modules.c. Without the lock. ---- */

void modules_know(const struct chain *c);
void modules_program(void);

/* ---- recording: record.c ---- */

/* A process begins to record each allocation, as a child of a fork does, whatever rate its parent had. */
void record_begin(void);
void record_get(void *p, size_t size, const void *cfa, uint64_t took, bool cleared);
void record_put(void *p, const void *cfa, bool resized, struct object *old);
void record_back(const struct object *old); /* a realloc failed: it is as it was */
void record_put_took(uint32_t sim, uint64_t took);
uint64_t now_ns(void);
extern uint64_t epoch_ns, record_rate;
extern _Atomic uint32_t every; /* one allocation in so many is recorded */

/* ---- start and forks: start.c ---- */

/* Wiped in a forked child, however it was forked. */
struct wiped {
    _Atomic uint32_t alive, lock;
};
extern struct wiped *wiped;
bool start_child(void); /* a file of its own; false: nothing is recorded any more */
void lock_take(void);
void lock_give(void);

#endif
