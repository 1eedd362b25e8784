/* SPDX-License-Identifier: BSD-2-Clause */
/* pond_limits_set: the bounds of a pond that is in use, and what lies beyond them. */
#include "test.h"

#include "../../src/types.h"
#include "threads.h"
#include "validity.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

TestSuite(limits, .timeout = TEST_ALARM);

static pond *p;

static pond_limits limits_now(void)
{
    pond_limits l;
    pond_limits_read(p, &l);
    return l;
}

static void set(pond_limits l)
{
    cr_assert_eq(pond_limits_set(p, &l), 0, "errno %d: %s", errno, pond_why());
}

static void set_max_objects(size_t n)
{
    pond_limits l = limits_now();
    l.max_objects = n;
    set(l);
}

static void set_max_idle_bytes(size_t n)
{
    pond_limits l = limits_now();
    l.max_idle_bytes = n;
    set(l);
}

static size_t idle(void)
{
    pond_stats s = test_stats(p);
    return test_idle(&s);
}

static void expect_refused(void)
{
    errno = 0;
    cr_assert_null(pond_get(p));
    cr_assert_eq(errno, EAGAIN);
}

static void expect_valid(size_t live)
{
    const char *why;
    cr_assert(pond_is_valid(p, live, &why), "%s", why);
}

/* ---- what is set ---- */

static size_t weight(const void *obj, void *ctx)
{
    (void)ctx;
    return *(const size_t *)obj;
}

Test(limits, what_was_set_is_read)
{
    p = test_pond((pond_options){.size = 64, .footprint = weight});
    const pond_limits l = {
        .max_objects = 1000, .max_idle_bytes = 1 << 20, .min_idle = 7, .max_footprint = 99, .max_age = 5};
    set(l);
    pond_limits now = limits_now();
    cr_assert_eq(memcmp(&now, &l, sizeof l), 0);
    set((pond_limits){.max_objects = 0});
    now = limits_now();
    cr_assert(now.max_objects == 0 && now.max_idle_bytes == 0 && now.min_idle == 0 &&
              now.max_footprint == 0 && now.max_age == 0);
}

static void expect_objection(const pond_limits *l, const char *option)
{
    pond_limits before = limits_now();
    errno = 0;
    cr_assert_eq(pond_limits_set(p, l), -1);
    cr_assert_eq(errno, EINVAL);
    cr_assert_eq(strncmp(pond_why(), option, strlen(option)), 0, "%s", pond_why());
    pond_limits after = limits_now();
    cr_assert_eq(memcmp(&before, &after, sizeof before), 0, "nothing is changed");
}

Test(limits, wrong_ones_are_explained)
{
    p = test_pond((pond_options){.size = 64, .max_objects = 12});
    expect_objection(&(pond_limits){.max_objects = 3, .min_idle = 4}, "min_idle");
    expect_objection(&(pond_limits){.max_footprint = 4}, "max_footprint");
    expect_objection(NULL, "limits");
    errno = 0;
    cr_assert_eq(pond_limits_set(NULL, &(pond_limits){.max_objects = 1}), -1);
    cr_assert_eq(errno, EINVAL);
    cr_assert_eq(strncmp(pond_why(), "the pond", 8), 0);
}

static void *why_here(void *unused)
{
    cr_assert_str_eq(pond_why(), "", "of another thread");
    return unused;
}

Test(limits, the_reason_is_each_threads_own)
{
    cr_assert_str_eq(pond_why(), "");
    cr_assert_null(pond_create(&(pond_options){.size = 0}));
    thread_run(why_here, NULL);
    p = test_pond((pond_options){.size = 8});
    cr_assert_eq(strncmp(pond_why(), "size", 4), 0, "the last one stays: %s", pond_why());
}

/* ---- fewer objects ---- */

static unsigned long dropped[POND_DROP_REASONS];
static size_t last_dropped;
static int refusal;

static void destroy(void *obj, pond_drop_reason why, void *ctx)
{
    (void)ctx;
    dropped[why]++;
    last_dropped = *(size_t *)obj;
    pond_limits l = {.max_objects = 1};
    errno = 0;
    refusal = pond_limits_set(p, &l) == -1 ? errno : 0;
}

/* The oldest first. */
Test(limits, what_is_idle_beyond_goes_at_once)
{
    void *objs[90];
    p = test_pond((pond_options){.size = 64, .destroy = destroy, .min_idle = 90});
    test_get(p, objs, 90);
    for (size_t i = 0; i < 90; i++)
        *(size_t *)objs[i] = i;
    for (size_t i = 0; i < 9; i++) {
        pond_put_many(p, objs + 10 * i, 10);
        pond_rotate(p);
    }
    set((pond_limits){.max_objects = 60, .min_idle = 50});
    cr_assert_eq(dropped[POND_DROP_LIMIT], 30);
    cr_assert(last_dropped < 30, "%zu is not of the oldest", last_dropped);
    cr_assert_eq(refusal, EDEADLK, "in the pond's hook");
    cr_assert_eq(idle(), 60);
    test_get(p, objs, 60);
    for (size_t i = 0; i < 60; i++)
        cr_assert_geq(*(size_t *)objs[i], 30);
    expect_refused();
    pond_put_many(p, objs, 60);
    cr_assert_eq(dropped[POND_DROP_LIMIT], 30);
}

static void *caches_twenty(void *unused)
{
    void *objs[20];
    test_get(p, objs, 20);
    pond_put_many(p, objs, 20);
    return unused;
}

static void cache_twenty(void *unused)
{
    (void)caches_twenty(unused);
}

/* In other threads' caches, and of a pond without hooks. */
Test(limits, what_other_threads_cache_goes_as_well)
{
    worker *w[3];
    p = test_pond((pond_options){.size = 64});
    for (int i = 0; i < 3; i++) {
        w[i] = worker_start();
        worker_do(w[i], cache_twenty, NULL);
        set_max_objects(0);
    }
    (void)caches_twenty(NULL);
    set_max_objects(5);
    pond_stats s = test_stats(p);
    cr_assert_eq(test_idle(&s), 5);
    cr_assert_eq(s.dropped[POND_DROP_LIMIT], 15);
    expect_valid(0);
    for (int i = 0; i < 3; i++)
        worker_end(w[i]);
}

/* Gets are refused until enough was put, whichever way objects go. */
static void below_what_is_live(pond_options options)
{
    void *objs[40], *more[40];
    options.size = 64;
    p = test_pond(options);
    test_get(p, objs, 40);
    pond_put_many(p, objs + 30, 10);
    set_max_objects(8);
    cr_assert_eq(idle(), 0);
    for (size_t n = 30; n > 8; n--) {
        expect_refused();
        if (n % 3 == 0)
            pond_discard(p, objs[n - 1]);
        else
            pond_put(p, objs[n - 1]);
        cr_assert_eq(idle(), 0, "with %zu live", n - 1);
    }
    expect_refused();
    pond_put(p, objs[7]);
    cr_assert_eq(idle(), 1);
    cr_assert_not_null(objs[7] = pond_get(p));
    expect_refused();
    set_max_objects(40);
    test_get(p, more, 32);
    expect_refused();
    pond_put_many(p, more, 32);
    pond_put_many(p, objs, 8);
    pond_stats s = test_stats(p);
    cr_assert_eq(s.dropped[POND_DROP_LIMIT] + s.dropped[POND_DROP_DISCARDED], 32);
    expect_valid(0);
    cr_assert_eq(pond_destroy(p), 0);
}

static bool reset(void *obj, void *ctx)
{
    (void)obj, (void)ctx;
    return true;
}

Test(limits, below_what_is_live)
{
    below_what_is_live((pond_options){.max_objects = 0});
    below_what_is_live((pond_options){.max_objects = 100, .cache_objects = 1});
    below_what_is_live((pond_options){.reset = reset});
    below_what_is_live((pond_options){.max_idle_bytes = 64 * 100});
}

/* ---- fewer bytes ---- */

/* Within the room of caches before and after; what there is is counted until that room is gone. */
Test(limits, fewer_idle_bytes)
{
    enum { MANY = 3000, FEW = 300 };
    static void *objs[MANY];
    p = test_pond((pond_options){.size = 64, .max_idle_bytes = 64 * MANY});
    for (int bound = FEW; bound >= FEW - 200; bound -= 200) {
        test_get(p, objs, MANY);
        pond_put_many(p, objs, MANY);
        cr_assert_gt(idle(), (size_t)bound);
        set_max_idle_bytes(64 * (size_t)bound);
        cr_assert_eq(idle(), (size_t)bound, "no more, and no less");
        test_get(p, objs, MANY);
        pond_put_many(p, objs, MANY);
        cr_assert_leq(idle(), (size_t)bound);
        expect_valid(0);
        set_max_idle_bytes(0);
    }
    set_max_idle_bytes(64 * FEW);
    test_get(p, objs, MANY);
    pond_put_many(p, objs, MANY);
    for (int i = 0; i < 3; i++)
        pond_rotate(p);
    cr_assert_not(((struct pond *)p)->counts_idle_exactly, "the caches are back");
    set_max_idle_bytes(0);
    test_get(p, objs, MANY);
    pond_put_many(p, objs, MANY);
    cr_assert_eq(idle(), MANY);
}

static int make_weight(void *obj, void *ctx)
{
    (void)ctx;
    *(size_t *)obj = 36;
    return 0;
}

/* The first bound drops all, then what is beyond alone; bytes are right to the last. */
Test(limits, fewer_idle_bytes_of_objects_that_own_some)
{
    void *objs[50];
    p = test_pond((pond_options){.size = 64, .construct = make_weight, .footprint = weight});
    test_get(p, objs, 50);
    pond_put_many(p, objs, 40);
    set_max_idle_bytes(2050);
    cr_assert_eq(idle(), 0);
    test_get(p, objs, 40);
    pond_put_many(p, objs, 50);
    cr_assert_eq(idle(), 20);
    set_max_idle_bytes(1000);
    cr_assert_eq(idle(), 10);
    cr_assert_eq(((struct pond *)p)->idle_bytes, 1000);
    set_max_idle_bytes(0);
    test_get(p, objs, 50);
    pond_put_many(p, objs, 50);
    cr_assert_eq(idle(), 50);
    set_max_idle_bytes(3000);
    cr_assert_eq(idle(), 30);
    pond_trim(p);
    cr_assert_eq(((struct pond *)p)->idle_bytes, 0);
}

Test(limits, max_footprint_is_of_the_next_put)
{
    p = test_pond((pond_options){.size = 64, .construct = make_weight, .footprint = weight});
    pond_put(p, pond_get(p));
    set((pond_limits){.max_footprint = 35});
    cr_assert_eq(idle(), 1);
    pond_put(p, pond_get(p));
    cr_assert_eq(idle(), 0);
    set((pond_limits){.max_footprint = 36});
    pond_put(p, pond_get(p));
    cr_assert_eq(idle(), 1);
}

/* ---- ages ---- */

Test(limits, what_is_too_old_now_goes_at_once)
{
    void *objs[20];
    p = test_pond((pond_options){.size = 64, .min_idle = 20});
    test_get(p, objs, 20);
    pond_put_many(p, objs, 10);
    for (int i = 0; i < 5; i++)
        pond_rotate(p);
    pond_put_many(p, objs + 10, 10);
    pond_rotate(p);
    set((pond_limits){.min_idle = 20, .max_age = 3});
    pond_stats s = test_stats(p);
    cr_assert_eq(s.dropped[POND_DROP_LIMIT], 10);
    cr_assert_eq(test_idle(&s), 10);
    set((pond_limits){.min_idle = 0});
    cr_assert_eq(idle(), 10, "the next tick's");
    pond_rotate(p);
    cr_assert_eq(idle(), 0);
}

/* Ticks pass over a pond that has nothing but what min_idle keeps: it gets older all the same. */
Test(limits, what_is_kept_gets_older_while_no_tick_comes)
{
    void *objs[10];
    p = test_pond((pond_options){.size = 64, .min_idle = 10});
    test_get(p, objs, 10);
    pond_put_many(p, objs, 10);
    for (int i = 0; i < 9; i++)
        pond_epoch_advance();
    set((pond_limits){.min_idle = 10, .max_age = 9});
    cr_assert_eq(idle(), 10, "they have been idle for nine");
    set((pond_limits){.min_idle = 10, .max_age = 8});
    pond_stats s = test_stats(p);
    cr_assert(s.dropped[POND_DROP_LIMIT] == 10 && s.epoch == 9, "epoch %zu", (size_t)s.epoch);
    test_get(p, objs, 10);
    pond_put_many(p, objs, 10);
    for (int i = 0; i < 8; i++)
        pond_epoch_advance();
    cr_assert_eq(idle(), 10);
    pond_epoch_advance();
    cr_assert(idle() == 0 && test_stats(p).epoch == 18);
}

/* ---- where it is set ---- */

static int set_one(pond *one, void *unused)
{
    (void)unused;
    pond_limits l;
    pond_limits_read(one, &l);
    l.min_idle = 17;
    return pond_limits_set(one, &l);
}

/* A server that reads its configuration anew. */
Test(limits, of_all_ponds)
{
    pond *both[2] = {test_pond((pond_options){.size = 64}), test_pond((pond_options){.size = 64})};
    cr_assert_eq(pond_each(set_one, NULL), 0, "errno %d", errno);
    for (int i = 0; i < 2; i++) {
        p = both[i];
        cr_assert_eq(limits_now().min_idle, 17);
    }
}

static bool reset_and_set(void *obj, void *ctx)
{
    (void)obj, (void)ctx;
    errno = 0;
    refusal = set_one(p, NULL) == -1 ? errno : 0;
    return true;
}

Test(limits, in_a_hook_they_are_refused)
{
    p = test_pond((pond_options){.size = 64, .reset = reset_and_set});
    pond_put(p, pond_get(p));
    cr_assert_eq(refusal, EDEADLK);
    cr_assert_eq(limits_now().min_idle, 0);
}

/* ---- in the middle of gets ---- */

enum { USERS = 8, HIGH = 300, LOW = 20, HELD = 60 };

static atomic_uint phase; /* odd: between two calls, at LOW */
static atomic_size_t live;
static atomic_bool over;

static void note_live(unsigned before)
{
    size_t n = atomic_fetch_add(&live, 1) + 1;
    if (before % 2 == 1 && atomic_load(&phase) == before)
        must(n <= LOW, "%zu are live at max_objects %d", n, LOW);
}

static void get_and_put(unsigned user)
{
    void *held[HELD];
    size_t n = 0;
    unsigned luck = user * 7919 + 1;
    while (!atomic_load(&over)) {
        luck = luck * 1103515245 + 12345;
        unsigned before = atomic_load(&phase);
        void *obj = n < HELD && (luck >> 16) % 5 < 3 ? pond_get(p) : NULL;
        if (obj != NULL) {
            note_live(before);
            must(atomic_exchange((_Atomic(size_t) *)obj, user + 1) == 0, "an object is in two hands");
            held[n++] = obj;
        } else if (n > 0) {
            atomic_store((_Atomic(size_t) *)held[--n], 0);
            atomic_fetch_sub(&live, 1);
            pond_put(p, held[n]);
        }
    }
    while (n > 0) {
        atomic_store((_Atomic(size_t) *)held[--n], 0);
        pond_put(p, held[n]);
    }
}

static void change_limits(void)
{
    for (int i = 0; i < TEST_TIMES(48); i++) {
        size_t high = i % 3 == 0 ? 0 : HIGH;
        pond_limits l = {.max_objects = LOW, .max_idle_bytes = i % 4 == 0 ? 64 * 300 : i % 4 == 1 ? 640 : 0};
        must(pond_limits_set(p, &l) == 0, "errno %d", errno);
        atomic_fetch_add(&phase, 1);
        for (int k = 0; k < 2; k++)
            sched_yield();
        if (i % 7 == 0)
            pond_rotate(p);
        atomic_fetch_add(&phase, 1);
        l.max_objects = high;
        l.min_idle = (size_t)i % 5;
        l.max_age = (uint64_t)i % 3;
        must(pond_limits_set(p, &l) == 0, "errno %d", errno);
        for (int k = 0; k < 2; k++)
            sched_yield();
    }
    atomic_store(&over, true);
}

static void take_part(unsigned index, void *unused)
{
    (void)unused;
    if (index == USERS)
        change_limits();
    else
        get_and_put(index);
}

static void use_meanwhile(pond_options options)
{
    options.size = 64;
    p = test_pond(options);
    atomic_store(&over, false);
    atomic_store(&phase, 0);
    atomic_store(&live, 0);
    crew_run(USERS + 1, take_part, NULL);
    expect_valid(0);
    set((pond_limits){.max_objects = 7, .max_idle_bytes = 64 * 5});
    cr_assert_leq(idle(), 5);
    expect_valid(0);
    cr_assert_eq(pond_destroy(p), 0);
}

Test(limits, set_while_eight_threads_get_and_put)
{
    use_meanwhile((pond_options){.max_objects = 0});
    use_meanwhile((pond_options){.cache_objects = 1});
    use_meanwhile((pond_options){.reset = reset, .cache_objects = 6});
}
