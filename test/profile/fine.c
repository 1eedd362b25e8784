/* SPDX-License-Identifier: BSD-2-Clause */
// variants: release asan tsan debug
// link: -Wl,--wrap=clock_gettime
/* One pond that is sampled finer for a while: which, until when, and what the trace says of it. That
   estimates stay without bias is statistics.c's. */
#include "test.h"

#include "clock.h"
#include "threads.h"

#include "../../src/types.h"

#include <math.h>
#include <pond/profile.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

static char lines[8][256];
static size_t line_count;

static void hear(const char *line, void *unused)
{
    (void)unused;
    if (strncmp(line, "pond: rate ", 11) == 0 && line_count < 8)
        (void)snprintf(lines[line_count++], sizeof lines[0], "%s", line);
}

static void set(const char *words)
{
    must(pond_profile_set(words) == 0, "%s: errno %d", words, errno);
}

static void begin(void)
{
    clock_freeze();
    pond_on_trace(hear, NULL);
    set("rate=512k,trace");
}

TestSuite(fine, .timeout = TEST_ALARM, .init = begin);

/* What its next gets are drawn by. */
static void expect_rate(pond *p, double rate)
{
    double bytes = (double)(p->object_bytes + p->footprint_mean);
    cr_assert(fabs(p->sampling->density * rate / bytes - 1) < 1e-9, "%g, not %g",
              bytes / p->sampling->density, rate);
}

static void says(size_t line, const char *text)
{
    cr_assert(line < line_count && strstr(lines[line], text) != NULL, "line %zu of %zu: %s, not %s", line,
              line_count, lines[line], text);
}

static pond *make(const char *name)
{
    return test_pond((pond_options){.name = name, .size = 64});
}

Test(fine, one_pond_for_a_while)
{
    void *objs[10];
    pond *p = make("conns=1"), *other = make("other");
    test_get(p, objs, 10);
    cr_assert_eq(pond_profile_fine(p, 16 << 10, 30), 0, "errno %d", errno);
    expect_rate(p, 16 << 10);
    expect_rate(other, 512 << 10);
    cr_assert_eq(pond_profile_rate(), 512 << 10);
    cr_assert_eq(line_count, 1);
    says(0, " rate=16384 was=524288 why=verdict inuse=640 trough=0 pond=conns%3D1 id=1");
    clock_pass(29999);
    pond_epoch_advance();
    expect_rate(p, 16 << 10);
    clock_pass(1);
    expect_rate(p, 16 << 10);
    pond_rotate(other);
    expect_rate(p, 512 << 10);
    cr_assert_eq(line_count, 2);
    says(1, " rate=524288 was=16384 why=over inuse=640 trough=0 pond=conns%3D1 id=1");
    clock_pass(100000);
    pond_epoch_advance();
    cr_assert_eq(line_count, 2);
    pond_put_many(p, objs, 10);
    cr_assert_eq(pond_destroy(p) + pond_destroy(other), 0);
}

static int add(const pond_profile_row *r, void *sums)
{
    ((double *)sums)[0] += r->alloc_objects;
    ((double *)sums)[1] += r->inuse_objects;
    return 0;
}

/* A thread's cache that was open to far down is closed. */
Test(fine, from_the_next_get_on)
{
    double sums[2] = {0};
    void *objs[50];
    pond *p = make("conns");
    test_get(p, objs, 50);
    pond_put_many(p, objs, 50);
    pond_profile_reset();
    cr_assert_eq(pond_profile_fine(p, 1, 10), 0);
    test_get(p, objs, 50);
    cr_assert_eq(pond_profile_each(add, sums), 0);
    cr_assert(sums[0] == 50 && sums[1] == 50, "%g, %g", sums[0], sums[1]);
    pond_put_many(p, objs, 50);
    cr_assert_eq(pond_destroy(p), 0);
}

Test(fine, several_ponds_end_each_at_its_time)
{
    pond *p[5];
    for (int i = 0; i < 5; i++) {
        p[i] = make("one");
        cr_assert_eq(pond_profile_fine(p[i], 1000, i < 3 ? 10 : 20), 0);
    }
    line_count = 0;
    clock_pass(10000);
    pond_epoch_advance();
    cr_assert_eq(line_count, 3);
    for (int i = 0; i < 5; i++)
        expect_rate(p[i], i < 3 ? 512 << 10 : 1000);
    cr_assert_eq(pond_profile_fine(p[4], 2000, 20), 0, "what was said before no longer counts");
    expect_rate(p[4], 2000);
    says(3, " rate=2000 was=1000 why=verdict ");
    clock_pass(10000);
    pond_epoch_advance();
    cr_assert_eq(line_count, 5);
    expect_rate(p[3], 512 << 10);
    expect_rate(p[4], 2000);
    for (int i = 0; i < 5; i++)
        cr_assert_eq(pond_destroy(p[i]), 0);
}

static size_t footprint(const void *obj, void *ctx)
{
    (void)obj, (void)ctx;
    return 1000;
}

Test(fine, beside_other_settings)
{
    pond *p = test_pond((pond_options){.size = 64, .footprint = footprint});
    cr_assert_eq(pond_profile_fine(p, 1 << 20, 10), 0);
    expect_rate(p, 512 << 10); /* never coarser */
    cr_assert_eq(pond_profile_fine(p, 1 << 10, 10), 0);
    for (int i = 0; i < 50; i++)
        pond_put(p, pond_get(p));
    pond_epoch_advance();
    expect_rate(p, 1 << 10); /* of objects that have grown */
    set("rate=64k");
    expect_rate(p, 64 << 10); /* in place of all that was set before */
    cr_assert_eq(pond_profile_fine(p, 1 << 10, 10), 0);
    set("off");
    errno = 0;
    cr_assert(pond_profile_fine(p, 1 << 10, 10) == -1 && errno == ENODATA, "errno %d", errno);
    set("64k");
    cr_assert(pond_profile_fine(p, 0, 10) == -1 && errno == EINVAL, "errno %d", errno);
    cr_assert(pond_profile_fine(p, 1, 0) == -1 && errno == EINVAL, "errno %d", errno);
    expect_rate(p, 64 << 10);
    cr_assert_eq(pond_destroy(p), 0);
}

static pond *shared;
static atomic_bool stop;
static atomic_int at_work;

static void work_or_switch(unsigned index, void *unused)
{
    void *objs[30];
    int first = 1;
    (void)unused;
    if (index == 0) {
        while (atomic_load(&at_work) < 2)
            sched_yield();
        for (int i = 0; i < TEST_TIMES(2000); i++) {
            must(pond_profile_fine(shared, i % 2 == 0 ? 1 : 512, 1) == 0, "errno %d", errno);
            clock_pass(i % 3 == 0 ? 1000 : 1);
            if (i % 4 == 0)
                pond_epoch_advance();
        }
        atomic_store(&stop, true);
        return;
    }
    while (!atomic_load(&stop)) {
        for (int i = 0; i < 30; i++)
            objs[i] = pond_get(shared);
        for (int i = 0; i < 30; i++)
            pond_put(shared, objs[i]);
        at_work += first;
        first = 0;
    }
}

/* All is put, so nothing is in use; and what was got is as near as chance allows. */
Test(fine, while_threads_are_at_work)
{
    double sums[2] = {0};
    shared = make("shared");
    set("rate=4k");
    crew_run(3, work_or_switch, NULL);
    cr_assert_eq(pond_profile_each(add, sums), 0);
    double gets = (double)test_stats(shared).gets, off = sums[0] - gets;
    cr_assert_eq(sums[1], 0);
    cr_assert(off * off < 5.4 * 5.4 * gets * 64, "%g of %g", sums[0], gets);
    cr_assert_eq(pond_destroy(shared), 0);
}
