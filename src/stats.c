/* SPDX-License-Identifier: BSD-2-Clause */
#include "object.h"
#include "registry.h"
#include "sized.h"

static void sum_caches(const struct pond *p, pond_stats *s)
{
    uint32_t lines = LOAD(p->lines);
    for (uint32_t i = 0; i < lines; i++) {
        s->idle_local += cache_idle(&p->caches[i]);
        s->gets += cache_gets(&p->caches[i]);
    }
}

/* Sums up all counts by the equations in types.h. They are read one by one while threads go on, so what a
 * difference would make negative is 0. Under the lock. */
static void count(const struct pond *p, pond_stats *s)
{
    POND_ASSERT(mutex_is_held(&p->lock));
    sum_caches(p, s);
    uint64_t unmade = object_unmade(p);
    s->misses = LOAD(p->misses) - unmade;
    s->gets += p->gets + s->misses;
    s->hits = s->gets - s->misses;
    s->constructed = LOAD(p->constructed) - unmade;
    for (int why = 0; why < POND_DROP_REASONS; why++)
        s->dropped[why] = LOAD(p->dropped[why]);
    s->idle_victim = shared_victims(p);
    s->idle_shared = shared_young(p);
    uint64_t idle = s->idle_local + s->idle_shared + s->idle_victim;
    s->live = p->objects - MIN(p->objects, idle + unmade);
    s->puts = s->gets - MIN(s->gets, s->live);
    s->high_water = MAX(p->high_water, p->objects - unmade);
    s->epoch = registry_epoch(p);
    s->slab_bytes = p->slabs.bytes;
    s->resident_bytes = p->slabs.resident * os_page_size();
    for (int why = 0; why < POND_FAIL_REASONS; why++)
        s->failed[why] = LOAD(p->failed[why]);
    s->waited = p->waits;
}

/* The same in bytes: each object has the stride and the mean of the footprints. */
static void weigh(const struct pond *p, pond_stats *s)
{
    uint64_t each = p->object_bytes + LOAD(p->footprint_mean);
    s->object_bytes = p->object_bytes;
    s->live_bytes = s->live * each;
    s->idle_local_bytes = s->idle_local * each;
    s->idle_shared_bytes = s->idle_shared * each;
    s->idle_victim_bytes = s->idle_victim * each;
    s->high_water_bytes = s->high_water * each;
}

void stats_look(const struct pond *p, pond_stats *s)
{
    *s = (pond_stats){.live = 0};
    count(p, s);
    weigh(p, s);
    uint64_t magazines = p->options.cache_objects == 1 ? 1 : 2;
    s->cache_objects = p->counts_idle_exactly ? 0 : magazines * LOAD(p->magazine_room);
}

void stats_read(struct pond *p, pond_stats *s)
{
    pthread_mutex_lock(&p->lock);
    stats_look(p, s);
    pthread_mutex_unlock(&p->lock);
}

static void read_entered(struct pond *p, pond_stats *stats, size_t bytes, const void *caller)
{
    pond_stats s = {.live = 0};
    if (registry_enter(p, "pond_stats_read", caller)) {
        if (registry_knows(p, "pond_stats_read", caller))
            stats_read(p, &s);
        entry_end();
    }
    sized_give(stats, bytes, &s, sizeof s);
}

void pond_stats_read_sized(pond *p, pond_stats *stats, size_t bytes)
{
    read_entered(p, stats, bytes, CALLER);
}

void pond_stats_read(pond *p, pond_stats *stats)
{
    read_entered(p, stats, STATS_1_0, CALLER);
}
