/* SPDX-License-Identifier: BSD-2-Clause */
// debug
/* Promise 3: a pond at max_objects never refuses a get while any of its objects is idle anywhere. */
#include "test.h"

#include "ledger.h"
#include "threads.h"

TestSuite(promise3, .timeout = TEST_ALARM);

enum { SLEEPERS = 6, MOST = 3000 };

static ledger book = {.size = 64};

static pond *bounded(size_t max_objects, size_t cache_objects)
{
    pond_options options = ledger_options(&book);
    options.max_objects = max_objects;
    options.cache_objects = cache_objects;
    return test_pond(options);
}

static void take(pond *p, void **objs, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        objs[i] = ledger_get(&book, p);
        must(objs[i] != NULL, "get %zu of %zu: errno %d", i, n, errno);
    }
}

static void give(pond *p, void *const *objs, size_t n)
{
    for (size_t i = 0; i < n; i++)
        ledger_put(&book, p, objs[i]);
}

static void expect_refusal(pond *p)
{
    errno = 0;
    cr_assert_null(pond_get(p));
    cr_assert_eq(errno, EAGAIN, "errno %d", errno);
}

typedef struct bound {
    size_t max_objects, cache_objects;
} bound;

static bound bounds[] = {{1, 0},  {2, 0},  {10, 0},  {300, 0}, {MOST, 0},
                         {10, 1}, {10, 2}, {300, 3}, {300, 7}, {MOST, POND_MAX_CACHE_OBJECTS}};
static void *held[MOST + 1];

ParameterizedTestParameters(promise3, refuses_only_when_all_are_live)
{
    return cr_make_param_array(bound, bounds, sizeof bounds / sizeof *bounds);
}

ParameterizedTest(bound *b, promise3, refuses_only_when_all_are_live)
{
    pond *p = bounded(b->max_objects, b->cache_objects);
    for (int round = 0; round < 3; round++) {
        take(p, held, b->max_objects);
        expect_refusal(p);
        give(p, held, b->max_objects);
    }
    take(p, held, b->max_objects);
    ledger_put(&book, p, held[0]);
    take(p, held, 1);
    expect_refusal(p);
    cr_assert_eq(test_stats(p).high_water, b->max_objects);
    cr_assert_eq(test_stats(p).constructed, b->max_objects);
    give(p, held, b->max_objects);
    ledger_close(&book, p);
}

typedef struct share {
    pond *pond;
    void **objs;
    size_t n;
} share;

static void share_take(void *arg)
{
    share *s = (share *)arg;
    take(s->pond, s->objs, s->n);
}

static void share_give(void *arg)
{
    share *s = (share *)arg;
    give(s->pond, s->objs, s->n);
}

/* All objects become idle, spread over the caches of threads that then sleep. */
typedef struct sleepers {
    worker *threads[SLEEPERS];
    share shares[SLEEPERS];
} sleepers;

static void spread(sleepers *all, pond *p, size_t objects)
{
    size_t start = 0;
    for (size_t i = 0; i < SLEEPERS; i++) {
        size_t n = (objects - start) / (SLEEPERS - i);
        all->shares[i] = (share){.pond = p, .objs = held + start, .n = n};
        start += n;
        all->threads[i] = worker_start();
        worker_do(all->threads[i], share_take, &all->shares[i]);
    }
    for (size_t i = 0; i < SLEEPERS; i++)
        worker_do(all->threads[i], share_give, &all->shares[i]);
}

static void wake(sleepers *all)
{
    for (size_t i = 0; i < SLEEPERS; i++)
        worker_end(all->threads[i]);
}

/* Every object can be got by one thread, and no more; none was made anew. */
static void expect_all(pond *p, size_t objects)
{
    take(p, held, objects);
    expect_refusal(p);
    cr_assert_eq(test_stats(p).constructed, objects);
    give(p, held, objects);
}

ParameterizedTestParameters(promise3, idle_in_other_threads_caches)
{
    return cr_make_param_array(bound, bounds, sizeof bounds / sizeof *bounds);
}

ParameterizedTest(bound *b, promise3, idle_in_other_threads_caches)
{
    pond *p = bounded(b->max_objects, b->cache_objects);
    sleepers all;
    spread(&all, p, b->max_objects);
    expect_all(p, b->max_objects);
    wake(&all);
    ledger_close(&book, p);
}

ParameterizedTestParameters(promise3, idle_as_victims)
{
    return cr_make_param_array(bound, bounds, sizeof bounds / sizeof *bounds);
}

ParameterizedTest(bound *b, promise3, idle_as_victims)
{
    pond *p = bounded(b->max_objects, b->cache_objects);
    sleepers all;
    spread(&all, p, b->max_objects);
    pond_epoch_advance();
    cr_assert_eq(test_stats(p).idle_victim, b->max_objects);
    expect_all(p, b->max_objects);
    wake(&all);
    ledger_close(&book, p);
}

/* Objects that a tick should have dropped, but for its budget. */
Test(promise3, idle_beyond_the_tick_budget)
{
    pond *p = bounded(300, 0);
    sleepers all;
    spread(&all, p, 300);
    pond_tick_budget(1);
    pond_epoch_advance();
    pond_epoch_advance();
    cr_assert_eq(atomic_load(&book.destroyed[POND_DROP_EPOCH]), 1);
    take(p, held, 300);
    expect_refusal(p);
    cr_assert_eq(test_stats(p).constructed, 301);
    give(p, held, 300);
    wake(&all);
    ledger_close(&book, p);
}

Test(promise3, room_after_a_drop)
{
    pond *p = bounded(100, 0);
    take(p, held, 100);
    give(p, held, 50);
    cr_assert_gt(pond_trim(p), 0);
    take(p, held, 50);
    expect_refusal(p);
    ledger_discard(&book, p, held[0]);
    take(p, held, 1);
    expect_refusal(p);
    give(p, held, 100);
    pond_epoch_advance();
    pond_epoch_advance();
    take(p, held, 100);
    expect_refusal(p);
    give(p, held, 100);
    ledger_close(&book, p);
}

Test(promise3, get_many_and_reserve)
{
    pond *p = bounded(300, 0);
    sleepers all;
    spread(&all, p, 300);
    errno = 0;
    cr_assert_eq(pond_get_many(p, held, 301), 300);
    cr_assert_eq(errno, EAGAIN);
    for (size_t i = 0; i < 300; i++)
        ledger_took(&book, held[i]);
    errno = 0;
    cr_assert_eq(pond_reserve(p, 1), 0);
    cr_assert_eq(errno, EAGAIN);
    give(p, held, 100);
    cr_assert_eq(pond_reserve(p, 1000), 100);
    give(p, held + 100, 200);
    cr_assert_eq(pond_reserve(p, 300), 300);
    cr_assert_eq(test_stats(p).high_water, 300);
    wake(&all);
    ledger_close(&book, p);
}

/* A construct that fails takes no place; one that works again gets them all. */
Test(promise3, failed_constructs_take_no_place)
{
    book.fail_one_in = 2;
    book.fail_with = ENOBUFS;
    pond *p = bounded(50, 0);
    for (size_t n = 0; n < 50;) {
        held[n] = ledger_get(&book, p);
        must(held[n] != NULL || errno == ENOBUFS, "errno %d", errno);
        n += held[n] != NULL;
    }
    book.fail_one_in = 0;
    expect_refusal(p);
    give(p, held, 50);
    ledger_close(&book, p);
}

/* ---- an object on its way out is neither live nor idle ---- */

static event dropping = EVENT_INIT, go = EVENT_INIT;

static void blocking_destroy(void *obj, pond_drop_reason why, void *ctx)
{
    (void)obj, (void)ctx;
    if (why != POND_DROP_TRIM)
        return;
    event_set(&dropping);
    event_wait(&go);
}

static void trim_it(void *arg)
{
    pond_trim((pond *)arg);
}

Test(promise3, an_object_being_dropped_takes_no_place)
{
    pond *p = test_pond((pond_options){.size = 64, .max_objects = 1, .destroy = blocking_destroy});
    worker *w = worker_start();
    test_get(p, held, 1);
    pond_put(p, held[0]);
    worker_begin(w, trim_it, p);
    event_wait(&dropping);
    test_get(p, held, 1);
    expect_refusal(p);
    event_set(&go);
    worker_wait(w);
    expect_refusal(p);
    pond_put(p, held[0]);
    worker_end(w);
    cr_assert_eq(pond_destroy(p), 0);
}

/* ---- contests ---- */

/*
 * Threads that together never hold more than max_objects are never refused, whatever else happens
 * to the pond meanwhile: an object that is being put counts as held until put returns.
 */
typedef struct contest {
    char name[40];
    unsigned threads, each; /* max_objects is their product */
    size_t cache_objects;
    unsigned tick_every, trim_every, discard_every; /* operations of a thread; 0: never */
    unsigned times;
    pond *pond;
} contest;

static contest contests[] = {
    {"one object each", 4, 1, 0, 0, 0, 0, 60000, NULL},
    {"one object each, tiny caches", 4, 1, 1, 0, 0, 0, 60000, NULL},
    {"many objects each", 4, 40, 0, 0, 0, 0, 60000, NULL},
    {"with ticks", 4, 5, 0, 97, 0, 0, 30000, NULL},
    {"with ticks and trims", 3, 7, 2, 101, 211, 0, 30000, NULL},
    {"with discards", 4, 3, 0, 331, 0, 5, 30000, NULL},
    {"large caches, few objects", 8, 2, POND_MAX_CACHE_OBJECTS, 0, 0, 0, 30000, NULL},
};

static bool due(unsigned i, unsigned every)
{
    return every != 0 && i % every == every - 1;
}

static void contest_maintain(const contest *c, unsigned i, unsigned index)
{
    if (due(i + index * 13, c->tick_every))
        pond_epoch_advance();
    if (due(i + index * 29, c->trim_every))
        pond_trim(c->pond);
}

static void contest_body(unsigned index, void *arg)
{
    const contest *c = (const contest *)arg;
    void *mine[64] = {NULL};
    for (unsigned i = 0; i < TEST_TIMES(c->times); i++) {
        void **at = &mine[(i * 5 + index) % c->each];
        if (*at != NULL) {
            if (due(i, c->discard_every))
                ledger_discard(&book, c->pond, *at);
            else
                ledger_put(&book, c->pond, *at);
        }
        *at = NULL;
        contest_maintain(c, i, index);
        if (i % 3 != 0) {
            *at = ledger_get(&book, c->pond);
            must(*at != NULL, "thread %u was refused at operation %u: errno %d", index, i, errno);
        }
    }
    for (unsigned i = 0; i < c->each; i++)
        if (mine[i] != NULL)
            ledger_put(&book, c->pond, mine[i]);
}

ParameterizedTestParameters(promise3, never_refused_within_the_bound)
{
    return cr_make_param_array(contest, contests, sizeof contests / sizeof *contests);
}

ParameterizedTest(contest *c, promise3, never_refused_within_the_bound)
{
    book.yields = c->tick_every != 0;
    c->pond = bounded((size_t)c->threads * c->each, c->cache_objects);
    crew_run(c->threads, contest_body, c);
    cr_assert_leq(test_stats(c->pond).high_water, (uint64_t)c->threads * c->each);
    ledger_close(&book, c->pond);
}
