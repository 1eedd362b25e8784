/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Invariants
 *   1. An object is in the cache exactly when it is below `top` in the loaded magazine or below
 *      previous_count in *previous. `top` is stored after the slot, so that a child forked between
 *      the two finds the object in one place.
 *   2. Puts go to the loaded magazine only while it has the pond's epoch.
 *   3. `previous` with no objects may have any epoch: it is stamped anew when it is loaded.
 *   4. An operation reads the pond's epoch once. A tick that missed its thread may count the epoch on at any
 *      moment: of two reads, the first would stamp an empty magazine and the second find no room in it.
 *   5. `top` is written by the owner alone, and when a magazine is loaded (gate.c): who takes one out,
 *      perhaps while the owner marks its closed line, leaves top as it is.
 */
#include "cache.h"
#include "run.h"
#include <string.h>

/* ---- the loaded magazine ---- */

/* The lowest bit is the owner's mark. */
static uint32_t count_between(const struct magazine *m, const void *top)
{
    return m == NULL ? 0 : (uint32_t)(((uintptr_t)top - (uintptr_t)m->slots) / sizeof(void *));
}

static uint32_t count_of(const struct cache *c)
{
    return count_between(c->loaded, LOAD(c->top));
}

/* Takes the loaded magazine out, which has its count. */
static struct magazine *unload_counted(struct cache *c)
{
    struct magazine *m = c->loaded;
    STORE(c->loaded, NULL);
    return m;
}

/* The same, its count written back; NULL if there is none. */
static struct magazine *unload(struct cache *c)
{
    if (c->loaded != NULL)
        c->loaded->count = count_of(c);
    return unload_counted(c);
}

static void load(struct cache *c, struct magazine *m, uint64_t epoch)
{
    if (m->count == 0)
        m->epoch = epoch;
    STORE(c->top, m->slots + m->count);
    __atomic_store_n(&c->loaded, m, __ATOMIC_RELEASE); /* for loaded_count, which looks into it */
}

static void set_previous(struct cache *c, struct magazine *m)
{
    c->previous = m;
    STORE(c->previous_count, m == NULL ? 0 : (uint16_t)m->count);
}

static void swap(struct cache *c, uint64_t epoch)
{
    struct magazine *m = c->previous;
    set_previous(c, unload(c));
    load(c, m, epoch);
}

static void *take(struct cache *c)
{
    void **top = c->top - 1;
    void *obj = *top;
    STORE(c->top, top);
    STORE(c->gets, c->gets + 1);
    *top = NULL; /* nothing of the pond's refers to a live object: leak checkers would count that */
    return obj;
}

static void put_in(struct cache *c, void *obj)
{
    *c->top = obj;
    __atomic_store_n(&c->top, c->top + 1, __ATOMIC_RELEASE);
}

/* How many more puts the loaded magazine takes. */
static size_t room_of(const struct cache *c, uint64_t epoch)
{
    void **end = cache_end(c, epoch);
    return end == NULL ? 0 : (size_t)(end - c->top);
}

size_t cache_get_some(struct cache *c, void **objs, size_t n)
{
    n = MIN(n, count_of(c));
    for (size_t i = 0; i < n; i++)
        objs[i] = c->top[-1 - (ptrdiff_t)i];
    if (n > 0) {
        STORE(c->top, c->top - n);
        memset(c->top, 0, n * sizeof(*objs)); /* as in take */
    }
    STORE(c->gets, c->gets + n);
    return n;
}

size_t cache_put_some(const struct pond *p, struct cache *c, void *const *objs, size_t n)
{
    n = MIN(n, room_of(c, LOAD(p->epoch)));
    for (size_t i = 0; i < n; i++)
        c->top[i] = objs[i];
    if (n > 0)
        __atomic_store_n(&c->top, c->top + n, __ATOMIC_RELEASE);
    return n;
}

/* ---- the size of magazines ---- */

#define FIRST_ROOM 125
#define FIRST_ROOM_CREATED 13          /* what create makes is dear: keep little of it out of reach */
#define FIRST_CACHED_BYTES (128 << 10) /* in one magazine, to begin with */
#define BURST 64                       /* objects: where traffic asks for it a magazine has so many, */
#define BURST_BYTES (4 << 20)          /* unless they are more bytes than this */
#define EXCHANGES_TO_GROW 8            /* of one cache within an epoch */

/* In a magazine of so many bytes of objects. */
static size_t room_in(const struct pond *p, size_t bytes)
{
    return MIN(magazine_most(), MAX(bytes / p->object_bytes, 1));
}

/* A server's buffers come in bursts, too. */
static size_t most_room(const struct pond *p)
{
    if (p->object_bytes == 0)
        return FIRST_ROOM_CREATED;
    return MAX(room_in(p, FIRST_CACHED_BYTES), MIN(room_in(p, BURST_BYTES), BURST));
}

static size_t first_room(const struct pond *p)
{
    return p->object_bytes == 0 ? FIRST_ROOM_CREATED : MIN(room_in(p, FIRST_CACHED_BYTES), FIRST_ROOM);
}

void cache_room_init(struct pond *p)
{
    const pond_options *o = &p->options;
    size_t most = most_room(p);
    if (o->max_objects > 0)
        most = MIN(most, MAX(o->max_objects / 16, 1));
    if (p->idle_room > 0)
        most = MIN(most, MAX(p->idle_room / 64, 1));
    if (o->cache_objects > 0)
        most = MAX(o->cache_objects / 2, 1);
    uint32_t first = (uint32_t)(o->cache_objects > 0 ? most : MIN(most, first_room(p)));
    STORE(p->room_most, (uint32_t)most);
    STORE(p->room_first, first);
    STORE(p->magazine_room, MAX(MIN(LOAD(p->magazine_room), (uint32_t)most), first));
}

/* Only one magazine when a cache may hold a single object. */
static bool has_previous(const struct pond *p)
{
    return p->options.cache_objects != 1;
}

/* The next class of magazines; all there may be where that is little more. */
static uint32_t room_above(uint32_t room, uint32_t most)
{
    uint32_t next = magazine_fit(room + 1);
    return next + next / 8 < most ? next : most;
}

/* The class below, unless that is little less: then the one below it. */
static uint32_t room_below(uint32_t room, uint32_t least)
{
    uint32_t below = magazine_below(room);
    if (below + below / 8 >= room)
        below = magazine_below(below);
    return MAX(below, least);
}

static void count_exchange(struct pond *p, struct cache *c)
{
    uint32_t room = LOAD(p->magazine_room), most = LOAD(p->room_most);
    if (c->exchanges < UINT16_MAX && ++c->exchanges % EXCHANGES_TO_GROW == 0 && room < most)
        STORE(p->magazine_room, room_above(room, most));
}

void cache_room_calm(struct pond *p, uint64_t exchanges)
{
    uint32_t room = LOAD(p->magazine_room);
    if (exchanges < EXCHANGES_TO_GROW && room > p->room_first)
        STORE(p->magazine_room, room_below(room, p->room_first));
}

/* ---- exchange with the depot ---- */

/* An emptied magazine goes back to be filled; one of a size no longer made is left to be ended. */
static void give_empty(struct pond *p, struct magazine *m, struct magazine **spare)
{
    if (m->room == LOAD(p->magazine_room))
        depot_give_back(&p->depot, m, m->epoch);
    else
        *spare = m;
}

/* What was unloaded empty becomes the previous magazine; one too many goes. */
static void keep_empty(struct pond *p, struct cache *c, struct magazine *empty, struct magazine **spare)
{
    struct magazine *surplus = has_previous(p) ? c->previous : empty;
    if (empty == NULL)
        return;
    if (surplus != NULL)
        give_empty(p, surplus, spare);
    if (surplus != empty)
        set_previous(c, empty);
}

/*
 * The loaded magazine is empty, and larger than the previous one: it takes over what that has, with its age.
 * So small magazines of before go, and what fits into one large one is not in two.
 */
static bool absorb(struct cache *c, struct magazine **spare)
{
    struct magazine *m = c->loaded, *small = c->previous;
    uint32_t n = c->previous_count;
    if (m == NULL || m->room <= small->room || m->counted != small->counted)
        return false;
    memcpy(m->slots, small->slots, n * sizeof(m->slots[0]));
    memset(small->slots, 0, n * sizeof(m->slots[0])); /* as in take */
    m->epoch = small->epoch;
    set_previous(c, NULL);
    STORE(c->top, m->slots + n);
    small->count = 0;
    *spare = small;
    return true;
}

void *cache_get(struct pond *p, struct cache *c, struct magazine **spare)
{
    uint64_t epoch = LOAD(p->epoch);
    if (count_of(c) > 0)
        return take(c);
    if (c->previous_count > 0) {
        if (!absorb(c, spare))
            swap(c, epoch);
        return take(c);
    }
    struct magazine *full = depot_pop(&p->depot, epoch);
    if (full == NULL)
        return NULL;
    keep_empty(p, c, unload(c), spare);
    load(c, full, epoch);
    count_exchange(p, c);
    return take(c);
}

/* Puts may go to the magazine that is not loaded. */
static bool previous_has_room(const struct cache *c, uint64_t epoch)
{
    const struct magazine *m = c->previous;
    return m != NULL && (c->previous_count == 0 || (m->epoch == epoch && c->previous_count < m->room));
}

static void give_back(struct pond *p, struct magazine *m, uint64_t epoch)
{
    if (m != NULL)
        depot_give_back(&p->depot, m, epoch);
}

static void load_empty(struct pond *p, struct cache *c, struct magazine *empty, uint64_t epoch)
{
    struct magazine *m = unload(c);
    if (m != NULL && has_previous(p)) {
        give_back(p, c->previous, epoch);
        set_previous(c, m);
    } else {
        give_back(p, m, epoch);
    }
    load(c, empty, epoch);
    count_exchange(p, c);
}

/* Room for a put, in the loaded magazine; false: it takes an empty magazine, and there is none. */
static bool make_room(struct pond *p, struct cache *c, uint64_t epoch, struct magazine **spare)
{
    if (c->loaded != NULL && count_of(c) == 0)
        load(c, unload(c), epoch); /* stamped anew */
    if (room_of(c, epoch) > 0)
        return true;
    if (previous_has_room(c, epoch)) {
        swap(c, epoch);
        return true;
    }
    struct magazine *empty = *spare != NULL ? *spare : depot_pop_empty(&p->depot);
    *spare = NULL;
    if (empty != NULL)
        load_empty(p, c, empty, epoch);
    return empty != NULL;
}

bool cache_put(struct pond *p, struct cache *c, void *obj, struct magazine **spare)
{
    uint64_t epoch = LOAD(p->epoch);
    if (room_of(c, epoch) == 0 && !make_room(p, c, epoch, spare))
        return false;
    POND_ASSERT(room_of(c, epoch) > 0);
    put_in(c, obj);
    return true;
}

/* ---- drain ---- */

uint32_t cache_drain(struct pond *p, struct cache *c)
{
    uint32_t exchanges = c->exchanges;
    c->exchanges = 0;
    run_give_back(p, c);
    if (c->loaded == NULL && c->previous == NULL)
        return exchanges;
    bool counted = line_is_counted(c);
    line_close(c);
    give_back(p, counted ? unload_counted(c) : unload(c), LOAD(p->epoch));
    give_back(p, c->previous, LOAD(p->epoch));
    set_previous(c, NULL);
    return exchanges;
}

void cache_abandon(struct cache *c)
{
    line_close(c);
    STORE(c->loaded, NULL);
    set_previous(c, NULL);
    STORE(c->top, NULL);
    c->exchanges = 0;
    run_abandon(c);
}

/* ---- figures ---- */

/*
 * The owner may load another magazine between two of our loads, and the first one again: then top belongs to
 * another one than we take it for, and lies behind its room or before it. A magazine's memory stays mapped.
 */
static uint64_t loaded_count(const struct cache *c)
{
    for (int tries = 0; tries < 4; tries++) {
        const struct magazine *m = __atomic_load_n(&c->loaded, __ATOMIC_ACQUIRE); /* pairs with load */
        if (m == NULL)
            return 0;
        uintptr_t top = (uintptr_t)__atomic_load_n(&c->top, __ATOMIC_ACQUIRE); /* and then loaded again */
        uint64_t count = (top - (uintptr_t)m->slots) / sizeof(void *);
        if (m == LOAD(c->loaded) && count <= LOAD(m->room))
            return count;
    }
    return 0;
}

uint64_t cache_idle(const struct cache *c)
{
    return loaded_count(c) + LOAD(c->previous_count);
}

uint64_t cache_gets(const struct cache *c)
{
    return LOAD(c->gets);
}

static bool line_is_valid(const struct pond *p, const struct cache *c)
{
    if (c->base == NULL || c->base == LINE_CLOSED)
        return c->limit == NULL && (c->room == 0 || (c->room == LINE_COUNTED && c->loaded != NULL));
    bool sampled = p->sampling != NULL;
    return c->loaded != NULL && c->base >= c->loaded->slots &&
           (sampled ? c->base <= c->loaded->slots + c->loaded->room : c->base == c->loaded->slots) &&
           c->room == cache_room(c, p->epoch) &&
           c->limit == (p->work_on_put || sampled ? NULL : cache_end(c, p->epoch));
}

bool cache_is_valid(const struct pond *p, const struct cache *c)
{
    const struct magazine *m = c->loaded;
    return line_is_valid(p, c) && (m == NULL || (count_of(c) <= m->room && m->epoch <= p->epoch)) &&
           (c->previous == NULL || c->previous_count == c->previous->count);
}
