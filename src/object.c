/* SPDX-License-Identifier: BSD-2-Clause */
#include "object.h"
#include "board.h"
#include "entry.h"
#include "wait.h"
#include "watch.h"
#include <errno.h>
#include <string.h>

/* ---- beginning ---- */

/* Takes memory for up to `most` objects: the first is *b's own, the others are b->more. */
static bool memory_take(struct pond *p, struct admission *b, uint32_t most)
{
    struct slab_run run;
    if (!slab_take_run(&p->slabs, most, &run))
        return false;
    b->memory = run.base + p->front_bytes;
    b->zero = run.zero;
    b->more = run;
    b->more.base += p->object_bytes;
    b->more.count--;
    return true;
}

/* Gives the object's memory back to its slab; ticks give it back to the system. */
static void memory_give(struct pond *p, void *obj)
{
    board_wake(p);
    slab_give(&p->slabs, (char *)obj - p->front_bytes);
}

/* Notes in this thread's line how many objects its new run is for, which run_keep will bring to its cache. */
static void count_run(struct pond *p, const struct admission *b)
{
    struct cache *c = (struct cache *)(void *)pond_line(p);
    POND_ASSERT(c != &p->closed && LOAD(c->run_left) == 0);
    p->runs = true;
    STORE(c->run_left, (uint16_t)(b->more.count | RUN_HANDED));
}

void object_admit_run(struct pond *p, struct admission *b, uint32_t most)
{
    POND_ASSERT(mutex_is_held(&p->lock) && most > 0);
    void *memory = b->memory;
    *b = (struct admission){.memory = memory, .zero = true, .full = !wait_has_room(p)};
    b->error = b->full ? EAGAIN : 0;
    if (b->error == 0 && p->object_bytes > 0 && memory == NULL && !memory_take(p, b, most))
        b->error = ENOMEM;
    if (b->error != 0)
        return;
    p->objects += 1 + b->more.count;
    /* A hook that is left by longjmp leaves an object behind. */
    STORE(p->constructed, p->constructed + 1 + b->more.count);
    if (b->more.count > 0)
        count_run(p, b);
}

void object_admit(struct pond *p, struct admission *b, void *memory)
{
    b->memory = memory;
    object_admit_run(p, b, 1);
}

uint64_t object_unmade(const struct pond *p)
{
    uint64_t unmade = 0;
    for (uint32_t i = 0, lines = p->runs ? LOAD(p->lines) : 0; i < lines; i++)
        unmade += LOAD(p->caches[i].run_left) & ~RUN_HANDED;
    return MIN(unmade, p->objects);
}

void object_high_water(struct pond *p)
{
    POND_ASSERT(p->constructed >= p->objects);
    if (p->objects > p->high_water)
        p->high_water = MAX(p->high_water, p->objects - object_unmade(p));
}

void object_count_miss(struct pond *p, struct admission *b)
{
    b->miss = b->error == 0;
    STORE(p->misses, p->misses + b->miss + b->more.count);
}

static bool has_maker(const struct pond *p)
{
    return p->options.construct != NULL || p->options.create != NULL;
}

/* Has the construct hook run on zeroed memory. 0, or the hook's error. */
static int construct(struct pond *p, void *obj, bool zero)
{
    if (!zero)
        memset(obj, 0, p->object_bytes - p->front_bytes);
    if (p->options.construct == NULL)
        return 0;
    uint32_t entry = entry_pause();
    int error = p->options.construct(obj, p->options.ctx);
    entry_resume(entry);
    return error;
}

/* Has the create hook run. 0, or the errno that it left. */
static int create_one(struct pond *p, void **obj)
{
    uint32_t entry = entry_pause();
    errno_be(ENOMEM); /* in case that create leaves errno as it is */
    *obj = p->options.create(p->options.ctx);
    entry_resume(entry);
    if (*obj != NULL)
        return 0;
    int error = errno_now();
    return error != 0 ? error : ENOMEM;
}

/* 0, or the errno value of a hook that failed. */
static int construct_or_create(struct pond *p, void **obj, bool zero)
{
    return p->options.create != NULL ? create_one(p, obj) : construct(p, *obj, zero);
}

/* Tells the watcher that an object has ended. True: the memory was the watcher's own, which has it back. */
static bool watcher_has(const struct watch *w, struct pond *p, void *obj)
{
    return w != NULL && w->ended(p, obj);
}

/* Takes an admission back whose hook has failed: memory, place and counts. */
static void unmake(struct pond *p, const struct admission *b)
{
    bool ours = b->memory != NULL && !watcher_has(watch_of(p), p, b->memory);
    pthread_mutex_lock(&p->lock);
    if (ours)
        memory_give(p, b->memory);
    object_high_water(p);
    POND_ASSERT(p->objects > 0 && p->constructed > 0 && p->misses >= b->miss);
    p->objects--;
    STORE(p->constructed, p->constructed - 1);
    STORE(p->misses, p->misses - b->miss);
    wait_made_room(p);
    pthread_mutex_unlock(&p->lock);
}

ON_THE_STACK void *object_make(struct pond *p, const struct admission *b)
{
    void *obj = b->memory;
    int error = b->error;
    if (error != 0 && obj != NULL)
        (void)watcher_has(watch_of(p), p, obj);
    const struct watch *w = error == 0 && has_maker(p) ? watch_of(p) : NULL;
    if (w != NULL)
        w->making(p, b->memory);
    if (error == 0)
        error = construct_or_create(p, &obj, b->zero);
    if (w != NULL)
        w->tried(p, b->memory);
    if (error != 0 && b->error == 0)
        unmake(p, b);
    if (error != 0) {
        errno_be(error);
        return NULL;
    }
    w = watch_of(p);
    if (w != NULL)
        w->made(p, obj);
    return obj;
}

/* ---- end ---- */

void object_uncount(struct pond *p, pond_drop_reason why)
{
    POND_ASSERT(mutex_is_held(&p->lock) && p->objects > 0 && why < POND_DROP_REASONS);
    object_high_water(p);
    p->objects--;
    ADD(p->dropped[why], 1);
    wait_made_room(p);
}

ON_THE_STACK void object_end(struct pond *p, void *obj, pond_drop_reason why)
{
    const struct watch *w = watch_of(p);
    if (w != NULL)
        w->drop(p, obj);
    if (p->options.destroy != NULL) {
        uint32_t entry = entry_pause();
        ADD(p->ending, 1);
        p->options.destroy(obj, why, p->options.ctx);
        ADD(p->ending, -(uint64_t)1);
        entry_resume(entry);
    }
    if (watcher_has(w, p, obj) || p->object_bytes == 0)
        return;
    pthread_mutex_lock(&p->lock);
    memory_give(p, obj);
    pthread_mutex_unlock(&p->lock);
}

void object_drop_plain(struct pond *p, void **objs, size_t n, pond_drop_reason why)
{
    POND_ASSERT(mutex_is_held(&p->lock) && p->objects >= n && p->options.destroy == NULL);
    for (size_t i = 0; i < n; i++)
        memory_give(p, objs[i]);
    object_high_water(p);
    p->objects -= n;
    ADD(p->dropped[why], n);
    wait_made_room(p);
}

/* ---- between two lives ---- */

/* What the footprint hook says. */
static size_t footprint(struct pond *p, void *obj)
{
    uint32_t entry = entry_pause();
    size_t bytes = p->options.footprint(obj, p->options.ctx);
    entry_resume(entry);
    return bytes;
}

/* The same of an idle object that the watcher may have closed to everybody. */
static size_t footprint_watched(struct pond *p, void *obj, const struct watch *w)
{
    w->before_look(p, obj);
    size_t bytes = footprint(p, obj);
    w->after_look(p, obj);
    return bytes;
}

ON_THE_STACK bool object_reset(struct pond *p, void *obj)
{
    uint32_t entry = entry_pause();
    bool kept = p->options.reset(obj, p->options.ctx);
    entry_resume(entry);
    return kept;
}

ON_THE_STACK size_t object_bytes(struct pond *p, void *obj)
{
    const pond_options *o = &p->options;
    const struct watch *w = watch_of(p);
    if (o->footprint == NULL)
        return p->object_bytes;
    return p->object_bytes + (w == NULL ? footprint(p, obj) : footprint_watched(p, obj, w));
}

/* Brings the mean of the last puts nearer to this one. Relaxed: two threads may overwrite each other's; it is
 * an estimate. */
static void note_footprint(struct pond *p, uint64_t bytes)
{
    uint64_t mean = LOAD(p->footprint_mean);
    if (mean == bytes)
        return;
    int64_t step = ((int64_t)bytes - (int64_t)mean) / 16;
    STORE(p->footprint_mean, mean == 0 || step == 0 ? bytes : mean + (uint64_t)step);
}

bool object_needs_reset_alone(const struct pond *p)
{
    const pond_options *o = &p->options;
    return o->reset != NULL && o->footprint == NULL && (o->flags & POND_ZERO_ON_PUT) == 0;
}

bool object_needs_cleaning(const struct pond *p)
{
    const pond_options *o = &p->options;
    return o->reset != NULL || o->footprint != NULL || (o->flags & POND_ZERO_ON_PUT) != 0;
}

ON_THE_STACK bool object_clean(struct pond *p, void *obj, pond_drop_reason *why)
{
    const pond_options *o = &p->options;
    if (o->reset != NULL && !object_reset(p, obj)) {
        *why = POND_DROP_REJECTED;
        return false;
    }
    if (o->footprint != NULL) {
        size_t bytes = footprint(p, obj);
        size_t most = LOAD(o->max_footprint); /* Relaxed: one word; a put is before its change or after it */
        if (most > 0 && bytes > most) {
            *why = POND_DROP_LIMIT;
            return false;
        }
        note_footprint(p, bytes);
    }
    if ((o->flags & POND_ZERO_ON_PUT) != 0) {
        explicit_bzero(obj, o->size);
        watch_zeroed(obj, o->size);
    }
    return true;
}

/* ---- is a hook under way? ---- */

/* Looks on this thread's stack for the functions that call hooks: these are all of them. */
bool object_in_hook(const void *unless)
{
    const void *const callers[] = {unless,
                                   (const void *)(uintptr_t)object_make,
                                   (const void *)(uintptr_t)object_end,
                                   (const void *)(uintptr_t)object_clean,
                                   (const void *)(uintptr_t)object_reset,
                                   (const void *)(uintptr_t)object_put_reset,
                                   (const void *)(uintptr_t)object_bytes};
    const void *found = frame_search(callers, sizeof(callers) / sizeof(callers[0]));
    return found != NULL && found != unless;
}
