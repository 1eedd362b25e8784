/* SPDX-License-Identifier: BSD-2-Clause */
/* Free memory of slabs goes back to the system: whole slabs, and whole free pages of those in use. */
#include "slab.h"
#include "watch.h"

#define PURGE_SCAN 128 /* most pages looked at in one step: the owner's lock is held for that long */

/* True: none of these objects is taken. */
static bool objects_free(const struct slab *s, size_t first, size_t last)
{
    for (size_t word = first / 64; word <= last / 64; word++) {
        uint64_t mask = ~(uint64_t)0;
        if (word == first / 64)
            mask &= ~(uint64_t)0 << first % 64;
        if (word == last / 64)
            mask &= ~(uint64_t)0 >> (63 - last % 64);
        if ((s->taken[word] & mask) != 0)
            return false;
    }
    return true;
}

/* True: the page may be resident, and no object that is taken reaches into it. */
static bool page_purgeable(const struct slab *s, const struct slab_set *set, size_t page)
{
    if (!bit_is_set(s->touched, page))
        return false;
    size_t bytes = os_page_size();
    size_t last = ((page + 1) * bytes - 1) / set->stride;
    return objects_free(s, page * bytes / set->stride, MIN(last, s->room - 1));
}

/* Gives the pages of a row back in one call. False: the calls are used up. */
static bool purge_run(struct slab *s, size_t from, size_t to, size_t *calls)
{
    size_t bytes = os_page_size();
    POND_ASSERT(from <= to && to <= slab_pages(s) && s->set->resident >= to - from);
    if (from == to)
        return true;
    if (*calls == 0)
        return false;
    --*calls;
    if (!os_purge(s->base + from * bytes, (to - from) * bytes))
        return true;
    watch_zeroed(s->base + from * bytes, (to - from) * bytes);
    for (size_t page = from; page < to; page++)
        s->touched[page / 64] &= ~((uint64_t)1 << page % 64); /* each was touched: page_purgeable */
    s->set->resident -= to - from;
    return true;
}

/* Purges what can be of these pages. Returns the page where it goes on when there are calls again. */
static size_t purge_pages(struct slab *s, const struct slab_set *set, size_t from, size_t to, size_t *calls)
{
    size_t run = from;
    for (size_t page = from; page < to; page++) {
        if (page_purgeable(s, set, page))
            continue;
        if (!purge_run(s, run, page, calls))
            return run;
        run = page + 1;
    }
    return purge_run(s, run, to, calls) ? to : run;
}

/* Takes one step: true while there is more to do. *empty: a slab taken out of the set, to be unmapped. */
static bool purge_step(struct slab_set *set, struct slab **empty, size_t *calls)
{
    struct slab *s = set->dirty;
    if (s == NULL || *calls == 0)
        return false;
    POND_ASSERT(s->set == set && s->dirty);
    if (s->used == 0 && !set->keep_mapped) {
        if (*calls < slab_unmap_calls(s))
            return false;
        *calls -= slab_unmap_calls(s);
        set->dirty = s->dirty_next;
        slab_unlink(set, s);
        *empty = s;
        return true;
    }
    size_t pages = slab_pages(s), to = MIN(s->purge_page + PURGE_SCAN, pages);
    s->purge_page = (uint32_t)purge_pages(s, set, s->purge_page, to, calls);
    if (s->purge_page == pages) {
        set->dirty = s->dirty_next;
        s->dirty = false;
    }
    return true;
}

/* Others may dirty the slabs again meanwhile: the steps are counted, what is left waits for the next call. */
void slab_purge_some(struct slab_set *set, pthread_mutex_t *lock, size_t *calls)
{
    uint64_t steps = UINT64_MAX;
    bool more = true;
    while (more && steps-- > 0) {
        struct slab *empty = NULL;
        pthread_mutex_lock(lock);
        if (steps == UINT64_MAX - 1)
            steps = set->bytes / os_page_size() / PURGE_SCAN + 2 * (set->slabs + 1);
        more = purge_step(set, &empty, calls);
        pthread_mutex_unlock(lock);
        if (empty != NULL)
            slab_unmap(empty);
    }
}

void slab_purge(struct slab_set *set, pthread_mutex_t *lock)
{
    size_t calls = SIZE_MAX;
    slab_purge_some(set, lock, &calls);
}
