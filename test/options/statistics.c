/* SPDX-License-Identifier: BSD-2-Clause */
// debug
/* What pond_stats_read says, and the calls that take many objects at once. */
#include "test.h"

#include "ledger.h"
#include "threads.h"

TestSuite(statistics, .timeout = TEST_ALARM);

enum { MANY = 3000 };

static void *objs[MANY];

Test(statistics, of_a_fresh_pond)
{
    pond *p = test_pond((pond_options){.size = 100});
    pond_stats s = test_stats(p);
    cr_assert_eq(s.constructed + s.gets + s.puts + s.live + test_idle(&s) + s.high_water + s.epoch, 0);
    cr_assert_eq(s.slab_bytes, 0, "no memory before the first get");
    cr_assert_eq(pond_destroy(p), 0);
}

Test(statistics, of_gets_and_puts)
{
    pond *p = test_pond((pond_options){.size = 100});
    test_get(p, objs, 500);
    pond_put_many(p, objs, 300);
    test_get(p, objs, 100);
    pond_stats s = test_stats(p);
    cr_assert_eq(s.gets, 600);
    cr_assert_eq(s.puts, 300);
    cr_assert_eq(s.misses, 500);
    cr_assert_eq(s.hits, 100);
    cr_assert_eq(s.live, 300);
    cr_assert_eq(s.high_water, 500);
    cr_assert_eq(test_idle(&s), 200);
    cr_assert_eq(s.live_bytes, 300 * s.object_bytes);
    cr_assert_eq(s.high_water_bytes, 500 * s.object_bytes);
    cr_assert_eq(s.idle_local_bytes + s.idle_shared_bytes + s.idle_victim_bytes, 200 * s.object_bytes);
    cr_assert_geq(s.slab_bytes, 500 * s.object_bytes);
    pond_put_many(p, objs, 100);
    pond_put_many(p, objs + 300, 200);
    cr_assert_eq(pond_destroy(p), 0);
}

/* The counts of the fast path survive ticks, which fold them up, and a great number of gets. */
Test(statistics, add_up_over_ticks_and_many_gets)
{
    enum { TIMES = TEST_TIMES(400000) };
    pond *p = test_pond((pond_options){.size = 16});
    for (size_t i = 0; i < TIMES; i++) {
        void *obj = pond_get(p);
        if (i % 1000 == 0)
            pond_epoch_advance();
        pond_put(p, obj);
    }
    pond_stats s = test_stats(p);
    cr_assert_eq(s.gets, TIMES);
    cr_assert_eq(s.puts, TIMES);
    cr_assert_eq(s.misses, 1, "%zu misses", (size_t)s.misses);
    cr_assert_eq(pond_destroy(p), 0);
}

static void get_and_put_some(unsigned index, void *arg)
{
    pond *p = (pond *)arg;
    void *some[50];
    for (unsigned i = 0; i < TEST_TIMES(4000); i++) {
        size_t n = 1 + (i + index) % 50;
        test_get(p, some, n);
        pond_put_many(p, some, n);
    }
}

Test(statistics, of_threads_that_are_gone)
{
    size_t expected = 0;
    pond *p = test_pond((pond_options){.size = 16});
    for (unsigned index = 0; index < 4; index++)
        for (unsigned i = 0; i < TEST_TIMES(4000); i++)
            expected += 1 + (i + index) % 50;
    crew_run(4, get_and_put_some, p);
    pond_stats s = test_stats(p);
    cr_assert_eq(s.gets, expected, "%zu gets of %zu", (size_t)s.gets, expected);
    cr_assert_eq(s.puts, expected);
    cr_assert_eq(s.live, 0);
    cr_assert_eq(s.idle_local, 0, "what they had is in the depot");
    cr_assert_eq(pond_destroy(p), 0);
}

Test(statistics, of_drops)
{
    static ledger book = {.size = 64, .reject_one_in = 10};
    pond *p = test_pond(ledger_options(&book));
    for (int round = 0; round < 20; round++) {
        for (size_t i = 0; i < 100; i++)
            objs[i] = ledger_get(&book, p);
        for (size_t i = 0; i < 10; i++)
            ledger_discard(&book, p, objs[i]);
        for (size_t i = 10; i < 100; i++)
            ledger_put(&book, p, objs[i]);
        if (round % 4 == 1)
            pond_trim(p);
        if (round % 4 == 3) {
            pond_epoch_advance();
            pond_epoch_advance();
        }
        ledger_check(&book, p, 0);
    }
    pond_stats s = test_stats(p);
    cr_assert_eq(s.puts, 2000);
    cr_assert_eq(s.dropped[POND_DROP_DISCARDED], 200);
    cr_assert_eq(s.dropped[POND_DROP_REJECTED], 180);
    cr_assert_eq(test_idle(&s), 0);
    ledger_close(&book, p);
}

Test(statistics, trim_says_how_many_bytes)
{
    pond *p = test_pond((pond_options){.size = 100}), *q = test_pond((pond_options){.size = 1000});
    size_t bytes_p = 100 * test_stats(p).object_bytes, bytes_q = 70 * test_stats(q).object_bytes;
    test_get(p, objs, 100);
    pond_put_many(p, objs, 100);
    test_get(q, objs, 70);
    pond_put_many(q, objs, 70);
    cr_assert_eq(pond_trim(p), bytes_p);
    cr_assert_eq(pond_trim(p), 0);
    test_get(p, objs, 100);
    pond_put_many(p, objs, 100);
    pond_epoch_advance();
    cr_assert_eq(pond_trim(NULL), bytes_p + bytes_q, "victims too, of every pond");
    cr_assert_eq(pond_trim(NULL), 0);
    cr_assert_eq(pond_destroy(p), 0);
    cr_assert_eq(pond_destroy(q), 0);
}

/* ---- many at once ---- */

Test(statistics, get_many_gives_distinct_objects)
{
    static ledger book = {.size = 48};
    pond *p = test_pond(ledger_options(&book));
    static const size_t sizes[] = {1, 2, 60, 61, 62, 127, 1000, MANY};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (int round = 0; round < 3; round++) {
            cr_assert_eq(pond_get_many(p, objs, sizes[i]), sizes[i]);
            for (size_t k = 0; k < sizes[i]; k++)
                ledger_took(&book, objs[k]); /* fails if it was given twice */
            for (size_t k = 0; k < sizes[i]; k++)
                ledger_gives(&book, objs[k]);
            pond_put_many(p, objs, sizes[i]);
            ledger_check(&book, p, 0);
        }
    cr_assert_eq(atomic_load(&book.constructed), MANY, "what was put is got again");
    ledger_close(&book, p);
}

/* ---- reserve ---- */

ParameterizedTestParameters(statistics, reserve)
{
    static size_t sizes[] = {1, 20, 64, 300, MANY};
    return cr_make_param_array(size_t, sizes, sizeof sizes / sizeof *sizes);
}

ParameterizedTest(size_t *n, statistics, reserve)
{
    static ledger book = {.size = 48};
    pond *p = test_pond(ledger_options(&book));
    cr_assert_eq(pond_reserve(p, *n), *n);
    cr_assert_eq(pond_reserve(p, *n), *n, "they are there already");
    pond_stats s = test_stats(p);
    cr_assert_eq(s.constructed, *n);
    cr_assert_eq(s.gets + s.puts + s.misses, 0);
    for (size_t i = 0; i < *n; i++)
        objs[i] = ledger_get(&book, p);
    s = test_stats(p);
    cr_assert_eq(s.hits, *n, "%zu hits of %zu", (size_t)s.hits, *n);
    cr_assert_eq(s.constructed, *n);
    for (size_t i = 0; i < *n; i++)
        ledger_put(&book, p, objs[i]);
    ledger_close(&book, p);
}

Test(statistics, reserved_objects_age)
{
    static ledger book = {.size = 48};
    pond *p = test_pond(ledger_options(&book));
    cr_assert_eq(pond_reserve(p, 100), 100);
    pond_epoch_advance();
    cr_assert_eq(ledger_destroyed(&book), 0);
    cr_assert_eq(pond_reserve(p, 150), 150);
    cr_assert_eq(atomic_load(&book.constructed), 150, "victims count as idle");
    pond_epoch_advance();
    cr_assert_eq(ledger_destroyed(&book), 100);
    pond_epoch_advance();
    cr_assert_eq(ledger_objects(&book), 0);
    ledger_close(&book, p);
}

Test(statistics, reserve_within_the_limits)
{
    pond *p = test_pond((pond_options){.size = 64, .max_idle_bytes = 640});
    cr_assert_eq(pond_reserve(p, 100), 10);
    pond_stats s = test_stats(p);
    cr_assert_eq(test_idle(&s), 10);
    cr_assert_eq(pond_destroy(p), 0);
}
