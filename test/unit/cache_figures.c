/* SPDX-License-Identifier: BSD-2-Clause */
/* The room cache: what it counts, whatever way an object comes and goes, and who may ask. */
#include "test.h"

#include "../../src/shared.h"
#include "threads.h"

#include <stdatomic.h>
#include <stdlib.h>

TestSuite(cache_figures, .timeout = TEST_ALARM);

static struct pond *p;
static struct cache *c;
static struct {
    uint64_t gets, idle;
} model;

static void start(size_t cache_objects)
{
    p = test_pond((pond_options){.size = 64, .cache_objects = cache_objects});
    c = &p->caches[0];
}

static void expect_figures(void)
{
    must(cache_gets(c) == model.gets, "%zu gets, not %zu", (size_t)cache_gets(c), (size_t)model.gets);
    uint64_t idle = cache_idle(c) + depot_shared(&p->depot, p->epoch) + depot_victims(&p->depot, p->epoch);
    must(idle == model.idle, "%zu idle, not %zu", (size_t)idle, (size_t)model.idle);
    must(cache_is_valid(p, c), "not valid");
}

static void put(void)
{
    struct magazine *spare = NULL;
    while (!cache_put(p, c, &model, &spare))
        spare = charge_magazine(p, false);
    if (spare != NULL)
        charge_end(p, spare);
}

static bool get(void)
{
    struct magazine *spare = NULL;
    void *obj = cache_get(p, c, &spare);
    if (spare != NULL)
        charge_end(p, spare);
    must(obj == NULL || obj == &model, "%p was never put", obj);
    return obj != NULL;
}

static void tick(void)
{
    depot_turn(&p->depot, p->epoch + 1);
    STORE(p->epoch, p->epoch + 1);
    (void)cache_drain(p, c);
}

/* ---- one owner ---- */

static void do_something(void)
{
    void *objs[40];
    size_t n = (size_t)rand() % 40, done;
    switch (rand() % 64) {
    case 0:
        tick();
        break;
    case 1:
        (void)cache_drain(p, c);
        break;
    case 2:
    case 3:
        done = cache_get_some(c, objs, n);
        model.gets += done, model.idle -= done;
        break;
    case 4:
    case 5:
        for (size_t i = 0; i < n; i++)
            objs[i] = &model;
        done = cache_put_some(p, c, objs, n);
        model.idle += done;
        break;
    default:
        if (rand() % 2 == 0) {
            put();
            model.idle++;
        } else if (get()) {
            model.gets++, model.idle--;
        }
    }
}

ParameterizedTestParameters(cache_figures, gets_are_counted_whichever_way_objects_go)
{
    static size_t most[] = {0, 1, 2, 3, 16, 200};
    return cr_make_param_array(size_t, most, sizeof most / sizeof *most);
}

ParameterizedTest(size_t *most, cache_figures, gets_are_counted_whichever_way_objects_go)
{
    start(*most);
    for (int step = 0; step < 100000; step++) {
        do_something();
        expect_figures();
    }
}

/* The owner may go on with what it had before, and the totals stand. */
Test(cache_figures, a_drain_leaves_nothing_but_totals)
{
    start(20);
    for (int i = 0; i < 35; i++)
        put();
    for (int i = 0; i < 3; i++)
        cr_assert(get());
    cr_assert_eq(cache_drain(p, c), 4, "exchanges");
    cr_assert_eq(cache_idle(c), 0);
    cr_assert_eq(cache_gets(c), 3);
    cr_assert_eq(depot_shared(&p->depot, 0), 32);
    cr_assert(c->loaded == NULL && c->previous == NULL && cache_is_valid(p, c));
    cr_assert_eq(cache_drain(p, c), 0, "they were counted once");
    cr_assert(get());
    cr_assert_eq(cache_gets(c), 4);
}

Test(cache_figures, a_drain_gives_empty_magazines_to_the_depot)
{
    start(20);
    for (int i = 0; i < 20; i++)
        put();
    while (get())
        continue;
    (void)cache_drain(p, c);
    for (int i = 0; i < 2; i++)
        cr_assert_not_null(depot_pop_empty(&p->depot));
    cr_assert_null(depot_pop_empty(&p->depot));
}

/* ---- some at once ---- */

static void *objs[64];

Test(cache_figures, some_are_got_as_one_by_one)
{
    void *got[64];
    start(40);
    struct magazine *spare = charge_magazine(p, false);
    cr_assert(cache_put(p, c, &objs[0], &spare));
    for (int i = 1; i < 10; i++)
        cr_assert(cache_put(p, c, &objs[i], &spare));
    cr_assert_eq(cache_get_some(c, got, 4), 4);
    for (int i = 0; i < 4; i++)
        cr_assert_eq(got[i], &objs[9 - i]);
    cr_assert_eq(cache_get_some(c, got, 0), 0);
    cr_assert_eq(cache_get_some(c, got, 64), 6, "no more than there are");
    cr_assert_eq(got[5], &objs[0]);
    cr_assert_eq(cache_get_some(c, got, 1), 0);
}

Test(cache_figures, some_are_put_while_there_is_room)
{
    void *many[64];
    for (int i = 0; i < 64; i++)
        many[i] = &objs[i];
    start(40);
    put();
    cr_assert_eq(cache_put_some(p, c, many, 0), 0);
    cr_assert_eq(cache_put_some(p, c, many, 64), 19);
    cr_assert_eq(cache_put_some(p, c, many + 19, 45), 0);
    cr_assert_eq(cache_idle(c), 20);
    cr_assert_eq(cache_get_some(c, objs, 1), 1);
    cr_assert_eq(objs[0], &objs[18], "in their order");
}

/* A pond that has work to do at a put: what was put has been through it. */
static bool no_reset(void *obj, void *ctx)
{
    (void)ctx;
    return obj != NULL;
}

Test(cache_figures, with_hooks_it_is_no_other)
{
    p = test_pond((pond_options){.size = 64, .reset = no_reset});
    c = &p->caches[0];
    for (int i = 0; i < 400; i++) {
        put();
        cr_assert(c->top <= cache_end(c, p->epoch) && cache_is_valid(p, c));
    }
    for (int i = 0; i < 400; i++)
        cr_assert(get());
}

/* ---- validity ---- */

#define BREAK(place, value)                                                                                  \
    do {                                                                                                     \
        __typeof__(place) whole = (place);                                                                   \
        (place) = (value);                                                                                   \
        cr_assert_not(cache_is_valid(p, c), "%s = %s", #place, #value);                                      \
        (place) = whole;                                                                                     \
        cr_assert(cache_is_valid(p, c));                                                                     \
    } while (0)

Test(cache_figures, a_broken_cache_is_not_valid)
{
    start(20);
    BREAK(c->base, &objs[1]);
    BREAK(c->limit, &objs[1]);
    BREAK(c->room, 7);
    for (int i = 0; i < 14; i++)
        put();
    BREAK(c->top, cache_end(c, p->epoch) + 1);
    BREAK(c->previous_count, 9);
    BREAK(c->loaded->epoch, 1);
    BREAK(c->base, c->loaded->slots);
    c->base = c->loaded->slots;
    c->limit = cache_end(c, p->epoch);
    c->room = cache_room(c, p->epoch);
    BREAK(c->base, c->base + 1);
    BREAK(c->limit, NULL);
    BREAK(c->room, 0);
    BREAK(p->epoch, 1);
}

/* ---- other threads ask ---- */

/* What a thread sees that asks while the owner loads another magazine and the first one again. */
Test(cache_figures, a_top_of_another_magazine_counts_nothing)
{
    start(20);
    put();
    void **top = c->top, **slots = c->loaded->slots;
    void **const others[] = {slots + c->loaded->room + 1, slots + c->loaded->room + 9, slots - 1, slots - 40};
    cr_assert_eq(cache_idle(c), 1);
    for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
        c->top = others[i];
        cr_assert_eq(cache_idle(c), 0, "top %zu: %zu idle", i, (size_t)cache_idle(c));
    }
    c->top = top;
}

static atomic_bool done;

/* Nothing but what another cache put comes to this one: each of its gets counts against what was moved in. */
static void work(void)
{
    struct cache *mine = c, *other = &p->caches[1];
    for (int i = 0; i < TEST_TIMES(40000); i++) {
        c = other;
        for (int n = i % 30; n >= 0; n--)
            put();
        (void)cache_drain(p, c);
        c = mine;
        while (get())
            continue;
    }
    atomic_store(&done, true);
}

static void ask(void)
{
    const struct cache *getter = &p->caches[0];
    for (uint64_t gets = 0; !atomic_load(&done);) {
        uint64_t now = cache_gets(getter), idle = cache_idle(getter);
        must(now >= gets, "gets went back");
        must(idle <= 3 * p->magazine_room, "%zu idle", (size_t)idle);
        gets = now;
    }
}

static void work_or_ask(unsigned index, void *unused)
{
    (void)unused;
    if (index == 0)
        work();
    else
        ask();
}

Test(cache_figures, others_may_ask_at_any_time)
{
    start(8);
    crew_run(2, work_or_ask, NULL);
}
