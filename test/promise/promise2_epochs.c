/* SPDX-License-Identifier: BSD-2-Clause */
// debug
/*
 * Promise 2: an idle object that no get touches is dropped at the second epoch after its put,
 * whichever thread's cache it lies in. So what a pond retains is bounded by what was put in the last
 * two epochs, plus min_idle.
 */
#include "test.h"

#include "ledger.h"
#include "threads.h"
#include "witness.h"

TestSuite(promise2, .timeout = TEST_ALARM);

enum { MANY = 6000 };

static witness seen = WITNESS_INIT;
static void *objs[MANY];

/* Checks how many objects are idle and how many were destroyed, all for their age. */
static void expect(pond *p, size_t idle, size_t destroyed)
{
    pond_stats s = test_stats(p);
    cr_assert_eq(test_idle(&s), idle, "%zu idle, %zu expected", test_idle(&s), idle);
    cr_assert_eq(witness_count(&seen), destroyed, "%zu destroyed, %zu expected", witness_count(&seen),
                 destroyed);
    cr_assert_eq(s.dropped[POND_DROP_EPOCH], destroyed);
    cr_assert_eq(witness_count_why(&seen, POND_DROP_EPOCH), destroyed);
}

static void get_and_put(pond *p, size_t n)
{
    test_get(p, objs, n);
    pond_put_many(p, objs, n);
}

typedef struct ageing {
    size_t objects, cache_objects;
} ageing;

ParameterizedTestParameters(promise2, second_tick_drops)
{
    static ageing all[] = {{1, 0},   {10, 0}, {MANY, 0}, {1, 1},    {10, 1},
                           {100, 2}, {7, 3},  {7, 16},   {100, 16}, {MANY, POND_MAX_CACHE_OBJECTS}};
    return cr_make_param_array(ageing, all, sizeof all / sizeof *all);
}

ParameterizedTest(ageing *a, promise2, second_tick_drops)
{
    pond_options options = witness_options(&seen, 48);
    options.cache_objects = a->cache_objects;
    pond *p = test_pond(options);
    get_and_put(p, a->objects);
    expect(p, a->objects, 0);
    pond_epoch_advance();
    expect(p, a->objects, 0);
    cr_assert_eq(test_stats(p).idle_victim, a->objects);
    pond_epoch_advance();
    expect(p, 0, a->objects);
    cr_assert_eq(pond_destroy(p), 0);
}

Test(promise2, nothing_is_dropped_early_or_twice)
{
    pond *p = test_pond(witness_options(&seen, 48));
    pond_epoch_advance();
    pond_epoch_advance();
    get_and_put(p, 100);
    pond_epoch_advance();
    expect(p, 100, 0);
    for (int i = 0; i < 5; i++)
        pond_epoch_advance();
    expect(p, 0, 100);
    cr_assert_eq(pond_destroy(p), 0);
    cr_assert_eq(witness_count(&seen), 100);
}

Test(promise2, a_get_of_a_victim_keeps_it)
{
    pond *p = test_pond(witness_options(&seen, 48));
    get_and_put(p, 10);
    pond_epoch_advance();
    void *kept[10];
    test_get(p, kept, 10);
    cr_assert_eq(test_stats(p).constructed, 10, "the victims were there to be got");
    pond_epoch_advance();
    pond_epoch_advance();
    expect(p, 0, 0);
    pond_put_many(p, kept, 10);
    pond_epoch_advance();
    expect(p, 10, 0);
    pond_epoch_advance();
    expect(p, 0, 10);
    cr_assert_eq(pond_destroy(p), 0);
}

/* One object of many is rescued at the epoch after their put, and put again beside new ones. */
Test(promise2, a_rescue_does_not_refresh_its_neighbours)
{
    pond *p = test_pond(witness_options(&seen, 48));
    void *held[5], *old[10], *rescued;
    test_get(p, held, 5);
    test_get(p, old, 10);
    pond_put_many(p, old, 10);
    pond_epoch_advance();
    test_get(p, &rescued, 1);
    cr_assert_eq(test_stats(p).constructed, 15, "the victims were there to be got");
    pond_put(p, rescued);
    pond_put_many(p, held, 5);
    pond_epoch_advance();
    expect(p, 6, 9);
    for (size_t i = 0; i < 10; i++)
        cr_assert_eq(witness_saw(&seen, old[i]), old[i] != rescued, "object %zu", i);
    pond_epoch_advance();
    expect(p, 0, 15);
    cr_assert_eq(pond_destroy(p), 0);
}

/* The same with every second object of more than all magazines of a cache hold. */
Test(promise2, many_rescues_do_not_refresh_the_rest)
{
    pond *p = test_pond(witness_options(&seen, 48));
    get_and_put(p, MANY);
    pond_epoch_advance();
    void *rescued[MANY / 2];
    test_get(p, rescued, MANY / 2);
    cr_assert_eq(test_stats(p).constructed, MANY, "the victims were there to be got");
    pond_put_many(p, rescued, MANY / 2);
    pond_epoch_advance();
    expect(p, MANY / 2, MANY / 2);
    for (size_t i = 0; i < MANY / 2; i++)
        cr_assert_not(witness_saw(&seen, rescued[i]));
    pond_epoch_advance();
    expect(p, 0, MANY);
    cr_assert_eq(pond_destroy(p), 0);
}

typedef struct share {
    pond *pond;
    void *objs[64];
    size_t n;
} share;

static void share_get(void *arg)
{
    share *s = (share *)arg;
    test_get(s->pond, s->objs, s->n);
}

static void share_put(void *arg)
{
    share *s = (share *)arg;
    pond_put_many(s->pond, s->objs, s->n);
}

Test(promise2, caches_of_sleeping_threads)
{
    pond *p = test_pond(witness_options(&seen, 48));
    worker *sleepers[8];
    share shares[8];
    size_t objects = 0;
    for (size_t i = 0; i < 8; i++) {
        shares[i] = (share){.pond = p, .n = 1 + i * 9};
        objects += shares[i].n;
        sleepers[i] = worker_start();
        worker_do(sleepers[i], share_get, &shares[i]);
    }
    for (size_t i = 0; i < 8; i++)
        worker_do(sleepers[i], share_put, &shares[i]);
    expect(p, objects, 0);
    pond_epoch_advance();
    expect(p, objects, 0);
    pond_epoch_advance();
    expect(p, 0, objects);
    for (size_t i = 0; i < 8; i++)
        worker_end(sleepers[i]);
    cr_assert_eq(pond_destroy(p), 0);
}

/* A thread at max_objects takes one of the victims another thread had put; the rest still go. */
Test(promise2, a_theft_does_not_refresh_its_neighbours)
{
    pond_options options = witness_options(&seen, 48);
    options.max_objects = 10;
    pond *p = test_pond(options);
    worker *sleeper = worker_start();
    share theirs = {.pond = p, .n = 10};
    worker_do(sleeper, share_get, &theirs);
    worker_do(sleeper, share_put, &theirs);
    pond_epoch_advance();
    void *stolen;
    test_get(p, &stolen, 1);
    pond_put(p, stolen);
    pond_epoch_advance();
    expect(p, 1, 9);
    cr_assert_not(witness_saw(&seen, stolen));
    pond_epoch_advance();
    expect(p, 0, 10);
    worker_end(sleeper);
    cr_assert_eq(pond_destroy(p), 0);
}

static ledger book = {.size = 200};

static void work_a_while(unsigned index, void *arg)
{
    pond *p = (pond *)arg;
    void *held[20] = {NULL};
    for (unsigned i = 0; i < TEST_TIMES(20000); i++) {
        size_t at = (i * 7 + index) % 20;
        if (held[at] != NULL)
            ledger_put(&book, p, held[at]);
        held[at] = i % 3 == 0 ? NULL : ledger_get(&book, p);
        if (index == 0 && i % 1000 == 0)
            pond_epoch_advance();
    }
    for (size_t i = 0; i < 20; i++)
        if (held[i] != NULL)
            ledger_put(&book, p, held[i]);
}

Test(promise2, after_concurrent_ticks)
{
    pond *p = test_pond(ledger_options(&book));
    crew_run(4, work_a_while, p);
    ledger_check(&book, p, 0);
    pond_epoch_advance();
    pond_epoch_advance();
    cr_assert_eq(ledger_objects(&book), 0);
    ledger_close(&book, p);
}

ParameterizedTestParameters(promise2, min_idle_stays)
{
    static size_t least[] = {1, 20, 999, 1000};
    return cr_make_param_array(size_t, least, sizeof least / sizeof *least);
}

ParameterizedTest(size_t *least, promise2, min_idle_stays)
{
    pond_options options = witness_options(&seen, 48);
    options.min_idle = *least;
    pond *p = test_pond(options);
    get_and_put(p, 1000);
    for (int i = 0; i < 6; i++)
        pond_epoch_advance();
    expect(p, *least, 1000 - *least);
    test_get(p, objs, *least);
    cr_assert_eq(test_stats(p).constructed, 1000, "what is kept can be got");
    pond_put_many(p, objs, *least);
    pond_trim(p);
    cr_assert_eq(witness_count(&seen), 1000);
    cr_assert_eq(pond_destroy(p), 0);
}

/* After a burst, a steady load: what is retained follows the load of the last two epochs. */
Test(promise2, retained_is_bounded)
{
    pond_options options = witness_options(&seen, 48);
    options.min_idle = 30;
    pond *p = test_pond(options);
    get_and_put(p, MANY);
    pond_epoch_advance();
    pond_epoch_advance();
    for (size_t epoch = 0; epoch < 20; epoch++) {
        get_and_put(p, 100 + epoch);
        pond_stats s = test_stats(p);
        cr_assert_leq(test_idle(&s), 2 * (100 + epoch) + 30);
        pond_epoch_advance();
    }
    cr_assert_eq(pond_destroy(p), 0);
}

Test(promise2, live_objects_do_not_age)
{
    pond *p = test_pond(ledger_options(&book));
    void *held[100];
    for (size_t i = 0; i < 100; i++)
        held[i] = ledger_get(&book, p);
    for (int i = 0; i < 5; i++)
        pond_epoch_advance();
    ledger_check(&book, p, 100);
    cr_assert_eq(ledger_destroyed(&book), 0);
    for (size_t i = 0; i < 100; i++)
        ledger_put(&book, p, held[i]);
    ledger_close(&book, p);
}

Test(promise2, budget_bounds_each_tick)
{
    pond *p = test_pond(witness_options(&seen, 48));
    get_and_put(p, 100);
    pond_tick_budget(30);
    size_t destroyed[] = {0, 30, 60, 90, 100, 100};
    for (size_t i = 0; i < sizeof destroyed / sizeof *destroyed; i++) {
        pond_epoch_advance();
        expect(p, 100 - destroyed[i], destroyed[i]);
    }
    cr_assert_eq(pond_destroy(p), 0);
}

Test(promise2, budget_is_shared_by_all_ponds)
{
    pond *a = test_pond(witness_options(&seen, 48)), *b = test_pond(witness_options(&seen, 480));
    get_and_put(a, 50);
    get_and_put(b, 70);
    pond_tick_budget(40);
    size_t destroyed[] = {0, 40, 80, 120, 120};
    for (size_t i = 0; i < sizeof destroyed / sizeof *destroyed; i++) {
        pond_epoch_advance();
        cr_assert_eq(witness_count(&seen), destroyed[i], "tick %zu: %zu destroyed, %zu expected", i + 1,
                     witness_count(&seen), destroyed[i]);
    }
    cr_assert_eq(pond_destroy(a), 0);
    cr_assert_eq(pond_destroy(b), 0);
}

/* What a budget left over can be got, and is then as good as new; lifting the budget drops the rest. */
Test(promise2, budget_leaves_objects_usable)
{
    pond *p = test_pond(witness_options(&seen, 48));
    get_and_put(p, 100);
    pond_tick_budget(30);
    pond_epoch_advance();
    pond_epoch_advance();
    expect(p, 70, 30);
    void *kept[20];
    test_get(p, kept, 20);
    cr_assert_eq(test_stats(p).constructed, 100, "what was left over was there to be got");
    pond_tick_budget(0);
    pond_epoch_advance();
    expect(p, 0, 80);
    pond_put_many(p, kept, 20);
    pond_epoch_advance();
    expect(p, 20, 80);
    pond_epoch_advance();
    expect(p, 0, 100);
    cr_assert_eq(pond_destroy(p), 0);
}

Test(promise2, rotate_is_a_tick_of_one_pond)
{
    static witness other = WITNESS_INIT;
    pond *p = test_pond(witness_options(&seen, 48)), *q = test_pond(witness_options(&other, 48));
    get_and_put(p, 50);
    get_and_put(q, 50);
    cr_assert_eq(pond_rotate(p), 1);
    cr_assert_eq(test_stats(p).idle_victim, 50);
    cr_assert_eq(pond_rotate(p), 2);
    expect(p, 0, 50);
    cr_assert_eq(pond_rotate(p), 3);
    pond_stats s = test_stats(q);
    cr_assert_eq(s.epoch, 0);
    cr_assert_eq(s.idle_victim, 0);
    cr_assert_eq(test_idle(&s), 50);
    cr_assert_eq(witness_count(&other), 0);
    test_get(q, objs, 50);
    cr_assert_eq(test_stats(q).constructed, 50, "rotate took nothing from the other pond");
    pond_put_many(q, objs, 50);
    cr_assert_eq(pond_destroy(p), 0);
    cr_assert_eq(pond_destroy(q), 0);
}

Test(promise2, epochs_count)
{
    pond *p = test_pond((pond_options){.size = 8});
    uint64_t first = pond_epoch_advance();
    cr_assert_eq(test_stats(p).epoch, 1);
    pond *q = test_pond((pond_options){.size = 8});
    cr_assert_eq(pond_epoch_advance(), first + 1);
    cr_assert_eq(test_stats(p).epoch, 2);
    cr_assert_eq(test_stats(q).epoch, 1);
    cr_assert_eq(pond_rotate(q), 2);
    cr_assert_eq(test_stats(p).epoch, 2);
    cr_assert_eq(pond_epoch_advance(), first + 2);
    cr_assert_eq(pond_destroy(p), 0);
    cr_assert_eq(pond_destroy(q), 0);
}
