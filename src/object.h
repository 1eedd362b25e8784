/* SPDX-License-Identifier: BSD-2-Clause */
/* An object's beginning and end: its memory, the hooks around it, and the counts of both. */
#ifndef POND_OBJECT_H
#define POND_OBJECT_H

#include "frame.h"
#include "slab.h"

/* The admission of one object more. */
struct birth {
    void *memory;         /* NULL with create, or when there is no leave */
    bool zero;            /* the memory is */
    bool full;            /* no leave: max_objects */
    bool miss;            /* it is for a get, which is counted */
    int error;            /* no leave: EAGAIN when full, or ENOMEM; else 0 */
    struct slab_run more; /* memory for more objects, which are counted, too; count 0: none */
};

/* Counts one object more, and takes memory for it, unless there is some (then it is zero, and comes back
   by watch->ended). Under the lock. */
void object_admit(struct pond *p, struct birth *b, void *memory);
void object_admit_run(struct pond *p, struct birth *b, uint32_t most); /* and for up to `most` - 1 more, a run
                                                                          for this thread's line */
void object_count_miss(struct pond *p, struct birth *b); /* under the same lock: the object is for a get */

/* Objects that are counted and yet to be made, of runs (run.c): p->objects, constructed and misses have them.
   Under the lock. */
uint64_t object_unmade(const struct pond *p);

/* Before p->objects falls: the most there were. Under the lock. */
void object_high_water(struct pond *p);

/* The object, its hook done; NULL and errno: b's error, or what the hook said. Not under the lock. */
void *object_make(struct pond *p, const struct birth *b);

/*
 * An object that is in nobody's hands goes: it takes no place from now on (under the lock), then its
 * destroy hook runs and its memory goes back (not under the lock).
 */
void object_uncount(struct pond *p, pond_drop_reason why);
void object_end(struct pond *p, void *obj, pond_drop_reason why);

/* Both for n objects of a pond without a destroy hook, under the lock. */
void object_drop_plain(struct pond *p, void **objs, size_t n, pond_drop_reason why);

/* What a put does before the object is idle. False: it is not to be kept, for *why. */
bool object_clean(struct pond *p, void *obj, pond_drop_reason *why);
bool object_needs_cleaning(const struct pond *p);

/* The same where the reset hook is all there is to do. False: the object is not to be kept. */
bool object_reset(struct pond *p, void *obj);
bool object_needs_reset_alone(const struct pond *p);

/* Bytes the idle object takes, its footprint included. Calls a hook. */
size_t object_bytes(struct pond *p, void *obj);

/*
 * A put by the way PUT_RESETS: put.c's. It calls the reset hook itself, so it is looked for on the stack.
 * top: what the line's top is, which is not marked.
 */
void object_put_reset(struct pond *p, void *obj, uintptr_t top);

/* This call was made in a hook, as far as can be told from its stack; and not by the function `unless`,
 * further in. */
bool object_in_hook(const void *unless);

#endif
