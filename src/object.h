/* SPDX-License-Identifier: BSD-2-Clause */
/* An object's beginning and end: its memory, the hooks around it, and the counts of both. */
#ifndef POND_OBJECT_H
#define POND_OBJECT_H

#include "frame.h"
#include "slab.h"

/* Whether one object more may be made, and what it is made of. */
struct admission {
    void *memory;         /* NULL with create, or when it may not be made */
    bool zero;            /* the memory is zero */
    bool full;            /* it may not be made, for max_objects */
    bool miss;            /* it is for a get, which is counted */
    int error;            /* 0; or why it may not be made: EAGAIN when full, or ENOMEM */
    struct slab_run more; /* memory for more objects, which are counted, too; count 0: none */
};

/*
 * Counts one object more and takes memory for it, or says in *b why there is none. `memory`, if it is not
 * NULL, is taken instead: it is zero and comes back by watch->ended. The second takes memory for up to `most`
 * objects, of which all but the first are a run for this thread's line. Under the lock.
 */
void object_admit(struct pond *p, struct admission *b, void *memory);
void object_admit_run(struct pond *p, struct admission *b, uint32_t most); /* of memory: b->memory */

/* Counts that the admitted object is for a get. In the same hold of the lock. */
void object_count_miss(struct pond *p, struct admission *b);

/* How many objects are counted and not made yet, since threads have runs (run.c): p->objects, constructed and
   misses include them. Under the lock. */
uint64_t object_unmade(const struct pond *p);

/* Notes the most objects that there were: to be called before p->objects falls. Under the lock. */
void object_high_water(struct pond *p);

/* Makes the object that was admitted and runs its hook. NULL and errno: b's error, or what the hook said. Not
   under the lock. */
void *object_make(struct pond *p, const struct admission *b);

/*
 * Ends an object that is in nobody's hands, in two steps: it takes no place from now on (under the lock),
 * then its destroy hook runs and its memory goes back (not under the lock).
 */
void object_uncount(struct pond *p, pond_drop_reason why);
void object_end(struct pond *p, void *obj, pond_drop_reason why);

/* Takes both steps for n objects of a pond without a destroy hook, under the lock. */
void object_drop_plain(struct pond *p, void **objs, size_t n, pond_drop_reason why);

/* Does what a put has to do before the object is idle: reset, weigh, wipe. False: it is not to be kept, for
 * *why. The second: whether there is anything to do. */
bool object_clean(struct pond *p, void *obj, pond_drop_reason *why);
bool object_needs_cleaning(const struct pond *p);

/* The same where the reset hook is all there is to do. False: the object is not to be kept. */
bool object_reset(struct pond *p, void *obj);
bool object_needs_reset_alone(const struct pond *p);

/* Bytes the idle object takes, its footprint included. Calls a hook. */
size_t object_bytes(struct pond *p, void *obj);

/*
 * Puts by the way PUT_RESETS; it is put.c's. It calls the reset hook itself, so it is looked for on the
 * stack. top: what the line's top was before the
 * caller marked it; the mark is taken off first.
 */
void object_put_reset(struct pond *p, void *obj, pond_cache *line, uintptr_t top);

/* True: this call was made in a hook, as far as can be told from its stack, and not by the function `unless`
 * further in. */
bool object_in_hook(const void *unless);

#endif
