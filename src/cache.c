/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Invariants
 *   1. An object is in the cache exactly when it is below the loaded magazine's count (in `state`) or
 *      previous_count in *previous. `state` is stored after the slot, so that a child forked between
 *      the two finds the object in one place.
 *   2. room > 0 only if the loaded magazine has the pond's epoch: puts go nowhere else.
 *   3. `previous` with no objects may have any epoch: it is stamped anew when it is loaded.
 */
#include "cache.h"

/* --- the loaded magazine ------------------------------------------------------------------------------ */

static uint32_t count_of(const struct cache *c)
{
    return (uint32_t)(LOAD(c->state) & POND_COUNT_MASK);
}

static struct magazine *loaded(const struct cache *c)
{
    return c->slots == NULL
               ? NULL
               : (struct magazine *)(void *)((char *)c->slots - offsetof(struct magazine, slots));
}

static void set_count(struct cache *c, uint32_t count)
{
    STORE(c->state, (LOAD(c->state) & ~POND_COUNT_MASK) | count);
}

/* Takes the loaded magazine out, its count written back; NULL if there is none. */
static struct magazine *unload(struct cache *c)
{
    struct magazine *m = loaded(c);
    if (m != NULL)
        m->count = count_of(c);
    set_count(c, 0);
    c->slots = NULL;
    c->room = 0;
    return m;
}

static void load(const struct pond *p, struct cache *c, struct magazine *m)
{
    if (m->count == 0)
        m->epoch = LOAD(p->epoch);
    c->slots = m->slots;
    c->room = m->epoch == LOAD(p->epoch) ? m->room : 0;
    set_count(c, m->count);
}

static void set_previous(struct cache *c, struct magazine *m)
{
    c->previous = m;
    STORE(c->previous_count, m == NULL ? 0 : m->count);
}

static void swap(const struct pond *p, struct cache *c)
{
    struct magazine *m = c->previous;
    set_previous(c, unload(c));
    load(p, c, m);
}

static void *take(struct cache *c)
{
    uint64_t state = LOAD(c->state) + 0xffff;
    STORE(c->state, state);
    return c->slots[state & POND_COUNT_MASK];
}

static void put_in(struct cache *c, void *obj)
{
    uint64_t state = LOAD(c->state);
    c->slots[state & POND_COUNT_MASK] = obj;
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    STORE(c->state, state + 1);
}

size_t cache_get_some(struct cache *c, void **objs, size_t n)
{
    size_t count = count_of(c);
    n = MIN(n, count);
    for (size_t i = 0; i < n; i++)
        objs[i] = c->slots[count - 1 - i];
    STORE(c->state, LOAD(c->state) + n * 0xffff);
    return n;
}

size_t cache_put_some(struct cache *c, void *const *objs, size_t n)
{
    size_t count = count_of(c);
    n = MIN(n, c->room - MIN(c->room, count));
    for (size_t i = 0; i < n; i++)
        c->slots[count + i] = objs[i];
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    STORE(c->state, LOAD(c->state) + n);
    return n;
}

/* --- the size of magazines ------------------------------------------------------------------------------ */

#define FIRST_ROOM 61
#define FIRST_ROOM_CREATED 13         /* what create makes is dear: keep little of it out of reach */
#define MOST_CACHED_BYTES (128 << 10) /* in one magazine */
#define EXCHANGES_TO_GROW 8           /* of one cache within an epoch */

void cache_room_init(struct pond *p)
{
    const pond_options *o = &p->options;
    size_t most = magazine_most();
    if (p->object_bytes > 0)
        most = MIN(most, MAX(MOST_CACHED_BYTES / p->object_bytes, 1));
    else
        most = FIRST_ROOM_CREATED;
    if (o->max_objects > 0)
        most = MIN(most, MAX(o->max_objects / 16, 1));
    if (p->idle_room > 0)
        most = MIN(most, MAX(p->idle_room / 64, 1));
    if (o->cache_objects > 0)
        most = MAX(o->cache_objects / 2, 1);
    p->room_most = (uint32_t)most;
    p->room_first = o->cache_objects > 0 ? p->room_most : MIN(p->room_most, FIRST_ROOM);
    STORE(p->magazine_room, p->room_first);
}

/* Only one magazine when a cache may hold a single object. */
static bool has_previous(const struct pond *p)
{
    return p->options.cache_objects != 1;
}

static void count_exchange(struct pond *p, struct cache *c)
{
    uint32_t room = LOAD(p->magazine_room);
    if (++c->exchanges % EXCHANGES_TO_GROW == 0 && room < p->room_most)
        STORE(p->magazine_room, MIN(magazine_fit(room + 1), p->room_most));
}

void cache_room_calm(struct pond *p, uint64_t exchanges)
{
    uint32_t room = LOAD(p->magazine_room);
    if (exchanges < EXCHANGES_TO_GROW && room > p->room_first)
        STORE(p->magazine_room, MAX(magazine_fit(room / 2 - MIN(room / 2 - 1, 8)), p->room_first));
}

/* --- exchange with the depot
 * -------------------------------------------------------------------------------- */

static void note_line(struct pond *p, const struct cache *c)
{
    uint32_t line = (uint32_t)(c - p->caches) + 1;
    uint32_t lines = LOAD(p->lines);
    while (lines < line &&
           !__atomic_compare_exchange_n(&p->lines, &lines, line, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
        continue;
}

/* An emptied magazine goes back to be filled; one of a size no longer made is left to be ended. */
static void give_empty(struct pond *p, struct magazine *m, struct magazine **spare)
{
    if (m->room == LOAD(p->magazine_room))
        depot_push_empty(&p->depot, m);
    else
        *spare = m;
}

static void move_in(struct cache *c, struct magazine *m)
{
    STORE(c->moved_in, LOAD(c->moved_in) + m->count);
}

static void move_out(struct pond *p, struct cache *c, struct magazine *m)
{
    STORE(c->moved_in, LOAD(c->moved_in) - m->count);
    depot_push(&p->depot, m, LOAD(p->epoch));
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

void *cache_get(struct pond *p, struct cache *c, struct magazine **spare)
{
    if (count_of(c) > 0)
        return take(c);
    if (c->previous_count > 0) {
        swap(p, c);
        return take(c);
    }
    struct magazine *full = depot_pop(&p->depot, LOAD(p->epoch));
    if (full == NULL)
        return NULL;
    keep_empty(p, c, unload(c), spare);
    note_line(p, c);
    load(p, c, full);
    move_in(c, full);
    count_exchange(p, c);
    return take(c);
}

/* Puts may go to the magazine that is not loaded. */
static bool previous_has_room(const struct pond *p, const struct cache *c)
{
    const struct magazine *m = c->previous;
    return m != NULL &&
           (c->previous_count == 0 || (m->epoch == LOAD(p->epoch) && c->previous_count < m->room));
}

static void load_empty(struct pond *p, struct cache *c, struct magazine *empty)
{
    struct magazine *m = unload(c);
    if (m != NULL && has_previous(p)) {
        if (c->previous != NULL)
            move_out(p, c, c->previous);
        set_previous(c, m);
    } else if (m != NULL) {
        move_out(p, c, m);
    }
    note_line(p, c);
    load(p, c, empty);
    count_exchange(p, c);
}

bool cache_put(struct pond *p, struct cache *c, void *obj, struct magazine **spare)
{
    uint32_t count = count_of(c);
    if (count == 0 && c->slots != NULL)
        load(p, c, unload(c)); /* stamped anew */
    if (count >= c->room) {
        if (previous_has_room(p, c)) {
            swap(p, c);
        } else {
            struct magazine *empty = *spare != NULL ? *spare : depot_pop_empty(&p->depot);
            if (empty == NULL)
                return false;
            *spare = NULL;
            load_empty(p, c, empty);
        }
    }
    put_in(c, obj);
    return true;
}

/* --- drain
 * ------------------------------------------------------------------------------------------------------ */

static void drain_magazine(struct pond *p, struct magazine *m)
{
    if (m == NULL)
        return;
    if (m->count > 0)
        depot_push(&p->depot, m, LOAD(p->epoch));
    else
        depot_push_empty(&p->depot, m);
}

/* Adds what the state word counted to the totals and starts it again. */
static void fold(struct cache *c)
{
    uint64_t gets = cache_gets(c), puts = cache_puts(c);
    STORE(c->state, LOAD(c->state) & POND_COUNT_MASK);
    STORE(c->moved_in, cache_idle(c));
    STORE(c->gets, gets);
    STORE(c->puts, puts);
}

uint32_t cache_drain(struct pond *p, struct cache *c)
{
    uint32_t exchanges = c->exchanges;
    if (c->slots == NULL && c->previous == NULL)
        return exchanges;
    fold(c);
    drain_magazine(p, unload(c));
    drain_magazine(p, c->previous);
    set_previous(c, NULL);
    STORE(c->moved_in, 0);
    c->exchanges = 0;
    return exchanges;
}

/* --- figures
 * -------------------------------------------------------------------------------------------------------- */

uint64_t cache_idle(const struct cache *c)
{
    return (LOAD(c->state) & POND_COUNT_MASK) + LOAD(c->previous_count);
}

uint64_t cache_gets(const struct cache *c)
{
    return LOAD(c->gets) + (LOAD(c->state) >> 16);
}

uint64_t cache_puts(const struct cache *c)
{
    return LOAD(c->puts) + (LOAD(c->state) >> 16) + cache_idle(c) - LOAD(c->moved_in);
}

bool cache_is_valid(const struct pond *p, const struct cache *c)
{
    const struct magazine *m = loaded(c);
    if (m == NULL)
        return count_of(c) == 0 && c->room == 0;
    return count_of(c) <= m->room && (c->room == 0 || (c->room == m->room && m->epoch == LOAD(p->epoch))) &&
           (c->previous == NULL || c->previous_count == c->previous->count);
}
