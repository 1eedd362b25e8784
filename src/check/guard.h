/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Guard slots: pages of their own, between pages that trap, for one get in N. due.c says which get, guard.c
 * has the slots, trap.c the handler of the trap.
 *
 *   one slot: GUARD_STRIDE of address space, of a large one GUARD_LARGE_STRIDE
 *   +----------------+-------------------------------+------------------------------+
 *   | 64 KiB: traps  | area: one object, at either   | traps, up to the next slot   |
 *   |                | end; after its put: traps     |                              |
 *   +----------------+-------------------------------+------------------------------+
 *
 *   the region: all small slots, then all large ones
 *
 * Of a large slot's area only the pages are open that the object touches.
 */
#ifndef POND_GUARD_H
#define POND_GUARD_H

#include "record.h"

#define GUARD_SLOTS 256
#define GUARD_SLOT_BYTES ((size_t)16 << 10) /* objects up to this size */
#define GUARD_FRONT ((size_t)64 << 10)      /* at least a page, however large the kernel's pages are */
#define GUARD_STRIDE (4 * GUARD_FRONT)
#define GUARD_LARGE_SLOTS 16                /* for larger objects, */
#define GUARD_LARGE_BYTES ((size_t)1 << 20) /* up to this size */
#define GUARD_LARGE_STRIDE (GUARD_LARGE_BYTES + 4 * GUARD_FRONT)
#define GUARD_REGION (GUARD_SLOTS * GUARD_STRIDE + GUARD_LARGE_SLOTS * GUARD_LARGE_STRIDE)

/* The region while there is none: no object lies there. Of 32 bits, stacks lie at the upper end, programs
 * from 128 MiB on. */
#if UINTPTR_MAX > UINT32_MAX
#define GUARD_NOWHERE (UINTPTR_MAX - GUARD_REGION + 1)
#else
#define GUARD_NOWHERE ((uintptr_t)1 << 20)
#endif

/* ---- the quick ways ---- */

/* The start of the slots' region: written once, before the word `guard` is on. Relaxed: an address in the
   region that somebody has was handed out after that, and what is in the region is found by region_start
   (guard.c). */
extern uintptr_t guard_region;

/* True: the address lies in the region. */
static inline bool guard_owns(const void *address)
{
    return (uintptr_t)address - LOAD(guard_region) < GUARD_REGION;
}

/*
 * Of each thread there is one countdown, watch_countdown, for all ponds. A get of a pond with guard=1/N takes
 * guard_step(N) of it, and the one that brings it below 0 is due. So each pond has its own N, a change of it
 * counts at once, and the front door counts down by itself.
 */
int64_t guard_step(uint64_t every);

/* The countdown has ended, or was never drawn: draws. True: this get is due. */
bool guard_draw(int64_t step);

/* True once in N calls with guard_step(N), at random distances. */
static inline bool guard_is_due(int64_t step)
{
    watch_countdown -= step;
    return __builtin_expect(watch_countdown < 0, 0) && guard_draw(step);
}

/* What watch_countdown_id is once the thread's countdown is drawn. */
#define GUARD_DRAWN 2

/* Of this thread. The process has a seed of its own from guard_seed on; a child, from guard_forked on. */
uint64_t guard_random(void);
void guard_seed(void);
void guard_forked(void);

/* A get that was due was not guarded; and the count of them, pond_debug_unguarded, begins anew. */
void guard_missed(void);
void guard_count_anew(void);

/* ---- the slots ---- */

/*
 * Zeroed memory in a slot for an object of that size and alignment, at one end of the slot's area; NULL, with
 * errno as it was: all slots of its class are in use, there is no memory, the object is larger than
 * GUARD_LARGE_BYTES, or guard_start failed. The record is zeroed but for its generation, RECORD_ALWAYS, and
 * its bytes[], of which there are `size`, for record_snapshot. No lock is needed.
 */
void *guard_take(struct pond *p, size_t size, size_t align);

/* The slot's object has ended: its pages trap from now on. Keeps errno. */
void guard_give(void *memory);

/*
 * The bytes next to a live object that do not trap are filled with a pattern: GUARD_SLACK of them on each
 * side, and all that its alignment leaves between its end and the end of the area. False: they were written;
 * *offset is where, from the object's start on (negative: in front of it), *bytes how many from the first to
 * the last on that side, behind the object if they are on both.
 */
#define GUARD_SLACK 64
bool guard_slack_is_clean(const void *memory, ptrdiff_t *offset, size_t *bytes);
void guard_mend_slack(const void *memory);

/*
 * The record of the object that this address points at or into, live or given back: *object is its start,
 * *owner its pond, or NULL once the pond has ended. NULL: no object is or was there.
 */
struct record *guard_record(const void *address, const void **object, struct pond **owner);

/* Every live object of the pond in a slot. */
void guard_walk(struct pond *p, record_visitor *visit, void *ctx);

/* The slots, what lies in them, and what is kept of it. */
void guard_own_memory(void (*visit)(const void *memory, size_t bytes, void *ctx), void *ctx);

/* The pond ends: slots given back no longer name it. */
void guard_forget(struct pond *p);

/*
 * Maps the slots and installs the handlers of SIGSEGV and SIGBUS in front of those that are there. False and
 * errno ENOMEM: nothing changed. To be called before the word goes on; a second call does nothing. The
 * handlers stay when the word goes off: slots that were given back trap on.
 */
bool guard_start(void);

/* guard.c's lock is taken after all others of the library. */
void guard_fork_prepare(void);
void guard_fork_done(bool child);

/* The kinds of findings of the word guard. */
enum guard_finding {
    GUARD_ACCESS_AFTER_PUT,
    GUARD_ACCESS_IN_FRONT,
    GUARD_ACCESS_BEHIND,
    GUARD_WRITTEN_AT_PUT,  /* next to a live object, seen when it was put */
    GUARD_WRITTEN_BY_AUDIT /* the same, seen by an audit */
};

/* ---- between guard.c and trap.c ---- */

enum guard_state {
    GUARD_NEW,    /* no object was ever here */
    GUARD_MOVING, /* a take or a give is at work on it */
    GUARD_LIVE,
    GUARD_GIVEN /* waits in the queue of free slots; traps */
};

struct guard_slot {
    /* Of the object here, or of the last one that was. Relaxed: whoever needs one that holds still has the
       object in its hands, or reads `state` with acquire before. A trap's handler may see those of two
       objects, and says so much the less. */
    uintptr_t object; /* 0: none was here */
    size_t size;
    struct pond *owner; /* NULL: it has ended */

    uint32_t state;   /* enum guard_state */
    uint32_t trapped; /* a trap is looked at, or was and pages that should trap are open. Relaxed: but in the
                         handler; it is looked at by whoever has the slot in its hands */
};

/* The slot around an address in the region, and the slot's record. */
struct guard_slot *guard_slot_at(uintptr_t address);
struct record *guard_slot_record(const struct guard_slot *s);

/* True: the address lies in those pages of a slot's area that are open while its object is live. */
bool guard_in_area(uintptr_t address);

/* Lets the access that trapped go on, for as long as the slot is not used again. */
bool guard_open(uintptr_t address);

/* Once, under guard.c's lock. */
void trap_install(void);

#endif
