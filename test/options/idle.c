/* SPDX-License-Identifier: BSD-2-Clause */
/* What all ponds have idle, together: pond_has_idle, pond_trim_to, pond_idle_budget, and what goes for want
   of memory. */
#include "test.h"

#include "threads.h"

#include <stdatomic.h>
#include <stdio.h>
#include <sys/resource.h>

TestSuite(idle, .timeout = TEST_ALARM);

enum { SIZE = 1024, MANY = 400 };

static void *objs[20000];

static pond *of_kib(pond_options options)
{
    options.size = SIZE;
    return test_pond(options);
}

static void put_new(pond *p, size_t n)
{
    test_get(p, objs, n);
    pond_put_many(p, objs, n);
}

static size_t idle(pond *p)
{
    pond_stats s = test_stats(p);
    return test_idle(&s);
}

static size_t went(pond *p, pond_drop_reason why)
{
    return test_stats(p).dropped[why];
}

/* ---- has anything to do ---- */

Test(idle, a_loop_may_sleep_when_all_is_gone)
{
    pond *p = of_kib((pond_options){.name = "any"});
    void *obj = pond_get(p);
    for (int i = 0; i < 4; i++)
        pond_epoch_advance();
    cr_assert_not(pond_has_idle(), "what is live is no work for a tick");
    pond_put(p, obj);
    for (int i = 0; i < 2; i++) {
        cr_assert(pond_has_idle(), "after %d ticks", i);
        pond_epoch_advance();
    }
    cr_assert_eq(idle(p), 0);
    pond_epoch_advance();
    cr_assert_not(pond_has_idle());
}

Test(idle, what_is_kept_is_no_work)
{
    pond *p = of_kib((pond_options){.min_idle = 10});
    put_new(p, 10);
    for (int i = 0; i < 4; i++)
        pond_epoch_advance();
    cr_assert(!pond_has_idle() && idle(p) == 10);
}

/* ---- down to so much ---- */

/* Of two ponds: what was put two ticks ago, and kept; one tick ago; now. */
static void put_by_age(pond *a, pond *b)
{
    pond_tick_budget(1);
    put_new(a, MANY);
    put_new(b, MANY);
    pond_epoch_advance();
    pond_epoch_advance();
    pond_tick_budget(0);
    test_get(a, objs, MANY);
    pond_put_many(a, objs, MANY);
}

Test(idle, the_oldest_of_all_ponds_go_first)
{
    pond *young = of_kib((pond_options){.name = "young"}), *old = of_kib((pond_options){.name = "old"});
    put_by_age(young, old);
    size_t all = idle(young) + idle(old);
    cr_assert_geq(idle(old), MANY - 1);
    cr_assert_eq(pond_trim_to(all * SIZE), 0, "so much may be idle");
    size_t gone = pond_trim_to((all - 300) * SIZE);
    cr_assert(gone == 300 * SIZE && went(old, POND_DROP_TRIM) == 300 && went(young, POND_DROP_TRIM) == 0);
    (void)pond_trim_to(100 * SIZE);
    cr_assert_eq(idle(old), 0);
    cr_assert_eq(idle(young), 100);
    (void)pond_trim_to(0);
    cr_assert_eq(idle(young), 0);
}

Test(idle, min_idle_stays)
{
    pond *p = of_kib((pond_options){.min_idle = 40});
    put_new(p, 100);
    cr_assert_eq(pond_trim_to(0), 60 * SIZE);
    cr_assert_eq(idle(p), 40);
}

/* What is younger than what goes is not made older by it. */
Test(idle, what_stays_keeps_its_age)
{
    pond *p = of_kib((pond_options){.name = "any"});
    put_new(p, 100);
    cr_assert_eq(pond_trim_to(50 * SIZE), 50 * SIZE);
    pond_epoch_advance();
    cr_assert_eq(idle(p), 50);
    pond_epoch_advance();
    cr_assert(idle(p) == 0 && went(p, POND_DROP_EPOCH) == 50);
}

static void put_fifty(void *p)
{
    void *mine[50];
    test_get((pond *)p, mine, 50);
    pond_put_many((pond *)p, mine, 50);
}

Test(idle, what_threads_cache_goes_too)
{
    pond *p = of_kib((pond_options){.name = "any"});
    worker *w = worker_start();
    worker_do(w, put_fifty, p);
    cr_assert_eq(pond_trim_to(10 * SIZE), 40 * SIZE);
    cr_assert_eq(idle(p), 10);
    worker_end(w);
}

/* ---- a budget ---- */

Test(idle, a_tick_keeps_the_budget)
{
    pond *a = of_kib((pond_options){.name = "a"}), *b = of_kib((pond_options){.name = "b"});
    put_new(a, 200);
    put_new(b, 200);
    pond_idle_budget(100 * SIZE);
    pond_epoch_advance();
    cr_assert_eq(idle(a) + idle(b), 100);
    cr_assert_eq(went(a, POND_DROP_LIMIT) + went(b, POND_DROP_LIMIT), 300);
    pond_idle_budget(0);
    put_new(a, 300);
    pond_epoch_advance();
    cr_assert_geq(idle(a), 300, "no budget, no bound");
}

/* A burst of puts between two ticks. */
Test(idle, puts_keep_it_too)
{
    enum { BUDGET = 2000, ALL = 20000 };
    pond *p = of_kib((pond_options){.name = "any"});
    pond_idle_budget(BUDGET * SIZE);
    put_new(p, ALL);
    pond_stats s = test_stats(p);
    cr_assert_leq(test_idle(&s), BUDGET + BUDGET / 16 + s.cache_objects, "%zu idle", test_idle(&s));
    cr_assert_geq(test_idle(&s), BUDGET / 2);
    cr_assert_eq(s.dropped[POND_DROP_LIMIT], ALL - test_idle(&s));
}

/* ---- for want of memory ---- */

#if !TEST_SANITIZED /* whose shadow memory no limit of address space leaves room for */
static void limit_address_space(size_t more)
{
    FILE *f = fopen("/proc/self/statm", "r");
    size_t pages = 0;
    must(f != NULL && fscanf(f, "%zu", &pages) == 1, "statm");
    (void)fclose(f);
    struct rlimit l = {.rlim_cur = pages * 4096 + more, .rlim_max = RLIM_INFINITY};
    must(setrlimit(RLIMIT_AS, &l) == 0, "setrlimit");
}

static atomic_size_t destroyed;
static pond *in_hook;

static void count(void *obj, pond_drop_reason why, void *ctx)
{
    (void)obj, (void)ctx;
    must(why == POND_DROP_TRIM || why == POND_DROP_LIMIT, "reason %d", (int)why);
    atomic_fetch_add(&destroyed, 1);
    if (in_hook != NULL) { /* no get in a hook begins it again */
        void *other = pond_get(in_hook);
        if (other != NULL)
            pond_discard(in_hook, other);
    }
}

enum { BIG = 16 << 10 };

/* All that there is is idle in another pond. */
static void expect_relief(pond *full, pond *needy)
{
    size_t n = 0;
    put_new(full, 500); /* so that there are some magazines */
    limit_address_space((size_t)64 << 20);
    while (n < 20000 && (objs[n] = pond_get(full)) != NULL)
        n++;
    cr_assert(n > 1000 && n < 20000, "%zu objects", n);
    pond_put_many(full, objs, n);
    for (size_t i = 0; i < n / 2; i++)
        cr_assert_not_null(objs[i] = pond_get(needy), "object %zu: errno %d", i, errno);
    cr_assert_eq(went(full, POND_DROP_TRIM) + went(full, POND_DROP_LIMIT), n);
    cr_assert_gt(went(full, POND_DROP_TRIM), 0);
    pond_put_many(needy, objs, n / 2);
}

Test(idle, others_give_what_they_have_before_a_get_fails)
{
    pond *full = test_pond((pond_options){.size = BIG}), *needy = test_pond((pond_options){.size = BIG});
    expect_relief(full, needy);
}

Test(idle, those_with_hooks_come_last)
{
    pond *full = test_pond((pond_options){.size = BIG, .destroy = count}),
         *needy = test_pond((pond_options){.size = BIG});
    expect_relief(full, needy);
    cr_assert_eq(atomic_load(&destroyed), went(full, POND_DROP_TRIM) + went(full, POND_DROP_LIMIT));
}

Test(idle, a_get_in_such_a_hook_does_not_begin_it_again)
{
    pond *full = test_pond((pond_options){.size = BIG, .destroy = count}),
         *needy = test_pond((pond_options){.size = BIG});
    in_hook = test_pond((pond_options){.size = BIG});
    expect_relief(full, needy);
    in_hook = NULL;
}

static void get_and_put_big(unsigned index, void *arg)
{
    pond **both = (pond **)arg;
    void *mine[200];
    for (int i = 0; i < TEST_TIMES(40); i++) {
        size_t n = pond_get_many(both[index % 2], mine, 200);
        pond_put_many(both[index % 2], mine, n);
    }
}

Test(idle, many_at_once_at_the_limit)
{
    pond *both[2] = {test_pond((pond_options){.size = BIG}), test_pond((pond_options){.size = BIG})};
    limit_address_space((size_t)96 << 20);
    crew_run(4, get_and_put_big, both);
    for (int i = 0; i < 2; i++) {
        pond_stats s = test_stats(both[i]);
        cr_assert_eq(s.live, 0);
        cr_assert_eq(pond_destroy(both[i]), 0);
    }
}
#endif
