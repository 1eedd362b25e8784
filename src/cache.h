/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Thread caches beyond the fast path: two magazines, exchanged whole with the depot. The functions of a
 * cache are for its owner, whose gate is busy, or for whoever closed the pond and found the owner outside;
 * none blocks.
 */
#ifndef POND_CACHE_H
#define POND_CACHE_H

#include "depot.h"
#include "gate.h"

/* An idle object from the cache or the depot, or NULL. *spare: a magazine to end once the gate is free. */
void *cache_get(struct pond *p, struct cache *c, struct magazine **spare);

/* Whether a get would find nothing in it. By its owner. */
static inline bool cache_is_empty(const struct cache *c)
{
    return (c->loaded == NULL || c->top <= c->loaded->slots) && c->previous_count == 0;
}

/*
 * Makes the object idle in the cache. False: it needs an empty magazine in *spare. True: it is done;
 * *spare, if still set, was not used.
 */
bool cache_put(struct pond *p, struct cache *c, void *obj, struct magazine **spare);

/* Gets or puts up to n objects of the loaded magazine at once; returns how many. */
size_t cache_get_some(struct cache *c, void **objs, size_t n);
size_t cache_put_some(const struct pond *p, struct cache *c, void *const *objs, size_t n);

/*
 * Closes its line and gives everything in it to the depot. Under the pond's lock, and the registry's.
 * Returns the exchanges since the last drain.
 */
uint32_t cache_drain(struct pond *p, struct cache *c);

/*
 * Forgets what is in the cache: in a forked child, of a thread that may have been inside and is not there.
 * What it had belongs to nobody now.
 */
void cache_abandon(struct cache *c);

/* Figures that may be read at any time by any thread. */
uint64_t cache_idle(const struct cache *c);
uint64_t cache_gets(const struct cache *c);

/*
 * Sets the room of new magazines by the pond's options; and lowers it after an epoch with little traffic.
 */
void cache_room_init(struct pond *p);
void cache_room_calm(struct pond *p, uint64_t exchanges); /* of the epoch that ends */

/*
 * Whether line, magazines and counts agree. By the owner, or by whoever may drain it; each drain asks it in
 * builds with assertions.
 */
bool cache_is_valid(const struct pond *p, const struct cache *c);

#endif
