/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The room cache: two magazines, exchanged whole with the depot. The test is the owner of one cache of a
 * pond that no thread has a gate to; the objects are numbers, which nobody looks behind.
 */
#include "test.h"

#include "../../src/shared.h"
#include "threads.h"

#include <stdatomic.h>
#include <stdlib.h>

TestSuite(cache, .timeout = TEST_ALARM);

enum { LINE = 3 };

static struct pond *p;
static struct cache *c;

static void start(pond_options options)
{
    if (options.size == 0)
        options.size = 64;
    p = test_pond(options);
    c = &p->caches[LINE];
}

static void *number(size_t n)
{
    return (void *)(uintptr_t)n;
}

static void put(size_t n)
{
    struct magazine *spare = NULL;
    while (!cache_put(p, c, number(n), &spare))
        must(spare == NULL && (spare = charge_magazine(p, false)) != NULL, "a magazine is asked for once");
    if (spare != NULL)
        charge_end(p, spare);
    must(cache_is_valid(p, c), "after a put");
}

/* The number, or 0: nothing is idle. */
static size_t get(void)
{
    struct magazine *spare = NULL;
    void *obj = cache_get(p, c, &spare);
    if (spare != NULL)
        charge_end(p, spare);
    must(cache_is_valid(p, c), "after a get");
    return (uintptr_t)obj;
}

static void put_row(size_t from, size_t to)
{
    for (size_t n = from; n <= to; n++)
        put(n);
}

/* Gets from, from - 1, ... to. */
static void expect_row(size_t from, size_t to)
{
    for (size_t n = from; n >= to; n--) {
        size_t got = get();
        cr_assert_eq(got, n, "got %zu, not %zu", got, n);
    }
}

/* One epoch on, as a tick does it. */
static void tick(void)
{
    depot_turn(&p->depot, p->epoch + 1);
    STORE(p->epoch, p->epoch + 1);
    (void)cache_drain(p, c);
    cr_assert(cache_is_valid(p, c));
}

static uint64_t in_depot(void)
{
    return depot_shared(&p->depot, p->epoch) + depot_victims(&p->depot, p->epoch);
}

/* ---- two magazines ---- */

Test(cache, a_new_one_is_empty_and_has_no_room)
{
    struct magazine *spare = NULL;
    start((pond_options){.name = "empty"});
    cr_assert(cache_is_valid(p, c));
    cr_assert_eq(get(), 0);
    cr_assert_not(cache_put(p, c, number(1), &spare));
    cr_assert_eq(cache_get_some(c, (void *[1]){NULL}, 1), 0);
    cr_assert_eq(cache_put_some(p, c, (void *[1]){number(1)}, 1), 0);
    cr_assert_eq(cache_idle(c) + cache_gets(c), 0);
    cr_assert_eq(cache_drain(p, c), 0);
}

Test(cache, the_last_put_is_the_first_got)
{
    start((pond_options){.cache_objects = 20});
    put_row(1, 55);
    cr_assert_eq(cache_idle(c), 15);
    cr_assert_eq(depot_shared(&p->depot, 0), 40, "four whole magazines");
    expect_row(55, 1);
    cr_assert_eq(get(), 0);
}

/* What was there is neither here nor in the depot: a forked child does not know how far its owner was. */
Test(cache, an_abandoned_one_is_empty)
{
    start((pond_options){.cache_objects = 20});
    put_row(1, 15);
    cr_assert_eq(cache_idle(c), 15, "five loaded, ten in the previous magazine");
    STORE(c->top, (void **)((uintptr_t)c->top | 1));
    cache_abandon(c);
    cr_assert(cache_is_valid(p, c));
    cr_assert(c->base == LINE_CLOSED && (uintptr_t)c->top % 2 == 0, "its owner's mark is left");
    cr_assert_eq(cache_idle(c) + in_depot(), 0);
    (void)cache_drain(p, c);
    cr_assert_eq(in_depot(), 0);
    cr_assert_eq(get(), 0);
}

Test(cache, a_magazine_goes_to_the_depot_when_both_are_full)
{
    start((pond_options){.cache_objects = 20});
    put_row(1, 20);
    cr_assert_eq(in_depot(), 0);
    put(21);
    cr_assert_eq(in_depot(), 10);
    expect_row(21, 11);
    cr_assert_eq(in_depot(), 10, "no visit to the depot was needed");
    put_row(11, 30);
    cr_assert_eq(in_depot(), 10, "nor here");
    put(31);
    cr_assert_eq(in_depot(), 20);
    expect_row(31, 1);
}

/* Between two visits to the depot lies at least one magazine's worth of work, whichever work. */
Test(cache, visits_to_the_depot_are_far_apart)
{
    enum { ROOM = 32 };
    size_t last = 0, visits = 0;
    start((pond_options){.cache_objects = 2 * ROOM});
    put_row(1, 10 * ROOM);
    for (size_t op = 0; op < 300000; op++) {
        uint32_t before = c->exchanges;
        if (rand() % 2 == 0)
            put(1);
        else
            (void)get();
        if (c->exchanges == before)
            continue;
        cr_assert(visits++ == 0 || op - last >= ROOM, "%zu operations after the last", op - last);
        last = op;
    }
    cr_assert_gt(visits, 100);
}

/* What another thread left in the depot is taken a magazine at a time. */
Test(cache, a_full_magazine_comes_from_the_depot)
{
    start((pond_options){.cache_objects = 20});
    struct cache *other = &p->caches[LINE + 1];
    for (size_t n = 1; n <= 35; n++) {
        struct magazine *spare = charge_magazine(p, false);
        cr_assert(cache_put(p, other, number(n), &spare));
        if (spare != NULL)
            charge_end(p, spare);
    }
    cr_assert_eq(in_depot(), 20);
    cr_assert_eq(get(), 20);
    cr_assert_eq(cache_idle(c), 9);
    cr_assert_eq(in_depot(), 10);
    expect_row(19, 1);
    cr_assert_eq(get(), 0, "what the other has is its own");
}

/* ---- age ---- */

/* Objects that are due at this epoch, popped. */
static size_t pop_due(void)
{
    size_t objects = 0;
    for (struct magazine *m; (m = depot_pop_due(&p->depot, p->epoch)) != NULL; magazine_end(m))
        objects += m->count;
    return objects;
}

Test(cache, a_rescued_magazine_takes_no_puts)
{
    start((pond_options){.cache_objects = 20});
    put_row(1, 5);
    tick();
    cr_assert_eq(get(), 5);
    struct magazine *spare = NULL, *fresh = charge_magazine(p, false);
    cr_assert_not(cache_put(p, c, number(5), &spare), "it has room, but is old");
    cr_assert_eq(cache_put_some(p, c, (void *[1]){number(5)}, 1), 0);
    cr_assert_null(cache_end(c, p->epoch), "nor on the fast path");
    cr_assert(cache_put(p, c, number(5), &fresh));
    cr_assert_null(fresh, "the magazine given was used");
    put(6);
    tick();
    cr_assert_eq(pop_due(), 4, "its neighbours");
    cr_assert_eq(in_depot(), 2, "what was put again");
    tick();
    cr_assert_eq(pop_due(), 2);
}

/* The rescued magazine has become the previous one: when the loaded one is full, it goes to the depot. */
Test(cache, a_rescued_magazine_takes_no_puts_as_the_previous_one)
{
    start((pond_options){.cache_objects = 20});
    put_row(1, 5);
    tick();
    cr_assert_eq(get(), 5);
    put_row(11, 20);
    cr_assert(cache_idle(c) == 14 && in_depot() == 0);
    put(21);
    cr_assert_eq(in_depot(), 4);
    tick();
    cr_assert_eq(pop_due(), 4);
    cr_assert_eq(in_depot(), 11);
}

/* An old magazine that was emptied is as good as a new one. */
Test(cache, an_emptied_magazine_is_young_again)
{
    start((pond_options){.cache_objects = 20});
    put_row(1, 2);
    tick();
    expect_row(2, 1);
    struct magazine *none = NULL;
    cr_assert(cache_put(p, c, number(1), &none));
    tick();
    cr_assert_eq(pop_due(), 0, "it was put in this epoch");
    tick();
    cr_assert_eq(pop_due(), 1);
}

/* Whatever is put at an epoch and not got is due two ticks later: neither sooner nor later. */
Test(cache, a_random_walk_ages_right)
{
    enum { EPOCHS = 60, MOST = EPOCHS * 200 };
    static size_t born[MOST];
    size_t next = 1;
    start((pond_options){.cache_objects = 12});
    for (size_t epoch = 0; epoch < EPOCHS; epoch++) {
        for (int step = rand() % 200; step > 0; step--) {
            size_t n = rand() % 2 == 0 ? get() : 0;
            must(n == 0 || born[n] + 1 >= epoch, "%zu is of epoch %zu, now is %zu", n, born[n], epoch);
            if (n == 0 || rand() % 2 == 0)
                n = next++;
            must(n < MOST, "%zu objects", n);
            born[n] = epoch;
            put(n);
        }
        tick();
        for (struct magazine *m; (m = depot_pop_due(&p->depot, p->epoch)) != NULL; magazine_end(m))
            for (uint32_t i = 0; i < m->count; i++)
                must(born[(uintptr_t)m->slots[i]] + 1 == epoch, "an object of epoch %zu goes at %zu",
                     born[(uintptr_t)m->slots[i]], epoch + 1);
    }
}

/* ---- bounds ---- */

ParameterizedTestParameters(cache, holds_no_more_than_it_may)
{
    static size_t most[] = {1, 2, 3, 4, 5, 16, 101, POND_MAX_CACHE_OBJECTS};
    return cr_make_param_array(size_t, most, sizeof most / sizeof *most);
}

ParameterizedTest(size_t *most, cache, holds_no_more_than_it_may)
{
    size_t held = 0, reached = 0;
    start((pond_options){.cache_objects = *most});
    for (size_t op = 0; op < 100000; op++) {
        bool grows = op / (4 * *most) % 2 == 0;
        if (rand() % 8 < (grows ? 7 : 1)) {
            put(1);
            held++;
        } else {
            held -= get() != 0;
        }
        if (op % 5000 == 4999)
            tick();
        cr_assert_leq(cache_idle(c), *most);
        cr_assert_eq(cache_idle(c) + in_depot(), held);
        reached = MAX(reached, cache_idle(c));
    }
    cr_assert_geq(reached, *most == 1 ? 1 : *most / 2 * 2, "%zu of %zu", reached, *most);
    cr_assert_eq(p->magazine_room, MAX(*most / 2, 1), "it is as large as was told, and stays so");
}

typedef struct room {
    size_t size, max_objects, max_idle_bytes, cache_objects;
    uint32_t first, most;
} room;

ParameterizedTestParameters(cache, room_is_bounded)
{
    static room rooms[] = {
        {8, 0, 0, 0, 125, 509},      {256, 0, 0, 0, 125, 509},     {1024, 0, 0, 0, 125, 128},
        {4096, 0, 0, 0, 32, 64},     {1 << 17, 0, 0, 0, 1, 32},    {1 << 20, 0, 0, 0, 1, 4},
        {8, 1, 0, 0, 1, 1},          {8, 31, 0, 0, 1, 1},          {8, 320, 0, 0, 20, 20},
        {8, 100000, 0, 0, 125, 509}, {64, 0, 64 * 640, 0, 10, 10}, {64, 0, 64 * 64000, 0, 125, 509},
        {4096, 20, 0, 50, 25, 25},   {8, 0, 0, 1, 1, 1},           {8, 0, 0, 1016, 508, 508},
    };
    return cr_make_param_array(room, rooms, sizeof rooms / sizeof *rooms);
}

ParameterizedTest(room *r, cache, room_is_bounded)
{
    start((pond_options){.size = r->size,
                         .max_objects = r->max_objects,
                         .max_idle_bytes = r->max_idle_bytes,
                         .cache_objects = r->cache_objects});
    cr_assert_eq(p->room_most, r->most, "most %u, not %u", p->room_most, r->most);
    cr_assert_eq(p->room_first, r->first, "first %u, not %u", p->room_first, r->first);
    cr_assert_eq(p->magazine_room, r->first);
}

/* Where the most is a class of magazines, and where it is not. */
static size_t sizes[] = {8, 1024};

/*
 * As a server's buffers come: what is got and put at once fits into one large magazine in the end, and the
 * small ones that it was in are gone.
 */
Test(cache, a_burst_is_in_one_magazine_in_the_end)
{
    static const size_t burst_sizes[] = {64, 1024, 8192, 16384, 65536};
    enum { BURST = 64 };
    for (size_t i = 0; i < sizeof burst_sizes / sizeof *burst_sizes; i++) {
        void *objs[BURST];
        pond *pool = test_pond((pond_options){.size = burst_sizes[i]});
        for (int round = 0; round < 100; round++) {
            test_get(pool, objs, BURST);
            pond_put_many(pool, objs, BURST);
        }
        const struct cache *mine = (const struct cache *)(const void *)pond_line(pool);
        cr_assert(mine->loaded != NULL && mine->loaded->room >= BURST, "of %zu bytes", burst_sizes[i]);
        cr_assert_eq(test_stats(pool).idle_local, BURST);
        cr_assert_eq(mine->previous_count, 0, "of %zu bytes: %u are in another one", burst_sizes[i],
                     mine->previous_count);
        cr_assert_eq(pond_destroy(pool), 0);
    }
}

/* Whatever is taken over keeps its age: what was put before a tick is due with its neighbours. */
Test(cache, what_a_larger_magazine_takes_over_keeps_its_age)
{
    struct magazine *spare = NULL;
    start((pond_options){.cache_objects = 20});
    put_row(1, 3);
    tick();
    cr_assert_eq(get(), 3); /* loads the magazine of the victims, which has two yet */
    struct magazine *small = c->loaded;
    struct magazine *large = magazine_make(100);
    small->room = 10;
    c->previous = small; /* as a swap leaves them */
    small->count = 2;
    STORE(c->previous_count, 2);
    large->count = 0;
    large->epoch = p->epoch;
    STORE(c->top, large->slots);
    STORE(c->loaded, large);
    cr_assert_eq(cache_get(p, c, &spare), number(2));
    cr_assert_eq(spare, small, "it is to be ended");
    cr_assert(c->loaded == large && large->epoch == 0 && c->previous == NULL);
    cr_assert_null(cache_end(c, p->epoch), "it takes no puts");
    cr_assert(cache_is_valid(p, c));
    charge_end(p, spare);
    cr_assert_eq(get(), 1);
}

ParameterizedTestParameters(cache, magazines_grow_with_traffic)
{
    return cr_make_param_array(size_t, sizes, 2);
}

/* Eight exchanges of one cache within an epoch; the next magazines are of the next class. */
ParameterizedTest(size_t *size, cache, magazines_grow_with_traffic)
{
    start((pond_options){.size = *size});
    for (uint32_t room = p->room_first; room < p->room_most; room = p->magazine_room) {
        for (uint32_t before = c->exchanges; c->exchanges / 8 == before / 8; put(1))
            cr_assert_eq(p->magazine_room, room, "after %u exchanges", c->exchanges);
        cr_assert_eq(p->magazine_room, MIN(magazine_fit(room + 1), p->room_most));
    }
    cr_assert_eq(p->magazine_room, p->room_most);
    for (uint32_t before = c->exchanges; c->exchanges < before + 20;)
        put(1);
    cr_assert_eq(p->magazine_room, p->room_most);
}

static size_t sizes_to_shrink[] = {8, 1024, 16384, 200000, 1 << 20};

ParameterizedTestParameters(cache, magazines_shrink_when_it_is_calm)
{
    return cr_make_param_array(size_t, sizes_to_shrink, 5);
}

ParameterizedTest(size_t *size, cache, magazines_shrink_when_it_is_calm)
{
    start((pond_options){.size = *size});
    STORE(p->magazine_room, p->room_most);
    cache_room_calm(p, 8);
    cr_assert_eq(p->magazine_room, p->room_most, "eight exchanges are not calm");
    for (uint32_t room = p->room_most; room > p->room_first; room = p->magazine_room) {
        cache_room_calm(p, 7);
        cr_assert_lt(p->magazine_room, room);
        cr_assert(p->magazine_room == p->room_first || magazine_fit(p->magazine_room) == p->magazine_room,
                  "a whole class");
        cr_assert(p->magazine_room == p->room_first || 2 * p->magazine_room + 8 >= room,
                  "one class at a time");
    }
    cache_room_calm(p, 0);
    cr_assert_eq(p->magazine_room, p->room_first);
}

/* An empty magazine too many is used again if it is of the size now made, else it is the caller's to end. */
Test(cache, empty_magazines_of_another_size_are_left_to_be_ended)
{
    for (int other_size = 0; other_size < 2; other_size++) {
        start((pond_options){.size = 8});
        uint32_t room = p->magazine_room;
        put_row(1, 4 * room);
        if (other_size)
            STORE(p->magazine_room, p->room_most);
        struct magazine *spare = NULL;
        for (size_t n = 0; n < 3 * room + 1; n++)
            cr_assert_not_null(cache_get(p, c, &spare));
        cr_assert_eq(spare != NULL, other_size != 0);
        struct magazine *empty = depot_pop_empty(&p->depot);
        cr_assert_eq(empty != NULL, other_size == 0);
        cr_assert_eq((empty != NULL ? empty : spare)->room, room);
    }
}
