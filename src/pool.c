/* SPDX-License-Identifier: BSD-2-Clause */
/* The front door: get when the fast path has no answer, in terms of the rooms behind. */
#include "pool.h"
#include "idle.h"
#include "run.h"
#include "sampling.h"
#include <errno.h>

/* ---- get ---- */

/* Whether bytes are counted is asked first, so that threads of such a pond never come to its gate; within the
 * gate it is asked again. */
struct cache *pool_enter(struct pond *p)
{
    if (LOAD(p->counts_idle_exactly))
        return NULL;
    struct cache *c = gate_enter(p);
    if (c == NULL && registry_admit(p))
        c = gate_enter(p);
    if (c != NULL && shared_is_the_only_way(p)) {
        gate_leave(p, c);
        return NULL;
    }
    return c;
}

/* An idle object of this thread's cache or of the depot. NULL: there is none there. */
static void *get_idle(struct pond *p)
{
    struct cache *c = pool_enter(p);
    if (c == NULL)
        return shared_get(p);
    struct magazine *spare = NULL;
    void *obj = cache_get(p, c, &spare);
    gate_leave(p, c);
    if (spare != NULL)
        charge_end(p, spare);
    return obj;
}

/* Up to n objects of this thread's loaded magazine; how many there were. */
static size_t get_some(struct pond *p, void **objs, size_t n)
{
    struct cache *c = gate_enter(p);
    if (c == NULL)
        return 0;
    struct sampling *s = sampling_of(p);
    if (__builtin_expect(s != NULL, 0))
        n = (size_t)MIN((int64_t)n, sampling_left(p, s, c));
    size_t got = cache_get_some(c, objs, n);
    gate_leave(p, c);
    POND_ASSERT(got <= n);
    return got;
}

void *pool_get_cached(struct pond *p)
{
    void *obj;
    return get_some(p, &obj, 1) == 1 ? obj : NULL;
}

/* An idle object that the caches do not reach, or the admission of a new one. Under the lock. */
static void *take_or_admit(struct pond *p, struct admission *b, bool starved, bool *counted)
{
    void *obj = starved ? shared_take(p, counted) : shared_take_loose(p, counted);
    if (obj != NULL) {
        p->gets++;
        return obj;
    }
    bool has_line = gate_registered() && gate_is_admitted(p);
    uint32_t run = has_line && !run_is_left(p) ? run_length(p) : 1;
    if (run > 1)
        shared_drain(p); /* there is nothing in it, and runs are not used while there may be */
    object_admit_run(p, b, run);
    object_count_miss(p, b);
    if (b->full && starved)
        shared_starve(p);
    return NULL;
}

static pond_fail_reason failure_of(const struct admission *b)
{
    if (b->full)
        return POND_FAIL_LIMIT;
    return b->error != 0 ? POND_FAIL_MEMORY : POND_FAIL_HOOK;
}

/* Makes what was admitted. elsewhere: the get goes on where that fails, which is not counted then. */
void *pool_make(struct pond *p, const struct admission *b, bool elsewhere)
{
    void *obj = object_make(p, b);
    if (obj == NULL && !elsewhere)
        pool_failed(p, failure_of(b));
    return obj;
}

/* The next object of this thread's run: it was counted when the run was taken. */
static void *make_of_run(struct pond *p, void *memory)
{
    if (p->options.construct == NULL && watch_of(p) == NULL)
        return memory;
    return pool_make(p, &(struct admission){.memory = memory, .zero = true, .miss = true}, false);
}

/* An object that caches do not reach, or a new one. NULL and *full: other threads' caches may have some yet;
 * or none is to be had, and the caller waits for one. */
static void *get_loose_or_new(struct pond *p, bool *full, bool waits)
{
    struct admission b = {.memory = NULL};
    struct relief relief = {.tried = 0};
    bool starved, counted;
    void *obj;
    do {
        pthread_mutex_lock(&p->lock);
        starved = shared_is_starved(p);
        obj = take_or_admit(p, &b, starved, &counted);
        pthread_mutex_unlock(&p->lock);
    } while (obj == NULL && idle_make_way(p, &b, &relief));
    POND_ASSERT(obj == NULL || b.more.count == 0);
    *full = b.full && (waits || !starved);
    if (b.more.count > 0)
        run_keep(p, &b.more);
    if (obj == NULL)
        return pool_make(p, &b, *full);
    if (counted)
        shared_forget_bytes(p, obj);
    return obj;
}

void *pool_get_or_make(struct pond *p, bool *full)
{
    *full = false;
    void *obj = get_idle(p);
    return obj != NULL ? obj : get_loose_or_new(p, full, true);
}

/* The whole of pond_get's slow way: idle, loose, new, and at max_objects what other threads cache. */
static void *get_plainly(struct pond *p)
{
    for (;;) {
        bool full = false;
        void *obj = get_idle(p);
        if (obj == NULL)
            obj = get_loose_or_new(p, &full, false);
        if (obj == NULL && full)
            obj = gather_one(p, &full, NULL);
        else
            return obj;
        if (obj != NULL)
            return obj;
        if (full && !epoch_drop_aged(p)) { /* gathering may have come upon what is aged */
            pool_failed(p, POND_FAIL_LIMIT);
            return NULL;
        }
    }
}

static void *get_idle_only(struct pond *p)
{
    void *obj = get_idle(p);
    if (obj == NULL)
        obj = shared_get(p); /* what caches cannot reach, too */
    if (obj == NULL)
        errno_be(ENOENT);
    return obj;
}

void *pool_get(struct pond *p, const struct get_how *how)
{
    if (how == NULL)
        return get_plainly(p);
    return how->idle_only ? get_idle_only(p) : wait_get(p, how->timeout);
}

/*
 * A get that nobody watched when it began. If another thread has since put the object that it found, watched,
 * then the watcher is seen here: the object came to us after that put.
 */
static NOT_INLINED void *get_unwatched(struct pond *p, const void *caller, const struct get_how *how)
{
    void *memory = how == NULL || !how->idle_only ? run_get(p) : NULL;
    void *obj = memory != NULL ? make_of_run(p, memory) : pool_get(p, how);
    const struct watch *w = watch_of(p);
    if (__builtin_expect(w != NULL, 0) && obj != NULL)
        w->adopt(p, obj, caller);
    return obj;
}

/* A get that the watcher is asked about, unless it samples and leaves this one out. */
static void *get_asked(struct pond *p, const struct watch *w, const void *caller, const struct get_how *how)
{
    void *obj = NULL;
    if (w->countdown_id == watch_countdown_id && (watch_countdown -= LOAD(p->watch_step)) >= 0)
        obj = pool_get_cached(p);
    return obj != NULL ? obj : w->get(p, caller, how);
}

static NOT_INLINED void *get_watched(struct pond *p, const struct watch *w, const void *caller,
                                     const struct get_how *how)
{
    if (!registry_enter(p, get_function(how), caller))
        return NULL;
    void *obj = get_asked(p, w, caller, how);
    entry_end();
    return obj;
}

/* A get of a pond whose gets are sampled, watched or not. */
static NOT_INLINED void *get_sampled(struct pond *p, struct sampling *s, const void *caller,
                                     const struct get_how *how)
{
    if (!registry_enter(p, get_function(how), caller))
        return NULL;
    struct sampling_turn turn = sampling_begin(p, s);
    const struct watch *w = watch_of(p);
    void *obj = w == NULL ? get_unwatched(p, caller, how) : get_asked(p, w, caller, how);
    sampling_end(p, &turn);
    if (turn.due && obj != NULL)
        sample_got(p, obj, turn.weight, caller);
    entry_end();
    return obj;
}

static void *get_one(struct pond *p, const void *caller, const struct get_how *how)
{
    struct sampling *s = sampling_of(p);
    if (__builtin_expect(s != NULL, 0))
        return get_sampled(p, s, caller, how);
    const struct watch *w = watch_of(p);
    return w == NULL ? get_unwatched(p, caller, how) : get_watched(p, w, caller, how);
}

void *pool_get_from(struct pond *p, const void *caller, const struct get_how *how)
{
    if (__builtin_expect(!line_unmark(p), 0) && !registry_interrupted(p, get_function(how), caller))
        return NULL;
    return get_one(p, caller, how);
}

void *pond_get_slow(pond *p)
{
    return pool_get_from(p, CALLER, NULL);
}

NOT_INLINED ON_ONE_LINE void *pond_get(pond *p)
{
    return pond_get_inline(p);
}

size_t pond_get_many(pond *p, void **objs, size_t n)
{
    size_t got = 0;
    if (!registry_knows(p, "pond_get_many", CALLER))
        return 0;
    while (got < n) {
        if (!LOAD(p->counts_idle_exactly) && watch_of(p) == NULL)
            got += get_some(p, objs + got, n - got);
        if (got == n || (objs[got] = get_one(p, CALLER, NULL)) == NULL)
            break;
        got++;
    }
    return got;
}

/* ---- for whoever watches ---- */

/* Takes back what a cache or the shared way has counted as a get. */
static void uncount_get(struct pond *p)
{
    pthread_mutex_lock(&p->lock);
    p->gets--;
    pthread_mutex_unlock(&p->lock);
}

void *pool_get_idle(struct pond *p)
{
    uint64_t before = sampling_gets(p);
    void *obj = get_idle(p);
    sampling_uncount(p, before);
    return obj;
}

void *pool_get_gathered(struct pond *p)
{
    bool full;
    return gather_one(p, &full, NULL);
}

void pool_put_back(struct pond *p, void *obj)
{
    uncount_get(p);
    pool_put_clean(p, obj);
}

/* Drops an object that is idle anywhere. False: none is. */
static bool drop_idle(struct pond *p)
{
    void *obj = pool_get_idle(p);
    if (obj == NULL)
        obj = pool_get_gathered(p);
    if (obj == NULL)
        return epoch_drop_aged(p);
    uncount_get(p);
    pool_drop(p, obj, POND_DROP_DEBUG);
    return true;
}

/* Admits an object for a get, made of this memory or, where it is NULL, of a slab's. */
static void admit_for_get(struct pond *p, struct admission *b, void *memory)
{
    pthread_mutex_lock(&p->lock);
    object_admit(p, b, memory);
    object_count_miss(p, b);
    pthread_mutex_unlock(&p->lock);
}

/* A get that waits does so when all objects are live, and what it then gets is new, since puts drop. */
void *pool_get_new(struct pond *p, const struct get_how *how)
{
    struct admission b;
    if (how != NULL && how->idle_only) {
        errno_be(ENOENT);
        return NULL;
    }
    do
        admit_for_get(p, &b, NULL);
    while (b.full && drop_idle(p));
    return b.full && how != NULL ? pool_get(p, how) : pool_make(p, &b, false);
}

void *pool_get_made_at(struct pond *p, void *memory)
{
    struct admission b;
    admit_for_get(p, &b, memory);
    return object_make(p, &b);
}
