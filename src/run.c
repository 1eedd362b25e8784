/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A thread that finds no idle object, and whose pond makes many, takes memory for some in a row, its run, and
 * makes the next ones of it without the lock.
 *
 * Invariants
 *   1. Objects of a run are counted when it is taken (objects, constructed, misses), as if all of them were
 *      made at once; who reads these counts subtracts what is left of runs. So making an object of a run is
 *      one store: run_left is one less, and the memory is the thread's. From the taking on, under the lock,
 *      it is counted in run_left and nowhere else; with RUN_HANDED in it, it is nobody's but that thread's,
 *      wherever that is: closers leave it alone.
 *   2. Memory in a run is zero, and taken in its slab.
 *   3. A cache's run is changed by its owner, busy in it, or by whoever owns the cache (gate.c).
 *   4. Runs are a fraction of what the pond has, so that a pond of few objects has none, and many threads do
 *      not hoard. Each tick gives back what is left of them.
 *   5. There are none where each object is to be told of when it is made: with a bound of objects, with exact
 *      bytes, with a watcher.
 */
#include "run.h"
#include "shared.h"
#include "wait.h"
#include "watch.h"
#include <string.h>

#define RUN_BYTES ((size_t)64 << 10)
#define RUN_MOST 1024 /* objects; run_left has 16 bits */

uint32_t run_length(const struct pond *p)
{
    if (p->options.max_objects > 0 || p->object_bytes == 0 || p->exact_bytes || watch_of(p) != NULL)
        return 1;
    uint64_t some = p->objects / (4 * (uint64_t)MAX(LOAD(p->lines), 2));
    size_t most = MIN(RUN_BYTES / p->object_bytes, RUN_MOST);
    return (uint32_t)MAX(MIN(some, most), 1);
}

/* By the owner, busy in the cache; its run may have been given back before it was. */
static void *run_take(const struct pond *p, struct cache *c)
{
    uint16_t left = c->run_left;
    if (left == 0 || !cache_is_empty(c) || !depot_is_empty(&p->depot) || shared_has_loose(p))
        return NULL;
    STORE(c->run_left, (uint16_t)(left - 1));
    return c->run_end - left * p->object_bytes + p->lead;
}

/* A thread without a cache has the first line, which has no run. */
bool run_is_left(const struct pond *p)
{
    const struct cache *c = (const struct cache *)(const void *)((const char *)p + pond_line_self);
    return LOAD(c->run_left) > 0;
}

void *run_get(struct pond *p)
{
    if (!run_is_left(p))
        return NULL;
    struct cache *c = gate_enter(p);
    if (c == NULL)
        return NULL;
    void *memory = run_take(p, c);
    gate_leave_as_before(c);
    return memory;
}

/* Under the lock, the pond's slabs being its own. */
static void run_return(struct pond *p, char *base, uint32_t n)
{
    slab_give_run(&p->slabs, base, n);
    board_wake(p);
    p->objects -= n;
    STORE(p->constructed, p->constructed - n);
    STORE(p->misses, p->misses - n);
    wait_made_room(p); /* max_objects may have been set since it was taken */
}

/* False: it is not this thread's to have. */
static bool hand_out(struct pond *p, const struct slab_run *r)
{
    struct cache *c = gate_enter(p);
    bool room = c != NULL && LOAD(p->options.max_objects) == 0;
    if (room) {
        c->run_end = r->base + r->count * p->object_bytes;
        STORE(c->run_left, (uint16_t)r->count);
    }
    if (c != NULL)
        gate_leave(p, c);
    return room;
}

/*
 * Pages that are new are made resident all at once: that takes three quarters of what it takes when each is
 * asked for by the first write to it. Not where an object has more than a page: nobody need write to all of
 * it.
 */
static void make_zero(const struct pond *p, const struct slab_run *r)
{
    if (!r->zero)
        memset(r->base, 0, r->count * p->object_bytes);
    else if (r->new_bytes > os_page_size() && p->object_bytes <= os_page_size())
        os_populate(r->new_pages, r->new_bytes);
}

void run_keep(struct pond *p, const struct slab_run *r)
{
    make_zero(p, r);
    if (hand_out(p, r))
        return;
    struct cache *mine = (struct cache *)(void *)pond_line(p);
    pthread_mutex_lock(&p->lock);
    object_high_water(p);
    STORE(mine->run_left, 0);
    run_return(p, r->base, r->count);
    pthread_mutex_unlock(&p->lock);
}

void run_give_back(struct pond *p, struct cache *c)
{
    uint16_t left = LOAD(c->run_left);
    if (left == 0 || (left & RUN_HANDED) != 0)
        return;
    STORE(c->run_left, 0);
    run_return(p, c->run_end - left * p->object_bytes, left);
}

void run_abandon(struct cache *c)
{
    STORE(c->run_left, 0);
}

void run_forked(struct cache *c)
{
    if ((c->run_left & RUN_HANDED) != 0)
        run_abandon(c);
}

void run_turned(struct pond *p)
{
    p->runs = object_unmade(p) > 0;
}
