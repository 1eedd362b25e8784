/* SPDX-License-Identifier: BSD-2-Clause */
/* The room stats: its figures beside a model after every step, and while other threads work. */
#include "test.h"

#include "../../src/gather.h"
#include "threads.h"

#include <stdatomic.h>
#include <stdlib.h>

TestSuite(stats, .timeout = TEST_ALARM);

/* ---- beside a model ---- */

enum { HELD = 500, FOOTPRINT = 30 };

static struct {
    void *held[HELD];
    uint64_t live, idle, gets, puts, hits, constructed, high_water, epoch;
    uint64_t dropped[POND_DROP_REASONS];
    bool reject;
} model;

static bool reset(void *obj, void *ctx)
{
    (void)ctx;
    return obj != NULL && !model.reject;
}

static size_t footprint(const void *obj, void *ctx)
{
    (void)ctx;
    return obj == NULL ? 0 : FOOTPRINT;
}

static void model_make(uint64_t n)
{
    model.constructed += n;
    model.high_water = MAX(model.high_water, model.live + model.idle);
}

static void model_get(pond *p)
{
    if (model.live == HELD)
        return;
    bool hit = model.idle > 0;
    test_get(p, &model.held[model.live], 1);
    model.live++, model.gets++;
    model.hits += hit, model.idle -= hit;
    model_make(!hit);
}

static void model_drop(uint64_t n, pond_drop_reason why)
{
    model.dropped[why] += n;
}

static void model_put(pond *p)
{
    if (model.live == 0)
        return;
    model.reject = rand() % 20 == 0;
    pond_put(p, model.held[--model.live]);
    model.puts++, model.idle += !model.reject;
    model_drop(model.reject, POND_DROP_REJECTED);
}

static void model_two_ticks(pond *p)
{
    for (int i = 0; i < 2; i++)
        cr_assert_eq(pond_rotate(p), ++model.epoch);
    model_drop(model.idle, POND_DROP_EPOCH);
    model.idle = 0;
}

static void model_step(pond *p)
{
    size_t n = (size_t)rand() % 50;
    switch (rand() % 100) {
    case 0:
        model_two_ticks(p);
        break;
    case 1:
        (void)pond_trim(p);
        model_drop(model.idle, POND_DROP_TRIM);
        model.idle = 0;
        break;
    case 2:
        cr_assert_eq(pond_reserve(p, n), MAX(n, model.idle));
        n -= MIN(n, model.idle);
        model.idle += n;
        model_make(n);
        break;
    case 3:
        if (model.live > 0) {
            pond_discard(p, model.held[--model.live]);
            model.puts++;
            model_drop(1, POND_DROP_DISCARDED);
        }
        break;
    default:
        (rand() % 2 == 0 ? model_get : model_put)(p);
    }
}

static void expect_model(pond *p)
{
    pond_stats s = test_stats(p);
    must(s.live == model.live && test_idle(&s) == model.idle, "%zu live, %zu idle", (size_t)s.live,
         test_idle(&s));
    must(s.gets == model.gets && s.puts == model.puts && s.hits == model.hits, "%zu gets, %zu puts, %zu hits",
         (size_t)s.gets, (size_t)s.puts, (size_t)s.hits);
    must(s.misses == model.gets - model.hits && s.constructed == model.constructed, "%zu constructed",
         (size_t)s.constructed);
    must(s.high_water == model.high_water && s.epoch == model.epoch, "%zu at most", (size_t)s.high_water);
    for (int why = 0; why < POND_DROP_REASONS; why++)
        must(s.dropped[why] == model.dropped[why], "%zu dropped for %d", (size_t)s.dropped[why], why);
}

static void expect_bytes(struct pond *p)
{
    pond_stats s = test_stats(p);
    uint64_t each = s.object_bytes + p->footprint_mean;
    must(p->footprint_mean == (p->options.footprint != NULL && s.puts > 0 ? FOOTPRINT : 0), "mean");
    must(s.live_bytes == s.live * each && s.idle_local_bytes == s.idle_local * each &&
             s.idle_shared_bytes == s.idle_shared * each && s.idle_victim_bytes == s.idle_victim * each &&
             s.high_water_bytes == s.high_water * each,
         "bytes at %zu each", (size_t)each);
    must(s.slab_bytes == p->slabs.bytes, "%zu bytes of slabs", (size_t)s.slab_bytes);
}

typedef struct plan {
    size_t cache_objects, max_idle_bytes;
    bool weighed;
} plan;

ParameterizedTestParameters(stats, figures_are_the_models)
{
    static plan plans[] = {{0, 0, false},       {1, 0, false},      {2, 0, true},
                           {7, 1 << 20, false}, {0, 1 << 20, true}, {0, 1 << 20, false}};
    return cr_make_param_array(plan, plans, sizeof plans / sizeof *plans);
}

ParameterizedTest(plan *a, stats, figures_are_the_models)
{
    pond *p = test_pond((pond_options){.size = 64,
                                       .reset = reset,
                                       .footprint = a->weighed ? footprint : NULL,
                                       .cache_objects = a->cache_objects,
                                       .max_idle_bytes = a->max_idle_bytes});
    for (int step = 0; step < TEST_TIMES(40000); step++) {
        model_step(p);
        expect_model(p);
        expect_bytes(p);
    }
    while (model.live > 0)
        model_put(p);
    cr_assert_eq(pond_destroy(p), 0);
}

/* ---- where the objects are ---- */

static pond *p;
static void *objs[300];

static void put_300(void *unused)
{
    (void)unused;
    pond_put_many(p, objs, 300);
}

Test(stats, an_idle_object_is_local_shared_or_victim)
{
    p = test_pond((pond_options){.size = 64, .cache_objects = 20});
    worker *w = worker_start();
    test_get(p, objs, 300);
    worker_do(w, put_300, NULL);
    pond_stats s = test_stats(p);
    cr_assert(s.idle_local == 20 && s.idle_shared == 280 && s.idle_victim == 0);
    pond_rotate(p);
    s = test_stats(p);
    cr_assert(s.idle_local == 0 && s.idle_shared == 0 && s.idle_victim == 300);
    test_get(p, objs, 5);
    s = test_stats(p);
    cr_assert(s.idle_local == 5 && s.idle_victim == 290, "a cache holds what it rescued");
    pond_put_many(p, objs, 5);
    worker_end(w);
    cr_assert_eq(pond_destroy(p), 0);
}

/* A tick takes what is due out of the depot, a magazine at a time, before it drops it. */
Test(stats, what_is_being_dropped_is_a_victim_yet)
{
    struct pond *q = p = test_pond((pond_options){.size = 64});
    test_get(p, objs, 10);
    pond_put_many(p, objs, 10);
    registry_lock();
    (void)gather_all(p, false, &(uint64_t){0});
    depot_all_due(&q->depot);
    registry_unlock();
    q->dropping = depot_pop_due(&q->depot, q->epoch);
    cr_assert_eq(test_stats(p).idle_victim, 10);
    depot_give_back_due(&q->depot, q->dropping);
    q->dropping = NULL;
    cr_assert_eq(test_stats(p).idle_victim, 10);
    cr_assert_eq(pond_destroy(p), 0);
}

static void expect_cache_objects(pond_options options, uint64_t most)
{
    options.size = 64;
    struct pond *q = test_pond(options);
    pond_stats s = test_stats(q);
    cr_assert_eq(s.cache_objects, most, "%zu, not %zu", (size_t)s.cache_objects, (size_t)most);
    cr_assert_eq(pond_destroy(q), 0);
}

Test(stats, cache_objects_are_those_of_both_magazines)
{
    static const size_t told[] = {1, 2, 3, 10, 11, POND_MAX_CACHE_OBJECTS};
    for (size_t i = 0; i < sizeof told / sizeof *told; i++)
        expect_cache_objects((pond_options){.cache_objects = told[i]}, told[i] == 1 ? 1 : told[i] / 2 * 2);
    expect_cache_objects((pond_options){.max_idle_bytes = 64}, 0);
    struct pond *q = test_pond((pond_options){.size = 64});
    STORE(q->magazine_room, 253);
    cr_assert_eq(test_stats(q).cache_objects, 506, "as adapted by now");
}

/* ---- while others work ---- */

enum { WORKERS = 2, RESERVED = 3000 };

static atomic_uint at_work;

/* A figure below zero would be a huge one. */
static void expect_sane(const pond_stats *s)
{
    const uint64_t figures[] = {s->live, s->idle_local, s->idle_shared, s->idle_victim, s->gets,
                                s->puts, s->hits,       s->misses,      s->constructed, s->high_water};
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++)
        must(figures[i] < (uint64_t)1 << 40, "figure %zu is %#zx", i, (size_t)figures[i]);
    must(s->hits + s->misses == s->gets, "hits and misses");
}

/* Takes what was reserved, and hands it on to the other through the depot. */
static void get_and_put(unsigned index)
{
    static void *mine[WORKERS][RESERVED];
    for (unsigned i = 0; i < TEST_TIMES(40000); i++) {
        size_t n = pond_get_many(p, mine[index], i % 64 == 0 ? RESERVED / 4 : 17);
        pond_put_many(p, mine[index], n);
    }
    atomic_fetch_sub(&at_work, 1);
}

static void work_or_ask(unsigned index, void *unused)
{
    (void)unused;
    if (index < WORKERS) {
        get_and_put(index);
        return;
    }
    for (unsigned i = 0; atomic_load(&at_work) > 0; i++) {
        pond_stats s;
        pond_stats_read(p, &s);
        expect_sane(&s);
        must(s.constructed == RESERVED && s.live <= RESERVED, "%zu live", (size_t)s.live);
        if (i % 64 == 0)
            (void)pond_rotate(p);
    }
}

Test(stats, figures_are_sane_at_any_time)
{
    p = test_pond((pond_options){.size = 64, .cache_objects = 16, .min_idle = RESERVED});
    cr_assert_eq(pond_reserve(p, RESERVED), RESERVED);
    atomic_store(&at_work, WORKERS);
    crew_run(WORKERS + 1, work_or_ask, NULL);
    pond_stats s = test_stats(p);
    cr_assert(s.live == 0 && s.hits == s.gets && test_idle(&s) == RESERVED);
    cr_assert_eq(pond_destroy(p), 0);
}

/* Nothing is ever put: each get takes from a magazine that came whole. */
static void *get_reserved(void *unused)
{
    for (int i = 0; i < RESERVED; i++)
        must(pond_get(p) != NULL, "errno %d", errno);
    atomic_fetch_sub(&at_work, 1);
    return unused;
}

Test(stats, no_put_is_counted_that_was_none)
{
    for (int round = 0; round < TEST_TIMES(200); round++) {
        pthread_t getter;
        p = test_pond((pond_options){.size = 64});
        cr_assert_eq(pond_reserve(p, RESERVED), RESERVED);
        atomic_store(&at_work, 1);
        cr_assert_eq(pthread_create(&getter, NULL, get_reserved, NULL), 0);
        while (atomic_load(&at_work) > 0) {
            pond_stats s;
            pond_stats_read(p, &s);
            expect_sane(&s);
        }
        pthread_join(getter, NULL);
        cr_assert_eq(test_stats(p).puts, 0);
    }
}
