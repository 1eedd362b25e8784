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

static void tick(int times)
{
    for (int i = 0; i < times; i++)
        (void)pond_epoch_advance();
}

Test(idle, a_destroyed_pond_is_no_work)
{
    pond *p = of_kib((pond_options){.name = "any"});
    put_new(p, 10);
    cr_assert_eq(pond_destroy(p), 0);
    tick(1);
    cr_assert_not(pond_has_idle());
}

/* Magazines that grew with the burst are small again by then. */
Test(idle, nothing_is_left_of_a_burst)
{
    static const size_t sizes[] = {8, 1024, 16 << 10, 200000, 1 << 20};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        pond *p = test_pond((pond_options){.size = sizes[i]});
        for (int burst = 0; burst < 40; burst++)
            put_new(p, 64);
        tick(12);
        cr_assert(!pond_has_idle() && idle(p) == 0, "of %zu bytes", sizes[i]);
    }
}

/* Three system calls for a slab are more than one object. */
Test(idle, with_a_budget_of_one_all_goes_at_last)
{
    pond *p = of_kib((pond_options){.name = "any"});
    pond_tick_budget(1);
    put_new(p, 1);
    tick(10);
    cr_assert(test_stats(p).slab_bytes == 0 && !pond_has_idle());
    put_new(p, MANY);
    for (int i = 0; pond_has_idle() && i < 2 * MANY + 100; i++)
        tick(1);
    cr_assert(test_stats(p).slab_bytes == 0 && !pond_has_idle(), "%zu idle", idle(p));
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

/* ---- two at once ---- */

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool holds, held; /* the next destroy hook is to wait; it does */
    bool trims;       /* pond_trim instead of pond_trim_to */
} hold = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static void wait_in_hook(void *obj, pond_drop_reason why, void *ctx)
{
    (void)obj, (void)why, (void)ctx;
    pthread_mutex_lock(&hold.lock);
    if (hold.holds && !hold.held) {
        hold.held = true;
        pthread_cond_broadcast(&hold.changed);
        while (hold.holds)
            pthread_cond_wait(&hold.changed, &hold.lock);
    }
    pthread_mutex_unlock(&hold.lock);
}

static void trim_held(void *p)
{
    if (hold.trims)
        (void)pond_trim((pond *)p);
    else
        (void)pond_trim_to(99 * SIZE);
}

/* The other thread's trim is in its first hook. */
static worker *begin_held_trim(pond *p, bool all)
{
    worker *w = worker_start();
    hold.trims = all;
    hold.holds = true;
    worker_begin(w, trim_held, p);
    pthread_mutex_lock(&hold.lock);
    while (!hold.held)
        pthread_cond_wait(&hold.changed, &hold.lock);
    pthread_mutex_unlock(&hold.lock);
    return w;
}

static void end_held_trim(worker *w)
{
    pthread_mutex_lock(&hold.lock);
    hold.holds = false;
    pthread_cond_broadcast(&hold.changed);
    pthread_mutex_unlock(&hold.lock);
    worker_wait(w);
    worker_end(w);
}

/* What lies beside the one object that a trim may drop is as young as before. */
Test(idle, a_tick_drops_nothing_young_that_a_trim_has_at_hand)
{
    pond *p = of_kib((pond_options){.destroy = wait_in_hook});
    put_new(p, 100);
    worker *w = begin_held_trim(p, false);
    tick(1);
    cr_assert_eq(went(p, POND_DROP_EPOCH), 0);
    end_held_trim(w);
    cr_assert_eq(idle(p), 99);
    tick(1);
    cr_assert_eq(went(p, POND_DROP_EPOCH), 99);
}

/* A tick that finds nothing to do puts back what the trim has at hand: that goes all the same. */
Test(idle, a_trim_drops_what_a_tick_puts_back)
{
    pond *p = of_kib((pond_options){.destroy = wait_in_hook, .min_idle = 100});
    put_new(p, 100);
    worker *w = begin_held_trim(p, true);
    tick(1);
    end_held_trim(w);
    cr_assert_eq(idle(p), 0);
    cr_assert_eq(went(p, POND_DROP_TRIM), 100);
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

/* min_idle is more than the budget: nothing can go, and no tick tries. */
Test(idle, a_budget_below_what_is_kept_is_no_work)
{
    pond *p = of_kib((pond_options){.min_idle = 100});
    pond_idle_budget(50 * SIZE);
    put_new(p, 100);
    tick(6);
    cr_assert(!pond_has_idle() && idle(p) == 100);
}

Test(idle, a_tick_drops_no_more_for_it_than_it_may)
{
    pond *p = of_kib((pond_options){.name = "any"});
    put_new(p, 200);
    pond_tick_budget(10);
    pond_idle_budget(100 * SIZE);
    for (size_t i = 1; i <= 10; i++) {
        tick(1);
        cr_assert_eq(went(p, POND_DROP_LIMIT) + went(p, POND_DROP_EPOCH), 10 * i);
    }
}

/* One object fits, where a whole magazine of them would not. */
Test(idle, large_objects_find_room_in_a_small_budget)
{
    enum { LARGE = 64 << 10 };
    pond *p = test_pond((pond_options){.size = LARGE});
    pond_idle_budget(10 * LARGE);
    for (int burst = 0; burst < 20; burst++)
        put_new(p, 64);
    cr_assert_geq(idle(p), 5);
    tick(1);
    cr_assert_leq(idle(p), 10);
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

/* Puts that are refused do not look each time through all ponds; those after them find the room that there
 * is. */
Test(idle, a_refused_put_is_soon_followed_by_one_that_is_kept)
{
    enum { PONDS = 20, SOON = 32 + PONDS + 8 };
    void *own[SOON];
    pond *full = of_kib((pond_options){.name = "full"}), *p = of_kib((pond_options){.name = "p"});
    for (int i = 0; i < PONDS; i++)
        (void)of_kib((pond_options){.name = "other"});
    test_get(p, own, SOON);
    put_new(full, 100);
    pond_idle_budget(100 * SIZE);
    pond_put(p, own[0]);
    cr_assert_eq(went(p, POND_DROP_LIMIT), 1, "there is no room");
    test_get(full, objs, 100);
    size_t kept = 0;
    for (int i = 1; i < SOON; i++) {
        pond_put(p, own[i]);
        kept = idle(p);
    }
    cr_assert_geq(kept, 1);
    cr_assert_leq(went(p, POND_DROP_LIMIT), SOON - 1);
    cr_assert_gt(went(p, POND_DROP_LIMIT), PONDS, "each of them looked through all ponds");
    pond_put_many(full, objs, 100);
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

/* What was made for it stays: it says how many there are, and ends. */
Test(idle, a_reserve_keeps_what_it_has_made)
{
    pond *p = test_pond((pond_options){.size = BIG}), *other = test_pond((pond_options){.size = BIG});
    put_new(p, 500);
    put_new(other, 500);
    limit_address_space((size_t)64 << 20);
    errno = 0;
    size_t n = pond_reserve(p, 20000);
    cr_assert(n >= 3000 && n < 20000 && errno == ENOMEM, "%zu, errno %d", n, errno);
    cr_assert(idle(p) == n && went(p, POND_DROP_TRIM) == 0);
    cr_assert_eq(idle(other), 0);
}

/* One that wanted too much was in vain; the others want little. */
Test(idle, relief_in_vain_is_none_for_smaller_gets)
{
    pond *huge = test_pond((pond_options){.size = POND_MAX_SIZE}),
         *full = test_pond((pond_options){.size = BIG}), *small = of_kib((pond_options){.name = "small"});
    size_t n = 0;
    limit_address_space((size_t)48 << 20);
    for (int i = 0; i < 3; i++)
        cr_assert(pond_get(huge) == NULL && errno == ENOMEM);
    while (n < 20000 && (objs[n] = pond_get(full)) != NULL)
        n++;
    pond_put_many(full, objs, n);
    for (int i = 0; i < 2000; i++)
        cr_assert_not_null(objs[i] = pond_get(small), "object %d", i);
    pond_put_many(small, objs, 2000);
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
