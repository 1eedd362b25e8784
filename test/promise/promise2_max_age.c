/* SPDX-License-Identifier: BSD-2-Clause */
// debug
/*
 * Promise 2 with max_age: what min_idle or a tick budget keeps goes when it has been idle for more than so
 * many epochs, and from the tick on that made it so old no get returns it. Of what is kept the oldest go
 * first.
 */
#include "test.h"

#include "threads.h"
#include "witness.h"

#include <pond/debug.h>
#include <stdatomic.h>
#include <stdlib.h>

TestSuite(promise2_max_age, .timeout = TEST_ALARM);

enum { KEPT = 8, AGE = 5 };

static witness seen = WITNESS_INIT;
static void *objs[1000];

/* Objects that have not been there before are told from others by this. */
static uint64_t made(pond *p)
{
    return test_stats(p).constructed;
}

static size_t idle(pond *p)
{
    pond_stats s = test_stats(p);
    return test_idle(&s);
}

static void rotate(pond *p, uint64_t times)
{
    while (times-- > 0)
        (void)pond_rotate(p);
}

static void get_and_put(pond *p, size_t n)
{
    test_get(p, objs, n);
    pond_put_many(p, objs, n);
}

static pond *keeping(size_t min_idle, uint64_t max_age)
{
    pond_options o = witness_options(&seen, 48);
    o.min_idle = min_idle;
    o.max_age = max_age;
    return test_pond(o);
}

/* ---- every way in which a pond keeps and drops ---- */

static void *create_one(void *ctx)
{
    (void)ctx;
    return malloc(16);
}

static void free_one(void *obj, pond_drop_reason why, void *ctx)
{
    (void)ctx;
    must(why == POND_DROP_EPOCH || why == POND_DROP_DESTROY, "reason %d", (int)why);
    free(obj);
}

static size_t owns_ten(const void *obj, void *ctx)
{
    (void)obj, (void)ctx;
    return 10;
}

static bool clean(void *obj, void *ctx)
{
    (void)obj, (void)ctx;
    return true;
}

static const struct {
    const char *what;
    pond_options options;
} shapes[] = {
    {"plain", {.size = 64}},
    {"with reset", {.size = 64, .reset = clean}},
    {"with footprint", {.size = 64, .footprint = owns_ten}},
    {"with create", {.create = create_one, .destroy = free_one}},
    {"exact bytes", {.size = 64, .max_idle_bytes = (size_t)64 * KEPT * 2}},
    {"exact bytes and footprint", {.size = 64, .footprint = owns_ten, .max_idle_bytes = 10000}},
    {"bytes by magazines", {.size = 64, .max_idle_bytes = 64000}},
    {"at max_objects", {.size = 64, .max_objects = KEPT}},
    {"caches of one object", {.size = 64, .cache_objects = 1}},
    {"large ones", {.size = 20000}},
};

/* An object idle for AGE epochs is handed out, one idle for longer is dropped. */
static void expect_bound(const char *what, pond_options o, uint64_t max_age)
{
    o.min_idle = KEPT;
    o.max_age = max_age;
    pond *p = test_pond(o);
    void *old[KEPT], *next;
    test_get(p, old, KEPT);
    pond_put_many(p, old, KEPT);
    rotate(p, max_age);
    cr_assert_eq(idle(p), KEPT, "%s: none is too old yet", what);
    test_get(p, &next, 1);
    cr_assert_eq(made(p), KEPT, "%s: one that is old enough was made", what);
    pond_put(p, next);
    rotate(p, 1);
    pond_stats s = test_stats(p);
    cr_assert_eq(test_idle(&s), 1, "%s: %zu idle; the one that was got is young", what, test_idle(&s));
    cr_assert_eq(s.dropped[POND_DROP_EPOCH], KEPT - 1, "%s", what);
    test_get(p, old, KEPT);
    cr_assert_eq(made(p), 2 * KEPT - 1, "%s: what was too old is not there", what);
    pond_put_many(p, old, KEPT);
    cr_assert_eq(pond_destroy(p), 0, "%s", what);
}

static void expect_bounds(void)
{
    static const uint64_t ages[] = {1, 2, 3, AGE, 40};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        for (size_t k = 0; k < sizeof ages / sizeof *ages; k++)
            expect_bound(shapes[i].what, shapes[i].options, ages[k]);
}

Test(promise2_max_age, min_idle_keeps_nothing_older)
{
    expect_bounds();
}

Test(promise2_max_age, nor_does_it_under_words)
{
    must(pond_debug_set("double,tag,confine,reset,poison,redzone,leak") == 0, "errno %d", errno);
    expect_bounds();
    must(pond_debug_set("off") == 0, "errno %d", errno);
}

Test(promise2_max_age, without_it_there_is_no_bound)
{
    pond *p = keeping(KEPT, 0);
    get_and_put(p, KEPT);
    rotate(p, 3000);
    cr_assert_eq(idle(p), KEPT);
    cr_assert_eq(pond_destroy(p), 0);
}

Test(promise2_max_age, nor_is_there_one_beyond_all_epochs)
{
    pond *p = keeping(KEPT, UINT64_MAX);
    get_and_put(p, KEPT);
    rotate(p, 100);
    cr_assert_eq(idle(p), KEPT);
    cr_assert_eq(pond_destroy(p), 0);
}

/* One is used in each epoch, and the seven others are in nobody's hands: they must not stay for ever. */
Test(promise2_max_age, a_pond_that_is_hardly_used)
{
    pond *p = keeping(KEPT, 60);
    get_and_put(p, KEPT);
    for (int epoch = 0; epoch < 3600; epoch++) {
        void *used;
        test_get(p, &used, 1);
        pond_put(p, used);
        pond_epoch_advance();
    }
    cr_assert_eq(idle(p), 1);
    cr_assert_eq(made(p), KEPT, "the one that is used stays");
    cr_assert_eq(witness_count_why(&seen, POND_DROP_EPOCH), KEPT - 1);
    cr_assert_eq(pond_destroy(p), 0);
}

/* A tick of one pond is no tick of another. */
Test(promise2_max_age, ponds_age_apart)
{
    pond *p = keeping(KEPT, 2), *q = keeping(KEPT, 2);
    get_and_put(p, KEPT);
    get_and_put(q, KEPT);
    rotate(p, 3);
    cr_assert(idle(p) == 0 && idle(q) == KEPT);
    for (int tick = 0; tick < 3; tick++)
        pond_epoch_advance();
    cr_assert_eq(idle(q), 0);
    cr_assert_eq(pond_destroy(p), 0);
    cr_assert_eq(pond_destroy(q), 0);
}

Test(promise2_max_age, what_was_reserved_ages_as_well)
{
    pond *p = keeping(KEPT, 3);
    cr_assert_eq(pond_reserve(p, KEPT), KEPT);
    rotate(p, 3);
    cr_assert_eq(idle(p), KEPT);
    rotate(p, 1);
    cr_assert_eq(idle(p), 0);
    cr_assert_eq(pond_destroy(p), 0);
}

/* ---- who goes first ---- */

/* Groups that were put three epochs apart, the oldest first; nothing is dropped meanwhile. */
static void put_groups(pond *p, void *groups[][4], size_t n)
{
    for (size_t g = 0; g < n; g++)
        test_get(p, groups[g], 4);
    for (size_t g = 0; g < n; g++) {
        pond_put_many(p, groups[g], 4);
        rotate(p, 3);
    }
}

static size_t gone(void *group[4])
{
    size_t n = 0;
    for (size_t i = 0; i < 4; i++)
        n += witness_saw(&seen, group[i]);
    return n;
}

/* Of five groups, n objects in all: those of one before those of the next. */
static void expect_gone_in_order(void *groups[5][4], size_t n)
{
    for (size_t g = 0; g < 5; g++) {
        size_t due = n > 4 * g ? n - 4 * g : 0;
        cr_assert_eq(gone(groups[g]), due < 4 ? due : 4, "%zu of group %zu", gone(groups[g]), g);
    }
}

/* What is over min_idle is taken from the oldest, whoever was kept last. */
Test(promise2_max_age, the_oldest_make_way)
{
    void *groups[5][4], *young[10];
    pond *p = keeping(20, 0);
    test_get(p, young, 10);
    put_groups(p, groups, 5);
    cr_assert_eq(witness_count(&seen), 0);
    for (size_t n = 1; n <= 10; n++) {
        pond_put(p, young[n - 1]);
        rotate(p, 1);
        cr_assert_eq(witness_count(&seen), n, "each that is new lets another one go");
        expect_gone_in_order(groups, n);
    }
    cr_assert_eq(pond_destroy(p), 0);
}

/* Some of the oldest were in a thread's cache for a while: that makes them no younger. */
Test(promise2_max_age, a_neighbour_that_was_got_makes_them_no_younger)
{
    void *groups[3][4], *held[4], *used;
    pond *p = keeping(12, 0);
    test_get(p, held, 4);
    put_groups(p, groups, 3);
    for (int tick = 0; tick < 3; tick++) {
        test_get(p, &used, 1);
        pond_put(p, used);
        rotate(p, 1);
    }
    pond_put_many(p, held, 3);
    rotate(p, 1);
    cr_assert_eq(witness_count(&seen), 3);
    cr_assert(gone(groups[0]) == 3 && !witness_saw(&seen, used), "what was got is young, the others are not");
    pond_put(p, held[3]);
    cr_assert_eq(pond_destroy(p), 0);
}

/* What is too old does not count for min_idle: the younger ones stay. */
Test(promise2_max_age, min_idle_counts_what_stays)
{
    void *old[KEPT], *young[KEPT];
    pond *p = keeping(KEPT, 4);
    test_get(p, old, KEPT);
    test_get(p, young, KEPT);
    pond_put_many(p, old, KEPT);
    rotate(p, 4);
    pond_put_many(p, young, KEPT);
    rotate(p, 1);
    for (size_t i = 0; i < KEPT; i++)
        cr_assert(witness_saw(&seen, old[i]) && !witness_saw(&seen, young[i]));
    rotate(p, 3);
    cr_assert_eq(idle(p), KEPT);
    rotate(p, 1);
    cr_assert_eq(idle(p), 0);
    cr_assert_eq(pond_destroy(p), 0);
}

/* ---- budgets: what a tick may not drop yet is not handed out either ---- */

Test(promise2_max_age, a_budget_bounds_the_tick_and_not_the_age)
{
    void *old[KEPT], *next;
    pond *p = keeping(KEPT, AGE);
    test_get(p, old, KEPT);
    pond_put_many(p, old, KEPT);
    rotate(p, AGE);
    pond_tick_budget(3);
    for (size_t n = 3; n < KEPT; n += 3) {
        rotate(p, 1);
        cr_assert_eq(witness_count_why(&seen, POND_DROP_EPOCH), n);
        cr_assert_eq(idle(p), KEPT - n, "what is left counts until it is dropped");
        uint64_t before = made(p);
        test_get(p, &next, 1);
        cr_assert_eq(made(p), before + 1, "and is not handed out");
        pond_discard(p, next);
    }
    cr_assert_eq(pond_reserve(p, 2), 2);
    cr_assert_eq(idle(p), 4, "nor taken for one that could be had");
    pond_tick_budget(0);
    rotate(p, 1);
    cr_assert_eq(witness_count_why(&seen, POND_DROP_EPOCH), KEPT);
    cr_assert_eq(pond_destroy(p), 0);
}

/* More get too old than a tick may drop: those that were so before go before them. */
Test(promise2_max_age, with_a_budget_the_oldest_go_first)
{
    void *groups[5][4];
    pond *p = keeping(20, 100);
    put_groups(p, groups, 5);
    rotate(p, 85);
    cr_assert_eq(witness_count(&seen), 0);
    pond_tick_budget(1);
    for (size_t n = 1; n <= 20; n++) {
        rotate(p, 1);
        cr_assert_eq(witness_count(&seen), n);
        expect_gone_in_order(groups, n);
    }
    cr_assert_eq(pond_destroy(p), 0);
}

/* At max_objects they are in the way of new ones: a get drops one for each. */
static void expect_room(bool starved)
{
    void *now[KEPT];
    pond_options o = witness_options(&seen, 48);
    o.min_idle = o.max_objects = KEPT;
    o.max_age = AGE;
    pond *p = test_pond(o);
    test_get(p, now, KEPT);
    if (starved)
        cr_assert_null(pond_get(p));
    pond_put_many(p, now, KEPT);
    rotate(p, AGE);
    pond_tick_budget(1);
    rotate(p, 1);
    test_get(p, now, KEPT);
    pond_stats s = test_stats(p);
    cr_assert_eq(s.constructed, 2 * KEPT);
    cr_assert_eq(s.high_water, KEPT, "never more at a time");
    cr_assert_eq(witness_count_why(&seen, POND_DROP_EPOCH), KEPT);
    cr_assert_null(pond_get(p));
    cr_assert_eq(errno, EAGAIN);
    pond_put_many(p, now, KEPT);
    cr_assert_eq(pond_destroy(p), 0);
}

Test(promise2_max_age, a_get_makes_room_where_a_tick_had_no_time)
{
    expect_room(false);
}

/* After a get that was refused, gets and puts go by the lock for a while. */
Test(promise2_max_age, nor_is_a_starved_pond_in_its_way)
{
    expect_room(true);
}

Test(promise2_max_age, reserve_makes_room_as_well)
{
    pond_options o = witness_options(&seen, 48);
    o.min_idle = o.max_objects = KEPT;
    o.max_age = AGE;
    pond *p = test_pond(o);
    get_and_put(p, KEPT);
    rotate(p, AGE);
    pond_tick_budget(1);
    rotate(p, 1);
    cr_assert_eq(pond_reserve(p, KEPT), KEPT);
    cr_assert_eq(idle(p), KEPT);
    cr_assert_eq(made(p), 2 * KEPT);
    cr_assert_eq(pond_destroy(p), 0);
}

Test(promise2_max_age, a_trim_and_the_end_drop_them_too)
{
    static const pond_drop_reason reasons[] = {POND_DROP_TRIM, POND_DROP_DESTROY};
    for (int i = 0; i < 2; i++) {
        pond *p = keeping(KEPT, AGE);
        get_and_put(p, KEPT);
        rotate(p, AGE);
        pond_tick_budget(1);
        rotate(p, 1);
        if (i == 0)
            cr_assert_eq(pond_trim(p), (KEPT - 1) * test_stats(p).object_bytes);
        cr_assert_eq(pond_destroy(p), 0);
        cr_assert_eq(witness_count_why(&seen, reasons[i]), KEPT - 1);
    }
}

/* ---- while others are at it ---- */

static event in_hook = EVENT_INIT, go_on = EVENT_INIT;

static void hang_in_destroy(void *obj, pond_drop_reason why, void *ctx)
{
    static atomic_int calls;
    (void)obj, (void)why, (void)ctx;
    if (atomic_fetch_add(&calls, 1) == 0) {
        event_set(&in_hook);
        event_wait(&go_on);
    }
}

static void rotate_once(void *p)
{
    (void)pond_rotate(p);
}

static int number_one(void *obj, void *ctx)
{
    *(int *)obj = ++*(int *)ctx;
    return 0;
}

/* The tick that found them too old hangs in the first hook: none of the others is handed out. */
Test(promise2_max_age, while_a_hook_of_the_tick_hangs)
{
    static int number;
    void *old[KEPT], *now[KEPT];
    pond *p = test_pond((pond_options){.size = 64,
                                       .min_idle = KEPT,
                                       .max_age = AGE,
                                       .max_objects = KEPT,
                                       .construct = number_one,
                                       .destroy = hang_in_destroy,
                                       .ctx = &number});
    test_get(p, old, KEPT);
    pond_put_many(p, old, KEPT);
    rotate(p, AGE);
    worker *ticker = worker_start();
    worker_begin(ticker, rotate_once, p);
    event_wait(&in_hook);
    test_get(p, now, KEPT);
    for (int i = 0; i < KEPT; i++)
        cr_assert_gt(*(int *)now[i], KEPT, "object %d of before", *(int *)now[i]);
    event_set(&go_on);
    worker_wait(ticker);
    pond_put_many(p, now, KEPT);
    cr_assert_eq(idle(p), KEPT);
    worker_end(ticker);
    cr_assert_eq(pond_destroy(p), 0);
}

static void put_one(void *arg)
{
    void **handed = arg;
    pond_put(handed[0], handed[1]);
}

Test(promise2_max_age, in_caches_of_sleeping_threads)
{
    worker *sleepers[KEPT];
    void *handed[KEPT][2];
    pond *p = keeping(KEPT, AGE);
    for (int i = 0; i < KEPT; i++) {
        sleepers[i] = worker_start();
        handed[i][0] = p;
        test_get(p, &handed[i][1], 1);
    }
    for (int i = 0; i < KEPT; i++) {
        worker_do(sleepers[i], put_one, handed[i]);
        rotate(p, 1);
    }
    cr_assert_eq(idle(p), AGE, "as many as there were epochs");
    for (int i = 0; i < KEPT; i++)
        cr_assert_eq(witness_saw(&seen, handed[i][1]), i < KEPT - AGE, "object %d", i);
    for (int i = 0; i < KEPT; i++)
        worker_end(sleepers[i]);
    cr_assert_eq(pond_destroy(p), 0);
}

static void expect_aged_in_child(void *arg)
{
    pond *p = arg;
    must(idle(p) == KEPT, "%zu idle after the fork", idle(p));
    rotate(p, 1);
    must(idle(p) == 0, "%zu are too old, and idle", idle(p));
    must(test_stats(p).dropped[POND_DROP_EPOCH] == KEPT, "dropped for another reason");
    get_and_put(p, KEPT);
    must(made(p) == 2 * KEPT, "one of before was handed out");
    must(pond_destroy(p) == 0, "errno %d", errno);
}

Test(promise2_max_age, in_a_child)
{
    pond *p = keeping(KEPT, AGE);
    get_and_put(p, KEPT);
    rotate(p, AGE);
    test_in_child(expect_aged_in_child, p);
    cr_assert_eq(idle(p), KEPT, "the parent's have no older");
    expect_aged_in_child(p);
}

/* ---- many threads ---- */

/*
 * Each object says how many ticks there had been when it was put; no tick comes in the middle of a put, so
 * that it is right. A get that begins after so many ticks must not return one that is too old.
 */
static struct {
    pthread_mutex_t puts;
    pond *pond;
    atomic_uint_fast64_t ticks;
    atomic_bool over;
} crowd = {.puts = PTHREAD_MUTEX_INITIALIZER};

static void get_and_judge(unsigned *seed)
{
    uint64_t *held[20];
    size_t n = (*seed = *seed * 1103515245 + 12345) / 65536 % 20;
    for (size_t i = 0; i < n; i++) {
        uint64_t ticks = atomic_load(&crowd.ticks);
        held[i] = pond_get(crowd.pond);
        must(held[i] != NULL, "errno %d", errno);
        must(*held[i] == 0 || ticks <= *held[i] - 1 + AGE, "put after %zu ticks, got after %zu",
             (size_t)*held[i] - 1, (size_t)ticks);
    }
    for (size_t i = 0; i < n; i++) {
        pthread_mutex_lock(&crowd.puts);
        *held[i] = atomic_load(&crowd.ticks) + 1;
        pond_put(crowd.pond, held[i]);
        pthread_mutex_unlock(&crowd.puts);
    }
}

static void tick_or_use(unsigned index, void *unused)
{
    (void)unused;
    unsigned seed = index;
    for (int i = 0; index == 0 && i < TEST_TIMES(600); i++) {
        pthread_mutex_lock(&crowd.puts);
        (void)pond_rotate(crowd.pond);
        atomic_fetch_add(&crowd.ticks, 1);
        pthread_mutex_unlock(&crowd.puts);
        sched_yield();
    }
    if (index == 0)
        atomic_store(&crowd.over, true);
    while (!atomic_load(&crowd.over))
        get_and_judge(&seed);
}

Test(promise2_max_age, many_threads_get_none_that_is_older)
{
    crowd.pond = test_pond((pond_options){.size = 64, .min_idle = 60, .max_age = AGE, .cache_objects = 8});
    crew_run(4, tick_or_use, NULL);
    rotate(crowd.pond, AGE + 2);
    cr_assert_eq(idle(crowd.pond), 0);
    cr_assert_eq(pond_destroy(crowd.pond), 0);
}
