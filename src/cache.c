/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A thread's cache on the slow path: the loaded magazine, which the line leads to, and the previous one.
 *
 * Invariants
 *   1. An object is in the cache exactly when it is below `top` in the loaded magazine or below
 *      previous_count in *previous. `top` is stored after the slot, so that a child forked between
 *      the two finds the object in one place.
 *   2. Puts go to the loaded magazine only while it has the pond's epoch.
 *   3. `previous` with no objects may have any epoch: it is stamped anew when it is loaded.
 *   4. An operation reads the pond's epoch once. A tick that missed its thread may count the epoch on at
 *      any moment: of two reads, the first would stamp an empty magazine and the second find no room in it.
 *   5. `top` is written by the owner alone, and when a magazine is loaded (gate.h): whoever takes one out,
 *      perhaps while the owner marks its closed line, leaves top as it is.
 *
 * What is stored with STORE here is written by the owner or by whoever drains, which the gate keeps apart
 * (HAND OVER, HAND BACK); other threads read it for figures alone.
 */
#include "cache.h"
#include "run.h"
#include <string.h>

/* ---- the loaded magazine ---- */

/* How many objects lie below this top. Its lowest bit is the owner's mark, and falls away. */
static uint32_t count_between(const struct magazine *m, const void *top)
{
    return m == NULL ? 0 : (uint32_t)(((uintptr_t)top - (uintptr_t)m->slots) / sizeof(void *));
}

/* Relaxed: this thread wrote top, or has come by it through the gate (HAND OVER). */
static uint32_t count_of(const struct cache *c)
{
    return count_between(c->loaded, LOAD(c->top));
}

/* Takes the loaded magazine out, which has its count. Relaxed: loaded_count looks at it twice. */
static struct magazine *unload_counted(struct cache *c)
{
    struct magazine *m = c->loaded;
    STORE(c->loaded, NULL);
    return m;
}

/* Takes the loaded magazine out, its count written back; NULL: there is none. */
static struct magazine *unload(struct cache *c)
{
    POND_ASSERT(c->loaded == NULL || count_of(c) <= c->loaded->room);
    if (c->loaded != NULL)
        c->loaded->count = count_of(c);
    return unload_counted(c);
}

/* Pairs with loaded_count: it does not look into a magazine before that one is whole. */
static void load(struct cache *c, struct magazine *m, uint64_t epoch)
{
    POND_ASSERT(c->loaded == NULL && m->count <= m->room);
    if (m->count == 0)
        m->epoch = epoch;
    STORE(c->top, m->slots + m->count);
    __atomic_store_n(&c->loaded, m, __ATOMIC_RELEASE);
}

/* Relaxed: previous_count is read by other threads for figures alone. */
static void set_previous(struct cache *c, struct magazine *m)
{
    POND_ASSERT(m == NULL || m->count <= m->room);
    c->previous = m;
    STORE(c->previous_count, m == NULL ? 0 : (uint16_t)m->count);
}

/* The loaded and the previous magazine change places. */
static void swap(struct cache *c, uint64_t epoch)
{
    struct magazine *m = c->previous;
    POND_ASSERT(m != NULL && m->count == c->previous_count);
    set_previous(c, unload(c));
    load(c, m, epoch);
}

/*
 * Takes the object below top. Relaxed: others read top and gets for figures alone while the owner is
 * inside.
 */
static void *take(struct cache *c)
{
    void **top = c->top - 1;
    void *obj = *top;
    POND_ASSERT(top >= c->loaded->slots && obj != NULL);
    STORE(c->top, top);
    STORE(c->gets, c->gets + 1);
    *top = NULL; /* nothing of the pond's refers to a live object: leak checkers would count that */
    return obj;
}

/*
 * Release: pairs with loaded_count, and with a fork's copy: a top that counts the object comes after its
 * slot.
 */
static void put_in(struct cache *c, void *obj)
{
    POND_ASSERT(obj != NULL && c->top < c->loaded->slots + c->loaded->room);
    *c->top = obj;
    __atomic_store_n(&c->top, c->top + 1, __ATOMIC_RELEASE);
}

/* How many more puts the loaded magazine takes. */
static size_t room_of(const struct cache *c, uint64_t epoch)
{
    void **end = cache_end(c, epoch);
    return end == NULL ? 0 : (size_t)(end - c->top);
}

/* Relaxed: as in take. */
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

/* Pairs with loaded_count, as put_in: the slots before top. */
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
#define FIRST_ROOM_CREATED 13          /* what a create hook makes is dear: keep little of it out of reach */
#define FIRST_CACHED_BYTES (128 << 10) /* in one magazine, to begin with */
#define BURST 64                       /* objects: where traffic asks for it a magazine has so many, */
#define BURST_BYTES (4 << 20)          /* unless they are more bytes than this */
#define EXCHANGES_TO_GROW 8            /* of one cache within an epoch */

/* How many objects a magazine has room for that is to hold so many bytes of them. */
static size_t room_in(const struct pond *p, size_t bytes)
{
    return MIN(magazine_most(), MAX(bytes / p->object_bytes, 1));
}

/*
 * The largest room that traffic may bring about: large objects, too, come in bursts, as a server's buffers
 * do.
 */
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

/* Relaxed: each is one figure; a thread that reads an old one makes a magazine of the room before. */
void cache_room_init(struct pond *p)
{
    const pond_options *o = &p->options;
    size_t most = most_room(p);
    if (o->max_objects > 0)
        most = MIN(most, MAX(o->max_objects / 16, 1));
    if (p->max_idle_objects > 0)
        most = MIN(most, MAX(p->max_idle_objects / 64, 1));
    if (o->cache_objects > 0)
        most = MAX(o->cache_objects / 2, 1);
    uint32_t first = (uint32_t)(o->cache_objects > 0 ? most : MIN(most, first_room(p)));
    POND_ASSERT(0 < first && first <= most && most <= UINT16_MAX);
    STORE(p->room_most, (uint32_t)most);
    STORE(p->room_first, first);
    STORE(p->magazine_room, MAX(MIN(LOAD(p->magazine_room), (uint32_t)most), first));
}

/* Whether a cache has two magazines: it has one alone when it may hold a single object. */
static bool has_previous(const struct pond *p)
{
    return p->options.cache_objects != 1;
}

/* The room of the next class of magazines; the most that there may be where that is little more. */
static uint32_t room_above(uint32_t room, uint32_t most)
{
    uint32_t next = magazine_fit(room + 1);
    return next + next / 8 < most ? next : most;
}

/* The room of the class below; where that is little less, of the one below it. */
static uint32_t room_below(uint32_t room, uint32_t least)
{
    uint32_t below = magazine_below(room);
    if (below + below / 8 >= room)
        below = magazine_below(below);
    return MAX(below, least);
}

/*
 * Counts an exchange with the depot: after some the pond's magazines grow. Relaxed: the room is a figure.
 */
static void count_exchange(struct pond *p, struct cache *c)
{
    uint32_t room = LOAD(p->magazine_room), most = LOAD(p->room_most);
    if (c->exchanges < UINT16_MAX && ++c->exchanges % EXCHANGES_TO_GROW == 0 && room < most)
        STORE(p->magazine_room, room_above(room, most));
}

/* Relaxed: the room is a figure, which another thread may set at the same time. */
void cache_room_calm(struct pond *p, uint64_t exchanges)
{
    uint32_t room = LOAD(p->magazine_room);
    POND_ASSERT(0 < p->room_first && p->room_first <= p->room_most);
    if (exchanges < EXCHANGES_TO_GROW && room > p->room_first)
        STORE(p->magazine_room, room_below(room, p->room_first));
}

/* ---- exchange with the depot ---- */

/*
 * An emptied magazine goes back to be filled; one of a room that is no longer made is left to be ended.
 * Relaxed: either way is right.
 */
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
    POND_ASSERT((empty == NULL || empty->count == 0) && c->previous_count == 0);
    struct magazine *surplus = has_previous(p) ? c->previous : empty;
    if (empty == NULL)
        return;
    if (surplus != NULL)
        give_empty(p, surplus, spare);
    if (surplus != empty)
        set_previous(c, empty);
}

/*
 * The loaded magazine, which is empty, takes over what the previous one has, with its age, if it is the
 * larger of the two. So small magazines of before go, and what fits into one large one is not in two.
 * Relaxed: top is the owner's.
 */
static bool absorb(struct cache *c, struct magazine **spare)
{
    struct magazine *m = c->loaded, *small = c->previous;
    uint32_t n = c->previous_count;
    if (m == NULL || m->room <= small->room || m->counted != small->counted)
        return false;
    POND_ASSERT(count_of(c) == 0 && n <= small->room && n == small->count);
    memcpy(m->slots, small->slots, n * sizeof(m->slots[0]));
    memset(small->slots, 0, n * sizeof(m->slots[0])); /* as in take */
    m->epoch = small->epoch;
    set_previous(c, NULL);
    STORE(c->top, m->slots + n);
    small->count = 0;
    *spare = small;
    return true;
}

/* Relaxed: the epoch is read once, see invariant 4; whoever counts it on has closed the pond. */
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

/* Whether puts may go to the magazine that is not loaded. */
static bool previous_has_room(const struct cache *c, uint64_t epoch)
{
    const struct magazine *m = c->previous;
    return m != NULL && (c->previous_count == 0 || (m->epoch == epoch && c->previous_count < m->room));
}

/* To the depot; NULL: there is nothing to give back. */
static void give_back(struct pond *p, struct magazine *m, uint64_t epoch)
{
    if (m != NULL)
        depot_give_back(&p->depot, m, epoch);
}

/* Loads a magazine to be filled: the loaded one becomes the previous one, which goes to the depot. */
static void load_empty(struct pond *p, struct cache *c, struct magazine *empty, uint64_t epoch)
{
    POND_ASSERT(empty->count == 0);
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

/*
 * Sees to it that the loaded magazine has room for a put. False: it takes an empty magazine, and there is
 * none.
 */
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

/* Relaxed: as in cache_get. */
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

/* Relaxed: the epoch changes under the pond's lock, which the caller has. */
uint32_t cache_drain(struct pond *p, struct cache *c)
{
    uint32_t exchanges = c->exchanges;
    POND_ASSERT(cache_is_valid(p, c));
    c->exchanges = 0;
    run_give_back(p, c);
    if (c->loaded == NULL && c->previous == NULL)
        return exchanges;
    bool counted = line_is_counted(c);
    line_close(c);
    give_back(p, counted ? unload_counted(c) : unload(c), LOAD(p->epoch));
    give_back(p, c->previous, LOAD(p->epoch));
    set_previous(c, NULL);
    POND_ASSERT(line_is_closed(c) && c->loaded == NULL && c->previous == NULL);
    return exchanges;
}

/* Relaxed: in a forked child, which has no other thread. */
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
 * How many objects the loaded magazine has, at any time and by any thread. The owner may load another
 * magazine between two of our loads, and the first one again: then top belongs to another one than we take
 * it for, and lies behind its room or before it. A magazine's memory stays mapped. Pairs with load and
 * put_in: what is read of a magazine was written before it was loaded, and no count is of slots that are
 * not there yet.
 */
static uint64_t loaded_count(const struct cache *c)
{
    for (int tries = 0; tries < 4; tries++) {
        const struct magazine *m = __atomic_load_n(&c->loaded, __ATOMIC_ACQUIRE);
        if (m == NULL)
            return 0;
        uintptr_t top = (uintptr_t)__atomic_load_n(&c->top, __ATOMIC_ACQUIRE); /* and then loaded again */
        uint64_t count = (top - (uintptr_t)m->slots) / sizeof(void *);
        if (m == LOAD(c->loaded) && count <= LOAD(m->room))
            return count;
    }
    return 0;
}

/* Relaxed: figures. */
uint64_t cache_idle(const struct cache *c)
{
    return loaded_count(c) + LOAD(c->previous_count);
}

/* Relaxed: a figure. */
uint64_t cache_gets(const struct cache *c)
{
    return LOAD(c->gets);
}

/*
 * Relaxed: by whoever may drain the cache; its owner may mark the line meanwhile, or find that it may not.
 */
static bool line_is_valid(const struct pond *p, const struct cache *c)
{
    void **base = LOAD(c->base), **limit = LOAD(c->limit);
    uint16_t room = LOAD(c->room);
    if (line_is_closed(c))
        return limit == NULL && (room == 0 || (room == LINE_COUNTED && c->loaded != NULL));
    bool sampled = sampling_of(p) != NULL;
    return c->loaded != NULL && base >= c->loaded->slots &&
           (sampled ? base <= c->loaded->slots + c->loaded->room : base == c->loaded->slots) &&
           room == cache_room(c, LOAD(p->epoch)) &&
           limit == (p->put_is_slow || sampled ? NULL : cache_end(c, LOAD(p->epoch)));
}

/* Of a line that is counted, top says nothing: see line_is_counted. Relaxed: as above. */
static bool loaded_is_valid(const struct pond *p, const struct cache *c)
{
    const struct magazine *m = c->loaded;
    if (m == NULL)
        return true;
    return (line_is_counted(c) ? m->count : count_of(c)) <= m->room && m->epoch <= LOAD(p->epoch);
}

bool cache_is_valid(const struct pond *p, const struct cache *c)
{
    const struct magazine *m = c->previous;
    return line_is_valid(p, c) && loaded_is_valid(p, c) &&
           (m == NULL ? c->previous_count == 0 : c->previous_count == m->count && m->count <= m->room);
}
