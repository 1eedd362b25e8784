/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Gives a thread memory for some objects in a row, its run, where it finds no idle object and its pond makes
 * many. It makes the next ones of it without the lock.
 *
 * Invariants
 *   1. Objects of a run are counted when it is taken (objects, constructed, misses), as if all of them were
 *      made at once; whoever reads these counts subtracts what is left of runs. So making an object of a run
 *      is one store: run_left is one less, and the memory is the thread's. From the taking on, under the
 *      lock, the run is counted in run_left and nowhere else. While RUN_HANDED is in run_left the run is on
 *      its way to the cache in that thread's hands: closers leave it alone.
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
    if (p->options.max_objects > 0 || p->object_bytes == 0 || p->counts_idle_exactly || watch_of(p) != NULL)
        return 1;
    uint64_t some = p->objects / (4 * (uint64_t)MAX(LOAD(p->lines), 2));
    size_t most = MIN(RUN_BYTES / p->object_bytes, RUN_MOST);
    return (uint32_t)MAX(MIN(some, most), 1);
}

/* Looks at the first bytes alone. */
static bool begins_with_zero(const char *memory, size_t bytes)
{
    for (size_t i = 0; i < MIN(bytes, 64); i++)
        if (memory[i] != 0)
            return false;
    return true;
}

/* The next object's memory. Called by the owner, busy in the cache; its run may have been given back before
 * it was busy. */
static void *run_take(const struct pond *p, struct cache *c)
{
    uint16_t left = c->run_left;
    bool none = left - 1u >= RUN_MOST; /* or RUN_HANDED: by a call that this one, in a signal's handler, has
                                          interrupted */
    if (none || !cache_is_empty(c) || !depot_is_empty(&p->depot) || shared_has_loose(p))
        return NULL;
    STORE(c->run_left, (uint16_t)(left - 1));
    char *memory = c->run_end - left * p->object_bytes;
    POND_ASSERT(begins_with_zero(memory, p->object_bytes) && slab_locate(slab_of(memory), memory) == memory);
    return memory + p->front_bytes;
}

/* A thread without a cache has the pond's first line, which has no run. */
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

/* Gives the memory of n objects back and takes them from the counts. Under the lock, the slabs being the
 * pond's own. */
static void run_return(struct pond *p, char *base, uint32_t n)
{
    POND_ASSERT(n > 0 && p->objects >= n && p->constructed >= n && p->misses >= n);
    slab_give_run(&p->slabs, base, n);
    board_wake(p);
    p->objects -= n;
    STORE(p->constructed, p->constructed - n);
    STORE(p->misses, p->misses - n);
    wait_made_room(p); /* max_objects may have been set since it was taken */
}

/* Brings the run to this thread's cache. False: it may not have one there. */
static bool hand_out(struct pond *p, const struct slab_run *r)
{
    struct cache *c = gate_enter(p);
    /* Relaxed: whoever sets max_objects has closed the pond, and waits for this thread to leave its gate. */
    bool room = c != NULL && LOAD(p->options.max_objects) == 0;
    if (room) {
        POND_ASSERT(r->count <= RUN_MOST && LOAD(c->run_left) == (r->count | RUN_HANDED));
        c->run_end = r->base + r->count * p->object_bytes;
        STORE(c->run_left, (uint16_t)r->count);
    }
    if (c != NULL)
        gate_leave(p, c);
    return room;
}

/*
 * Makes all of the run zero and its pages resident. Pages that are new are made so all at once: that takes
 * three quarters of what it takes when each is asked for by the first write to it. Where an object has more
 * than a page they are left alone, for nobody need write to all of it.
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
