/* SPDX-License-Identifier: BSD-2-Clause */
/* The front door's other half: put and discard when the fast path has no answer. */
#include "idle.h"
#include "pool.h"
#include "sampling.h"

void pool_drop(struct pond *p, void *obj, pond_drop_reason why)
{
    pthread_mutex_lock(&p->lock);
    object_uncount(p, why);
    pthread_mutex_unlock(&p->lock);
    object_end(p, obj, why);
}

/* Puts up to n objects into this thread's loaded magazine; how many went in. */
static size_t put_some(struct pond *p, void *const *objs, size_t n)
{
    struct cache *c = gate_enter(p);
    if (c == NULL)
        return 0;
    size_t put = cache_put_some(p, c, objs, n);
    gate_leave(p, c);
    return put;
}

bool pool_put_cached(struct pond *p, void *obj)
{
    return put_some(p, (void *const *)&obj, 1) == 1;
}

/* True: the object is idle in this thread's cache or the depot. *room: it may be idle elsewhere. */
static bool put_cached(struct pond *p, void *obj, bool *room)
{
    struct magazine *spare = NULL;
    for (;;) {
        struct cache *c = pool_enter(p);
        bool done = c != NULL && cache_put(p, c, obj, &spare);
        if (c != NULL)
            gate_leave(p, c);
        *room = done || c == NULL || idle_has_room(p);
        if (!done && c != NULL && *room && (spare = charge_magazine(p, false)) != NULL)
            continue;
        if (spare != NULL)
            charge_end(p, spare);
        return done;
    }
}

void pool_put_clean(struct pond *p, void *obj)
{
    int saved = errno_now();
    bool room;
    if (!put_cached(p, obj, &room) && !(room && shared_put(p, obj)))
        pool_drop(p, obj, POND_DROP_LIMIT);
    errno_be(saved);
}

/* Puts by this thread's line after a hook has run, which may have gone on on another thread. */
static AFTER_HOOK bool put_in_line(struct pond *p, void *obj, uintptr_t guess)
{
    bool done = line_put(p, obj, guess);
    if (__builtin_expect(sampling_of(p) != NULL, 0))
        sampling_bound(p);
    return done;
}

/* Puts an object of a pond whose hooks have work to do first. */
static void put_worked(struct pond *p, void *obj)
{
    int saved = errno_now();
    pond_drop_reason why;
    if (!object_clean(p, obj, &why))
        pool_drop(p, obj, why);
    else if (!put_in_line(p, obj, 0))
        pool_put_clean(p, obj);
    errno_be(saved);
}

void pool_put(struct pond *p, void *obj)
{
    if (p->put_is_slow)
        put_worked(p, obj);
    else
        pool_put_clean(p, obj);
}

/*
 * Puts an object that the watcher is asked about, unless it samples and this is none of its own. Relaxed:
 * guard_region is set before the watcher can give out any object that lies in it.
 */
static void put_asked(struct pond *p, const struct watch *w, void *obj, const void *caller)
{
    bool asks = w->countdown_id == 0 || (uintptr_t)obj - LOAD(guard_region) < WATCH_REGION;
    if (asks || p->put_is_slow || !pool_put_cached(p, obj))
        w->put(p, obj, caller);
}

static NOT_INLINED void put_watched(struct pond *p, const struct watch *w, void *obj, const void *caller)
{
    if (!registry_enter(p, "pond_put", caller))
        return;
    put_asked(p, w, obj, caller);
    entry_end();
}

static NOT_INLINED void put_sampled(struct pond *p, void *obj, const void *caller)
{
    if (!registry_enter(p, "pond_put", caller))
        return;
    if (sampling_may_be(obj))
        sample_ended(obj);
    const struct watch *w = watch_of(p);
    if (w != NULL)
        put_asked(p, w, obj, caller);
    else
        pool_put(p, obj);
    entry_end();
}

static void put_any(struct pond *p, void *obj, const void *caller)
{
    const struct watch *w = watch_of(p);
    if (sampling_of(p) != NULL)
        put_sampled(p, obj, caller);
    else if (__builtin_expect(w != NULL, 0))
        put_watched(p, w, obj, caller);
    else
        pool_put(p, obj);
}

/*
 * Runs the reset hook and puts by the line. The hook is called right here, and nothing is asked but whether
 * it has had the pond sampled: of a put and its get this is the larger part. The thread is outside of the
 * library (entry.h): only watched and sampled calls begin.
 */
ON_THE_STACK void object_put_reset(struct pond *p, void *obj, pond_cache *line, uintptr_t top)
{
    pond_line_leave(line, top);
    int saved = errno_now();
    if (__builtin_expect(!p->options.reset(obj, p->options.ctx), 0))
        pool_drop(p, obj, POND_DROP_REJECTED);
    else if (__builtin_expect(!put_in_line(p, obj, top), 0))
        pool_put_clean(p, obj);
    errno_be(saved);
}

/* Puts with the line marked: takes the mark off first, and refuses what has interrupted another call. */
static NOT_INLINED void put_marked(struct pond *p, void *obj, const void *caller)
{
    if (__builtin_expect(!line_unmark(p), 0) && !registry_interrupted(p, "pond_put", caller))
        return;
    put_any(p, obj, caller);
}

/* Puts what is no sampling's to put. The lowest bit of top is set if this call interrupted another one, whose
 * mark it is then. */
static INLINED void put_unsampled(struct pond *p, void *obj, pond_cache *line, uintptr_t top,
                                  const void *caller, const struct sampling *way)
{
    if (__builtin_expect(way != PUT_RESETS || (top & 1) != 0, 0)) {
        put_marked(p, obj, caller);
        return;
    }
    object_put_reset(p, obj, line, top);
}

static inline bool is_sampling(const struct sampling *way)
{
    return (uintptr_t)way > (uintptr_t)PUT_RESETS;
}

/*
 * The first step of all puts of ponds that are sampled or have hooks: most of them need no more than is in
 * sight here. Pairs with put_way_set in types.h: whoever finds a sampling also finds it set up.
 */
static INLINED void put_at_line(struct pond *p, void *obj, pond_cache *line, uintptr_t top,
                                const void *caller)
{
    struct sampling *way = __atomic_load_n(&p->put_way, __ATOMIC_ACQUIRE);
    bool deep;
    POND_ASSERT(!is_sampling(way) || !p->put_is_slow);
    if (!is_sampling(way) || !sampling_put(way, obj, (struct cache *)(void *)line, top, &deep))
        put_unsampled(p, obj, line, top, caller, way);
    else if (__builtin_expect(deep, 0))
        sampling_bound(p);
}

NOT_INLINED void pond_put_slow(pond *p, void *obj, pond_cache *line, uintptr_t top)
{
    put_at_line(p, obj, line, top, CALLER);
}

void pool_put_from(struct pond *p, void *obj, pond_cache *line, uintptr_t top, const void *caller)
{
    put_at_line(p, obj, line, top, caller);
}

NOT_INLINED ON_ONE_LINE void pond_put(pond *p, void *obj)
{
    pond_put_inline(p, obj);
}

/* How many objects come before the first that is NULL. */
static size_t before_null(void *const *objs, size_t n)
{
    size_t i = 0;
    while (i < n && objs[i] != NULL)
        i++;
    return i;
}

static void put_many(struct pond *p, void *const *objs, size_t n)
{
    for (size_t put = 0; put < n;) {
        if (!p->put_is_slow && sampling_of(p) == NULL)
            put += put_some(p, objs + put, before_null(objs + put, n - put));
        if (put < n)
            pond_put(p, objs[put++]);
    }
}

static void put_one(struct pond *p, void *obj, const void *caller)
{
    const struct watch *w = watch_of(p);
    if (w == NULL)
        pond_put(p, obj); /* hooks ran for those before: see AFTER_HOOK */
    else if (obj != NULL)
        put_any(p, obj, caller);
}

void pond_put_many(pond *p, void *const *objs, size_t n)
{
    if (!registry_knows(p, "pond_put_many", CALLER))
        return;
    if (watch_of(p) == NULL)
        put_many(p, objs, n);
    else
        for (size_t i = 0; i < n; i++)
            put_one(p, objs[i], CALLER);
}

static void discard(struct pond *p, void *obj, const void *caller)
{
    const struct watch *w = watch_of(p);
    if (sampling_of(p) != NULL && sampling_may_be(obj))
        sample_ended(obj);
    if (w == NULL)
        pool_drop(p, obj, POND_DROP_DISCARDED);
    else
        w->discard(p, obj, caller);
}

void pond_discard(pond *p, void *obj)
{
    if (obj == NULL || !registry_enter(p, "pond_discard", CALLER))
        return;
    if (registry_knows(p, "pond_discard", CALLER))
        discard(p, obj, CALLER);
    entry_end();
}
