/* SPDX-License-Identifier: BSD-2-Clause */
/* The front door: what an application calls, in terms of the rooms behind. */
#include "epoch.h"
#include <errno.h>
#include <pond/typed.h>
#include <string.h>

/* ---- get ---- */

/* This thread's cache with its gate busy, or NULL. */
static struct cache *enter(struct pond *p)
{
    struct cache *c = gate_enter(p);
    if (c == NULL && registry_admit())
        c = gate_enter(p);
    return c;
}

static void *get_idle(struct pond *p)
{
    struct cache *c = p->exact_bytes ? NULL : enter(p);
    if (c == NULL)
        return shared_get(p);
    struct magazine *spare = NULL;
    void *obj = cache_get(p, c, &spare);
    gate_leave();
    if (spare != NULL)
        shared_magazine_end(p, spare);
    return obj;
}

/* The lock that a new object needs anyway shows the idle ones that the caches do not reach. */
static void *get_loose_or_new(struct pond *p, bool *full)
{
    struct birth b = {.memory = NULL};
    pthread_mutex_lock(&p->lock);
    void *obj = shared_take_loose(p);
    if (obj != NULL)
        p->gets++;
    else
        object_admit(p, &b);
    pthread_mutex_unlock(&p->lock);
    *full = b.full;
    if (obj != NULL) {
        shared_forget_bytes(p, obj);
        return obj;
    }
    obj = object_make(p, &b);
    if (obj != NULL)
        ADD(p->misses, 1);
    return obj;
}

static void *get_any(struct pond *p)
{
    for (;;) {
        bool full = false;
        void *obj = get_idle(p);
        if (obj == NULL)
            obj = get_loose_or_new(p, &full);
        if (obj == NULL && full)
            obj = registry_gather(p, &full);
        else
            return obj;
        if (obj != NULL)
            shared_forget_bytes(p, obj);
        if (obj != NULL || full)
            return obj;
    }
}

void *pond_get_slow(pond *p)
{
    pond_gate_leave();
    return get_any(p);
}

ON_ONE_LINE void *pond_get(pond *p)
{
    return pond_get_inline(p);
}

size_t pond_get_many(pond *p, void **objs, size_t n)
{
    size_t got = 0;
    while (got < n) {
        struct cache *c = p->exact_bytes ? NULL : gate_enter(p);
        if (c != NULL) {
            got += cache_get_some(c, objs + got, n - got);
            gate_leave();
        }
        if (got == n)
            break;
        objs[got] = get_any(p);
        if (objs[got] == NULL)
            break;
        got++;
    }
    return got;
}

/* ---- put ---- */

static void put_dropped(struct pond *p, void *obj, pond_drop_reason why)
{
    pthread_mutex_lock(&p->lock);
    object_uncount(p, why);
    pthread_mutex_unlock(&p->lock);
    object_end(p, obj, why);
}

/* True: the object is idle in this thread's cache or the depot. */
static bool put_cached(struct pond *p, void *obj)
{
    struct magazine *spare = NULL;
    for (;;) {
        struct cache *c = p->exact_bytes ? NULL : enter(p);
        bool done = c != NULL && cache_put(p, c, obj, &spare);
        if (c != NULL)
            gate_leave();
        if (!done && c != NULL && (spare = shared_magazine(p)) != NULL)
            continue;
        if (spare != NULL)
            shared_magazine_end(p, spare);
        return done;
    }
}

static void put_idle(struct pond *p, void *obj)
{
    int saved = errno;
    if (!put_cached(p, obj) && !shared_put(p, obj))
        put_dropped(p, obj, POND_DROP_LIMIT);
    errno = saved;
}

static void put_worked(struct pond *p, void *obj)
{
    int saved = errno;
    pond_drop_reason why;
    if (object_clean(p, obj, &why))
        put_idle(p, obj);
    else
        put_dropped(p, obj, why);
    errno = saved;
}

void pond_put_slow(pond *p, void *obj)
{
    pond_gate_leave();
    if (p->work_on_put)
        put_worked(p, obj);
    else
        put_idle(p, obj);
}

ON_ONE_LINE void pond_put(pond *p, void *obj)
{
    pond_put_inline(p, obj);
}

static size_t put_some(struct pond *p, void *const *objs, size_t n)
{
    struct cache *c = gate_enter(p);
    if (c == NULL)
        return 0;
    size_t put = cache_put_some(c, objs, n);
    gate_leave();
    return put;
}

static size_t before_null(void *const *objs, size_t n)
{
    size_t i = 0;
    while (i < n && objs[i] != NULL)
        i++;
    return i;
}

void pond_put_many(pond *p, void *const *objs, size_t n)
{
    for (size_t put = 0; put < n;) {
        if (!p->work_on_put)
            put += put_some(p, objs + put, before_null(objs + put, n - put));
        if (put < n)
            pond_put_inline(p, objs[put++]);
    }
}

void pond_discard(pond *p, void *obj)
{
    if (obj != NULL)
        put_dropped(p, obj, POND_DROP_DISCARDED);
}

/* ---- reserve ---- */

static uint64_t idle_of(struct pond *p)
{
    pond_stats s;
    pond_stats_read(p, &s);
    return s.idle_local + s.idle_shared + s.idle_victim;
}

/* One idle object more; false and errno: there is none to be had, or it may not be kept. */
static bool reserve_one(struct pond *p)
{
    struct birth b;
    pthread_mutex_lock(&p->lock);
    object_admit(p, &b);
    pthread_mutex_unlock(&p->lock);
    void *obj = object_make(p, &b);
    if (obj == NULL)
        return false;
    if (shared_put(p, obj))
        return true;
    int error = errno;
    put_dropped(p, obj, POND_DROP_LIMIT);
    errno = error;
    return false;
}

size_t pond_reserve(pond *p, size_t n)
{
    uint64_t idle = idle_of(p);
    while (idle < n && reserve_one(p))
        idle++;
    return (size_t)idle;
}

/* ---- create ---- */

static bool size_is_valid(const pond_options *o)
{
    bool power = (o->align & (o->align - 1)) == 0;
    return o->size >= 1 && o->size <= POND_MAX_SIZE && power && o->align <= POND_MAX_ALIGN;
}

static bool options_are_valid(const pond_options *o)
{
    const unsigned known = POND_ZERO_ON_PUT | POND_THREAD_CONFINED;
    if ((o->flags & ~known) != 0 || o->cache_objects > POND_MAX_CACHE_OBJECTS)
        return false;
    if (o->max_objects > 0 && o->min_idle > o->max_objects)
        return false;
    if (o->max_footprint > 0 && o->footprint == NULL)
        return false;
    if (o->create == NULL)
        return size_is_valid(o);
    return o->size == 0 && o->align == 0 && o->construct == NULL && o->destroy != NULL &&
           (o->flags & POND_ZERO_ON_PUT) == 0;
}

/* As malloc: any type of that size can be put there. */
static size_t natural_align(size_t size)
{
    size_t align = 1;
    while (align < _Alignof(max_align_t) && align < size)
        align *= 2;
    return align;
}

/* The options as they will be used; false: they are invalid. */
static bool settle(const pond_options *given, pond_options *o)
{
    if (given == NULL)
        return false;
    *o = *given;
    if (o->type != NULL &&
        ((o->size != 0 && o->size != o->type->size) || (o->align != 0 && o->align != o->type->align)))
        return false;
    if (o->type != NULL && o->create == NULL) {
        o->size = o->type->size;
        o->align = o->type->align;
    }
    if (!options_are_valid(o))
        return false;
    if (o->align == 0 && o->size > 0)
        o->align = natural_align(o->size);
    return true;
}

#define SMALLEST_STRIDE 8

static size_t stride_of(const pond_options *o)
{
    size_t align = MAX(o->align, 1);
    return MAX((o->size + align - 1) & ~(align - 1), MAX(SMALLEST_STRIDE, align));
}

/*
 * Idle bytes are bounded by the room of magazines where that is fine enough, else counted put by put:
 * when objects differ in bytes, or when only a few may be idle.
 */
#define IDLE_ROOM_FOR_CACHES 256

static void init_limits(struct pond *p)
{
    const pond_options *o = &p->options;
    if (o->max_idle_bytes > 0) {
        p->idle_room = p->object_bytes > 0 ? o->max_idle_bytes / p->object_bytes : 0;
        p->exact_bytes = o->footprint != NULL || p->object_bytes == 0 || p->idle_room < IDLE_ROOM_FOR_CACHES;
        if (p->exact_bytes)
            p->idle_room = 0;
    }
    cache_room_init(p);
    p->work_on_put = object_needs_cleaning(p) || p->exact_bytes;
}

static void copy_name(struct pond *p)
{
    const pond_options *o = &p->options;
    const char *name = o->name != NULL ? o->name : o->type != NULL ? o->type->name : "pond";
    strncpy(p->name, name != NULL ? name : "pond", sizeof(p->name) - 1);
    p->options.name = p->name;
}

static void init(struct pond *p, const pond_options *o)
{
    p->options = *o;
    copy_name(p);
    if (o->create == NULL) {
        p->object_bytes = stride_of(o);
        slab_set_init(&p->slabs, p->object_bytes, false);
    }
    depot_init(&p->depot);
    pthread_mutex_init(&p->lock, NULL);
    init_limits(p);
}

static size_t pond_bytes(void)
{
    size_t page = os_page_size();
    size_t bytes = sizeof(struct pond) + GATE_THREADS * sizeof(struct cache);
    return (bytes + page - 1) & ~(page - 1);
}

static void release(struct pond *p)
{
    pthread_mutex_destroy(&p->lock);
    slab_set_release(&p->slabs);
    os_unmap(p, pond_bytes());
}

pond *pond_create(const pond_options *options)
{
    pond_options o;
    if (!settle(options, &o)) {
        errno = EINVAL;
        return NULL;
    }
    struct pond *p = os_map(pond_bytes());
    if (p == NULL)
        return NULL;
    init(p, &o);
    if (registry_add(p))
        return p;
    int error = errno;
    release(p);
    errno = error;
    return NULL;
}

pond *pond_create_once(pond **where, const pond_options *options, const pond_type *fallback)
{
    pond_options o = *options;
    if (o.type == NULL && o.create == NULL)
        o.type = fallback;
    if (o.name == NULL)
        o.name = fallback->name;
    pond *winner = __atomic_load_n(where, __ATOMIC_ACQUIRE);
    if (winner != NULL)
        return winner;
    pond *made = pond_create(&o);
    if (made == NULL)
        return __atomic_load_n(where, __ATOMIC_ACQUIRE); /* another thread may have had more luck */
    if (__atomic_compare_exchange_n(where, &winner, made, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
        return made;
    (void)pond_destroy(made);
    return winner;
}

/* ---- destroy ---- */

int pond_destroy(pond *p)
{
    if (p == NULL)
        return 0;
    registry_lock();
    bool live;
    do {
        registry_wait_unpinned(p);
        live = registry_collect(p) > 0;
    } while (!live && p->pins > 0); /* a tick came while collecting waited */
    if (!live)
        registry_remove(p);
    registry_unlock();
    if (live) {
        errno = EBUSY;
        return -1;
    }
    (void)epoch_drop_all(p, POND_DROP_DESTROY);
    release(p);
    magazine_purge();
    return 0;
}

const char *pond_name(const pond *p)
{
    return p->name;
}

const char *pond_version(void)
{
    return POND_VERSION;
}
