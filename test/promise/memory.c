/* SPDX-License-Identifier: BSD-2-Clause */
// variants: release
/*
 * How much memory a pond takes: what its live objects need and little more, at the peak and, two ticks
 * after objects were put, again. Resident memory is what the kernel counts, less what the test itself
 * had before the pond was made.
 */
#include "test.h"

#include "memory.h"
#include "threads.h"

#include <stdlib.h>
#include <string.h>

TestSuite(memory, .timeout = TEST_ALARM);

enum { MOST = 1000000, SLAB = 4 << 20 };

static void **objs;
static size_t baseline;

static void shuffle(size_t n)
{
    uint64_t seed = 4711;
    for (size_t i = n - 1; i > 0; i--) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        size_t other = (size_t)(seed >> 33) % (i + 1);
        void *obj = objs[i];
        objs[i] = objs[other];
        objs[other] = obj;
    }
}

static void open_books(size_t n)
{
    objs = (void **)malloc(n * sizeof *objs);
    cr_assert_not_null(objs);
    memset(objs, 1, n * sizeof *objs);
    memory_mappings();
    baseline = memory_resident();
}

static size_t taken(void)
{
    size_t now = memory_resident();
    return now > baseline ? now - baseline : 0;
}

static void get_and_write(pond *p, size_t n, size_t size)
{
    test_get(p, objs, n);
    for (size_t i = 0; i < n; i++)
        memset(objs[i], (int)i | 1, size);
}

static void expect_at_most(double times, size_t live_bytes, const char *when)
{
    size_t bytes = taken();
    cr_log_info("%s: %zu KiB resident, %.3f of the live bytes", when, bytes / 1024,
                (double)bytes / (double)live_bytes);
    cr_assert_leq((double)bytes, times * (double)live_bytes, "%s: %zu KiB resident for %zu KiB live", when,
                  bytes / 1024, live_bytes / 1024);
}

typedef struct share {
    size_t size, objects;
    bool at_random;     /* which ones are put; else the oldest */
    double peak, after; /* most resident memory, in live bytes */
} share;

static void check_share(const share *s)
{
    size_t put = s->objects / 10 * 9;
    open_books(s->objects);
    pond *p = test_pond((pond_options){.size = s->size});
    get_and_write(p, s->objects, s->size);
    expect_at_most(s->peak, s->objects * s->size, "at the peak");
    if (s->at_random)
        shuffle(s->objects);
    pond_put_many(p, objs, put);
    pond_epoch_advance();
    pond_epoch_advance();
    expect_at_most(s->after, (s->objects - put) * s->size, "two ticks after 90% were put");
    pond_put_many(p, objs + put, s->objects - put);
    pond_epoch_advance();
    pond_epoch_advance();
    cr_assert_leq(taken(), SLAB, "%zu KiB resident with nothing live", taken() / 1024);
    cr_assert_eq(pond_destroy(p), 0);
}

/* A child of Criterion gets its parameter as a copy. */
ParameterizedTestParameters(memory, follows_the_live_objects)
{
    static share all[] = {
        {64, MOST, false, 1.06, 1.08},
        {4096, 50000, true, 1.06, 1.06},
        {1024, 200000, true, 1.06, 3.5},
        {1 << 20, 100, true, 1.06, 1.06},
    };
    return cr_make_param_array(share, all, sizeof all / sizeof *all);
}

ParameterizedTest(share *s, memory, follows_the_live_objects)
{
    check_share(s);
}

/* ---- empty slabs ---- */

static void put_half(void *arg)
{
    pond_put_many((pond *)arg, objs, MOST / 20);
}

/* Also when the objects lie in the cache of a thread that sleeps, and one object keeps one slab. */
Test(memory, empty_slabs_go_back_within_the_tick)
{
    size_t n = MOST / 10;
    open_books(n);
    pond *p = test_pond((pond_options){.size = 200});
    worker *sleeper = worker_start();
    get_and_write(p, n, 200);
    cr_assert_gt(taken(), n * 200);
    worker_do(sleeper, put_half, p);
    pond_put_many(p, objs + n / 2, n / 2 - 1);
    pond_epoch_advance();
    cr_assert_gt(taken(), n * 200, "nothing was dropped yet");
    pond_epoch_advance();
    cr_assert_leq(taken(), 200 + SLAB, "%zu KiB", taken() / 1024);
    cr_assert_leq(test_stats(p).slab_bytes, SLAB);
    pond_put(p, objs[n - 1]);
    pond_epoch_advance();
    pond_epoch_advance();
    cr_assert_leq(taken(), SLAB);
    worker_end(sleeper);
    cr_assert_eq(pond_destroy(p), 0);
}

Test(memory, trim_and_destroy_give_it_all_back)
{
    size_t n = MOST / 10;
    open_books(n);
    pond *p = test_pond((pond_options){.size = 200});
    size_t mappings = memory_mappings();
    get_and_write(p, n, 200);
    pond_put_many(p, objs, n);
    cr_assert_eq(pond_trim(p), n * test_stats(p).object_bytes);
    cr_assert_leq(taken(), SLAB);
    cr_assert_eq(test_stats(p).slab_bytes, 0);
    get_and_write(p, n, 200);
    pond_put_many(p, objs, n);
    cr_assert_eq(pond_destroy(p), 0);
    cr_assert_leq(taken(), 512 * 1024, "%zu KiB after destroy", taken() / 1024);
    cr_assert_leq(memory_mappings(), mappings + 16, "only magazines stay mapped: %zu before, %zu after",
                  mappings, memory_mappings());
}

/* Memory that comes and goes for a long time does not pile up. */
Test(memory, waves_leave_nothing_behind)
{
    size_t n = 20000;
    open_books(n);
    pond *p = test_pond((pond_options){.size = 600});
    for (int wave = 0; wave < 30; wave++) {
        get_and_write(p, n, 600);
        shuffle(n);
        pond_put_many(p, objs, n);
        pond_epoch_advance();
        cr_assert_leq(taken(), n * 608 + n * 608 / 10, "wave %d: %zu KiB", wave, taken() / 1024);
        if (wave % 3 == 2)
            pond_epoch_advance();
    }
    pond_epoch_advance();
    pond_epoch_advance();
    cr_assert_leq(taken(), SLAB);
    cr_assert_eq(pond_destroy(p), 0);
}

/* A burst of puts finds memory for its magazines, and they go back too. */
Test(memory, magazines_go_back)
{
    size_t n = MOST;
    open_books(n);
    pond *p = test_pond((pond_options){.size = 8});
    get_and_write(p, n, 8);
    pond_put_many(p, objs, n);
    for (int i = 0; i < 3; i++)
        pond_epoch_advance();
    cr_assert_leq(taken(), 1 << 20, "%zu KiB", taken() / 1024);
    cr_assert_eq(pond_destroy(p), 0);
}
