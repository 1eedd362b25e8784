/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Decides which gets of a pond are sampled and sees to it that its puts are looked at, at no cost to a get by
 * the fast path.
 *
 * Each get is sampled with the chance p = 1 - exp(-density), whatever came before it, so each stands for 1 /
 * p gets. A thread's gets of a pond are numbered by its cache's `gets`; how far it is to the next one that is
 * sampled, `due`, is drawn at once (geometrically). While a pond is sampled a line opens only so far down
 * that the fast path runs into `base` at that get:
 *
 *     (top - base) / 8  <=  due - gets
 *
 * A get by the fast path lowers both sides by one. A put raises the left one; so `limit` is NULL, as in ponds
 * with hooks, and puts come by the slow path. That looks whether the object is a sampled one, puts it as the
 * fast path would, and raises `base` where it has to.
 *
 * Invariants
 *   1. The inequality holds whenever the owner is outside, as far as the line is open. During a get by the
 *      slow path it may not: that get counts when it ends (sampling_end).
 *   2. A line opens with its own setting's `due`: where the setting has changed, `due` is drawn anew first. A
 *      draw that has not come true says nothing of the gets after it, so it may be thrown away at any time.
 *   3. p->sampling changes with all lines closed, under the registry's lock. An owner who was missed finds
 *      its gate closed and comes by that lock before it opens a line. So no line is open that was opened for
 *      another setting than p->sampling's, but for its `change`, see 2.
 *   4. An object in use that was sampled has its place in the filter counted before its get returns, until
 *      its put or discard begins.
 *   5. Only the owner writes a sampling_line: `base` alone is raised by compare-and-swap, so that a closer's
 *      store is not lost.
 */
#ifndef POND_SAMPLING_H
#define POND_SAMPLING_H

#include "line.h"

/* ---- the filter: how many sampled objects in use have an address like this one ---- */

#define SAMPLING_FILTER_BITS 14
/* Written under the lock of whoever samples. Relaxed: a sampled object's own place was counted before its get
   returned, and so before its put; of another object either answer is right. */
extern unsigned char sampling_filter[1 << SAMPLING_FILTER_BITS];

static inline uint32_t sampling_place(const void *obj)
{
    return (uint32_t)(((uint64_t)(uintptr_t)obj * UINT64_C(0x9e3779b97f4a7c15)) >>
                      (64 - SAMPLING_FILTER_BITS));
}

/* True: it may be a sampled object. False: it is none. */
static inline bool sampling_may_be(const void *obj)
{
    return LOAD(sampling_filter[sampling_place(obj)]) != 0;
}

/* ---- the bound ---- */

_Static_assert(sizeof(struct sampling_line) * 2 == sizeof(struct cache), "half a line");

/* The sampling_line of the cache at `line_self`. They lie as the pond's lines do, at half their distance; so
 * one of them is found as pond_line finds a line. */
static inline struct sampling_line *sampling_line_at(struct sampling *s, uint64_t line_self)
{
    const size_t first = offsetof(struct sampling, lines) - offsetof(struct pond, caches) / 2;
    return (struct sampling_line *)(void *)((char *)s + first + line_self / 2);
}

static inline struct sampling_line *sampling_line(struct sampling *s, const struct pond *p,
                                                  const struct cache *c)
{
    return sampling_line_at(s, (uint64_t)((const char *)c - (const char *)p));
}

/* How many gets of this cache come before the one that is due, as it was drawn last. */
static inline int64_t sampling_drawn_left(const struct sampling_line *l, const struct cache *c)
{
    return (int64_t)(LOAD(l->due) - LOAD(c->gets));
}

/* The same, at least 0, drawn anew where the setting has changed. */
int64_t sampling_left(struct pond *p, struct sampling *s, struct cache *c);

/* Where the line is to open, of a cache with a magazine loaded. */
void **sampling_base(struct pond *p, struct sampling *s, struct cache *c);

/* Raises the base of this thread's open line after a put by `line_put`. */
void sampling_bound(struct pond *p);

/*
 * The fast path of a put, of a pond without hooks, entered with the line marked; `top` is what it was before.
 * False: nothing was done, and it is marked yet. Otherwise *deep says whether the line is deeper now than it
 * may be: then sampling_bound is due.
 */
static inline bool sampling_put(struct sampling *s, void *obj, struct cache *c, uintptr_t top, bool *deep)
{
    uintptr_t base = (uintptr_t)LOAD(c->base); /* Relaxed: a guess, which sampling_bound looks at again */
    if (__builtin_expect(!line_has_room(c, top) || sampling_may_be(obj), 0))
        return false;
    *(void **)top = obj; /* NOLINT(performance-no-int-to-ptr) */
    top += sizeof(void *);
    int64_t left = sampling_drawn_left(sampling_line_at(s, pond_line_self), c);
    *deep = (int64_t)(top - base) > left * (int64_t)sizeof(void *);
    pond_line_leave((pond_cache *)(void *)c, top);
    return true;
}

/* ---- a get by the slow path ---- */

struct sampling_turn {
    struct cache *cache; /* of this thread; NULL: it has none */
    struct sampling_line *line;
    uint32_t served; /* by the cache, before */
    bool due;
    double weight;
};

/* Begins a get: *turn says whether it is sampled, and what it then stands for. */
struct sampling_turn sampling_begin(struct pond *p, struct sampling *s);

/*
 * Ends the get, which has been served, by the cache or another way, or has failed: it counts as one in any
 * case. If this thread opened its line during the get, it did so for one get too many; the line's base is
 * raised then.
 */
void sampling_end(struct pond *p, const struct sampling_turn *turn);

/*
 * For a get within a turn that is none of the program's. The first says what this thread's cache has served;
 * the second takes this get back if the cache has served it since. The turn's own get counts when it ends.
 */
uint64_t sampling_gets(struct pond *p);
void sampling_uncount(struct pond *p, uint64_t before);

/* ---- switching, under the registry's lock ---- */

/*
 * Begins or ends sampling, with the gates closed, or before anybody knows the pond. `rate`: mean bytes
 * between two samples; 0: none are taken. False: no memory, and none are taken.
 */
bool sampling_set(struct pond *p, size_t rate, uint64_t seed);

/* Weighs objects anew, which have grown or shrunk since: the next draws are by the bytes they have now. */
void sampling_weigh(struct pond *p, size_t rate);

/* The history of a pond that is sampled, or was. */
struct history *sampling_history(const struct pond *p);

void sampling_release(struct pond *p); /* nobody is in the pond any more */

#endif
