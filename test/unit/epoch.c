/* SPDX-License-Identifier: BSD-2-Clause */
/* The room epoch: what a tick drops and what it leaves, the budget, and what is given back. */
#include "test.h"

#include "../../src/epoch.h"
#include "pages.h"
#include "threads.h"
#include "witness.h"

#include <stdatomic.h>
#include <stdlib.h>

TestSuite(epoch, .timeout = TEST_ALARM);

enum { PONDS = 4, MANY = 600 };

static witness seen = WITNESS_INIT;
static void *objs[MANY];

static void put_new(struct pond *p, size_t n)
{
    test_get(p, objs, n);
    pond_put_many(p, objs, n);
}

static uint64_t dropped(struct pond *p)
{
    return test_stats(p).dropped[POND_DROP_EPOCH];
}

static size_t idle(struct pond *p)
{
    pond_stats s = test_stats(p);
    return test_idle(&s);
}

/* With a destroy hook objects go one by one, without by the magazine. */
typedef struct way {
    bool hooked;
} way;

#define BOTH_WAYS(test)                                                                                      \
    ParameterizedTestParameters(epoch, test)                                                                 \
    {                                                                                                        \
        static way ways[] = {{false}, {true}};                                                               \
        return cr_make_param_array(way, ways, 2);                                                            \
    }                                                                                                        \
    ParameterizedTest(way *w, epoch, test)

static struct pond *start(const way *w, pond_options options)
{
    pond_options hooked = witness_options(&seen, 64);
    options.size = 64;
    if (w->hooked) {
        options.destroy = hooked.destroy;
        options.ctx = hooked.ctx;
    }
    return test_pond(options);
}

/* ---- counting on ---- */

Test(epoch, every_pond_has_its_own_count_and_the_world_another)
{
    struct pond *a = test_pond((pond_options){.size = 8});
    cr_assert_eq(pond_epoch_advance(), 1);
    struct pond *b = test_pond((pond_options){.size = 8});
    cr_assert_eq(pond_rotate(b), 1);
    cr_assert_eq(pond_rotate(b), 2);
    cr_assert_eq(pond_epoch_advance(), 2);
    cr_assert_eq(pond_rotate(a), 3);
    cr_assert(test_stats(a).epoch == 3 && test_stats(b).epoch == 3);
}

BOTH_WAYS(a_rotation_touches_no_other_pond)
{
    struct pond *a = start(w, (pond_options){.name = "a"}), *b = start(w, (pond_options){.name = "b"});
    put_new(a, 50);
    put_new(b, 50);
    pond_rotate(a);
    cr_assert(test_stats(a).idle_victim == 50 && test_stats(b).idle_victim == 0);
    pond_rotate(a);
    cr_assert(idle(a) == 0 && idle(b) == 50);
}

/* ---- budget ---- */

static struct pond *ponds[PONDS];

/* Ponds with so many objects due at the next tick. */
static void start_due(const way *w, size_t ponds_wanted, const size_t *due)
{
    for (size_t i = 0; i < ponds_wanted; i++) {
        ponds[i] = start(w, (pond_options){.name = "due"});
        put_new(ponds[i], due[i]);
    }
    pond_epoch_advance();
}

static uint64_t dropped_of_all(void)
{
    uint64_t sum = 0;
    for (int i = 0; i < PONDS && ponds[i] != NULL; i++)
        sum += dropped(ponds[i]);
    return sum;
}

BOTH_WAYS(a_tick_drops_as_many_as_its_budget)
{
    static const size_t due[] = {300};
    start_due(w, 1, due);
    pond_tick_budget(70);
    for (size_t n = 70; n <= 280; n += 70) {
        pond_epoch_advance();
        cr_assert_eq(dropped(ponds[0]), n);
        cr_assert_eq(idle(ponds[0]), 300 - n);
    }
    pond_rotate(ponds[0]);
    cr_assert_eq(dropped(ponds[0]), 300);
}

BOTH_WAYS(a_rotation_has_the_same_budget)
{
    static const size_t due[] = {300};
    start_due(w, 1, due);
    pond_tick_budget(70);
    pond_rotate(ponds[0]);
    cr_assert_eq(dropped(ponds[0]), 70);
    pond_tick_budget(0);
    pond_rotate(ponds[0]);
    cr_assert_eq(dropped(ponds[0]), 300, "no budget, no bound");
}

/* Each its share first: a busy pond does not keep the others full. */
static size_t with_slabs(void)
{
    size_t n = 0;
    for (int i = 0; i < PONDS; i++)
        n += test_stats(ponds[i]).slab_bytes > 0;
    return n;
}

/* Two system calls take a slab back. What is left over is for the next ticks, which know of it. */
BOTH_WAYS(its_budget_is_of_system_calls_too)
{
    static const size_t due[] = {1, 1, 1, 1};
    start_due(w, PONDS, due);
    pond_tick_budget(4);
    (void)pond_epoch_advance();
    cr_assert_eq(dropped_of_all(), 4);
    cr_assert_eq(with_slabs(), PONDS - 2);
    cr_assert(pond_has_idle());
    (void)pond_epoch_advance();
    cr_assert_eq(with_slabs(), 0);
    pond_tick_budget(0);
}

BOTH_WAYS(ponds_share_the_budget)
{
    static const size_t budgets[] = {4, 6, 40, 43};
    static const size_t due[] = {150, 150, 150, 150};
    start_due(w, PONDS, due);
    for (size_t i = 0; i < sizeof budgets / sizeof *budgets; i++) {
        uint64_t before[PONDS], all = dropped_of_all();
        for (int n = 0; n < PONDS; n++)
            before[n] = dropped(ponds[n]);
        pond_tick_budget(budgets[i]);
        pond_epoch_advance();
        cr_assert_eq(dropped_of_all() - all, budgets[i]);
        for (int n = 0; n < PONDS; n++)
            cr_assert_geq(dropped(ponds[n]) - before[n], budgets[i] / PONDS, "pond %d, budget %zu", n,
                          budgets[i]);
    }
}

/* A budget that is less than one for each pond: none is passed over for ever. */
BOTH_WAYS(no_pond_starves)
{
    static const size_t due[] = {100, 100, 100, 100};
    start_due(w, PONDS, due);
    pond_tick_budget(1);
    for (int tick = 0; tick < 8 * PONDS; tick++)
        pond_epoch_advance();
    for (int n = 0; n < PONDS; n++)
        cr_assert_gt(dropped(ponds[n]), 0, "pond %d has as much to drop as the others", n);
}

BOTH_WAYS(what_one_pond_does_not_need_is_the_others)
{
    static const size_t due[] = {3, 200, 0, 200};
    start_due(w, PONDS, due);
    pond_tick_budget(100);
    pond_epoch_advance();
    cr_assert_eq(dropped_of_all(), 100, "all of the budget is used");
    cr_assert_eq(dropped(ponds[0]), 3);
    cr_assert_geq(dropped(ponds[1]), 25);
    cr_assert_geq(dropped(ponds[3]), 25);
}

/* What is left over can be got in the usual way, though it was due. */
BOTH_WAYS(what_is_left_over_stays_usable)
{
    static const size_t due[] = {300};
    start_due(w, 1, due);
    pond_tick_budget(100);
    pond_epoch_advance();
    cr_assert_null(ponds[0]->dropping, "no get has to look there");
    pond_stats s = test_stats(ponds[0]);
    cr_assert_eq(s.idle_victim, 200);
    test_get(ponds[0], objs, 150);
    cr_assert_eq(test_stats(ponds[0]).constructed, 300);
    pond_tick_budget(0);
    pond_epoch_advance();
    cr_assert_eq(dropped(ponds[0]), 150, "and what was not got goes at the next tick");
}

/* ---- min_idle ---- */

BOTH_WAYS(so_many_stay_idle)
{
    struct pond *p = start(w, (pond_options){.min_idle = 130});
    put_new(p, 100);
    for (int tick = 0; tick < 3; tick++)
        pond_epoch_advance();
    cr_assert_eq(idle(p), 100, "fewer than min_idle stay as they are");
    put_new(p, 400);
    for (int tick = 0; tick < 4; tick++) {
        pond_epoch_advance();
        cr_assert_geq(idle(p), 130);
    }
    cr_assert_eq(idle(p), 130);
    cr_assert_eq(dropped(p), 270);
    test_get(p, objs, 130);
    cr_assert_eq(test_stats(p).constructed, 400, "and can be got");
}

BOTH_WAYS(the_youngest_are_those_that_stay)
{
    void *young[50];
    struct pond *p = start(w, (pond_options){.min_idle = 50});
    test_get(p, young, 50);
    put_new(p, 100);
    pond_epoch_advance();
    pond_put_many(p, young, 50);
    pond_epoch_advance();
    cr_assert_eq(idle(p), 50);
    for (int i = 0; w->hooked && i < 50; i++)
        cr_assert_not(witness_saw(&seen, young[i]));
}

/* ---- max_age ---- */

static event inside = EVENT_INIT, go_on = EVENT_INIT;

/* Stopped in its cache, in which there are five objects. */
static void stop_in_cache(void *arg)
{
    struct pond *p = arg;
    test_get(p, objs, 5);
    pond_put_many(p, objs, 5);
    struct cache *c = gate_enter(p);
    must(c != NULL, "the gate is closed");
    event_set(&inside);
    event_wait(&go_on);
    gate_leave(p, c);
}

static void get_five(void *p)
{
    test_get(p, objs, 5);
    pond_put_many(p, objs, 5);
}

/* They are too old when it goes on. */
static worker *stop_until_they_are_old(struct pond *p)
{
    worker *stopped = worker_start();
    worker_begin(stopped, stop_in_cache, p);
    event_wait(&inside);
    for (int tick = 0; tick < 4; tick++)
        pond_rotate(p);
    cr_assert(idle(p) == 5 && dropped(p) == 0);
    event_set(&go_on);
    worker_wait(stopped);
    return stopped;
}

/* A tick cannot drop what it cannot see; but none of it is handed out, and the next tick drops it. */
BOTH_WAYS(a_thread_that_ticks_missed_gets_none_that_is_too_old)
{
    struct pond *p = start(w, (pond_options){.min_idle = 100, .max_age = 3});
    worker *stopped = stop_until_they_are_old(p);
    worker_do(stopped, get_five, p);
    cr_assert_eq(test_stats(p).constructed, 10, "none of before was handed out");
    cr_assert(idle(p) == 10 && depot_aged(&p->depot) == 5);
    pond_rotate(p);
    cr_assert(idle(p) == 5 && dropped(p) == 5);
    worker_end(stopped);
}

/* At max_objects a get looks into the caches of all threads, and finds what no tick has seen. */
BOTH_WAYS(nor_does_another_thread_that_finds_them)
{
    struct pond *p =
        start(w, (pond_options){.min_idle = 5, .max_age = 3, .max_objects = 5, .cache_objects = 16});
    worker *stopped = stop_until_they_are_old(p);
    get_five(p);
    cr_assert_eq(test_stats(p).constructed, 10);
    cr_assert(idle(p) == 5 && dropped(p) == 5);
    worker_end(stopped);
}

/* Two ticks at once: what the first has at hand gets older by the second. */
static struct pond *slow;
static atomic_int slow_calls;

static void hang_once(void *obj, pond_drop_reason why, void *ctx)
{
    (void)obj, (void)why, (void)ctx;
    if (atomic_fetch_add(&slow_calls, 1) == 0) {
        event_set(&inside);
        event_wait(&go_on);
    }
}

static void rotate(void *unused)
{
    (void)unused;
    (void)pond_rotate(slow);
}

Test(epoch, what_another_tick_drops_gets_older_too)
{
    slow = test_pond((pond_options){.size = 64, .min_idle = 6, .max_age = 2, .destroy = hang_once});
    put_new(slow, 10);
    pond_rotate(slow);
    worker *ticker = worker_start();
    worker_begin(ticker, rotate, NULL);
    event_wait(&inside);
    cr_assert_not_null(slow->dropping, "the rest of a magazine");
    pond_rotate(slow);
    cr_assert_eq(idle(slow), 0, "all of before are too old");
    event_set(&go_on);
    worker_wait(ticker);
    cr_assert_eq(atomic_load(&slow_calls), 10);
    worker_end(ticker);
}

/* ---- all of it ---- */

BOTH_WAYS(a_trim_drops_all_and_says_how_much)
{
    struct pond *p = start(w, (pond_options){.min_idle = 50});
    put_new(p, 300);
    pond_rotate(p);
    put_new(p, 100);
    cr_assert_eq(pond_trim(p), 300 * 64);
    pond_stats s = test_stats(p);
    cr_assert(s.dropped[POND_DROP_TRIM] == 300 && test_idle(&s) == 0 && s.slab_bytes == 0);
    cr_assert_eq(witness_count_why(&seen, POND_DROP_TRIM), w->hooked ? 300 : 0);
    cr_assert_eq(pond_trim(p), 0);
}

BOTH_WAYS(a_trim_of_every_pond)
{
    static const size_t due[] = {10, 20, 0, 30};
    start_due(w, PONDS, due);
    cr_assert_eq(pond_trim(NULL), 60 * 64);
    for (int i = 0; i < PONDS; i++)
        cr_assert_eq(idle(ponds[i]), 0);
}

static size_t foot_of(const void *obj, void *ctx)
{
    (void)ctx;
    return *(const size_t *)obj;
}

Test(epoch, bytes_given_back_include_footprints)
{
    size_t sum = 0;
    for (int bounded = 0; bounded < 2; bounded++) {
        struct pond *p = test_pond((pond_options){
            .size = 64, .footprint = foot_of, .max_idle_bytes = bounded ? (size_t)1 << 30 : 0});
        test_get(p, objs, 100);
        sum = 0;
        for (size_t i = 0; i < 100; i++)
            sum += 64 + (*(size_t *)objs[i] = i * i);
        pond_put_many(p, objs, 100);
        cr_assert_eq(p->idle_bytes, bounded ? sum : 0);
        cr_assert_eq(pond_trim(p), sum);
        cr_assert_eq(p->idle_bytes, 0);
    }
}

/* Where idle bytes are counted, what a tick has dropped makes room for others, hook or not. */
BOTH_WAYS(idle_bytes_are_forgotten)
{
    struct pond *p = start(w, (pond_options){.max_idle_bytes = 64 * 200});
    put_new(p, 200);
    cr_assert_eq(pond_reserve(p, 300), 200);
    pond_epoch_advance();
    pond_tick_budget(50);
    pond_epoch_advance();
    cr_assert_eq(idle(p), 150);
    cr_assert_eq(pond_reserve(p, 300), 200);
    pond_tick_budget(0);
    pond_epoch_advance();
    cr_assert_eq(idle(p), 50);
    cr_assert_eq(pond_reserve(p, 300), 200);
}

/* By the reason it was told, whoever holds what; pond_destroy and pond_trim are made of this. */
BOTH_WAYS(what_lies_in_the_depot_is_dropped)
{
    struct pond *p = start(w, (pond_options){.min_idle = 5});
    put_new(p, 100);
    pond_epoch_advance();
    registry_lock();
    (void)gather_all(p, false, &(uint64_t){0});
    registry_unlock();
    cr_assert_eq(epoch_drop_all(p, POND_DROP_LIMIT), w->hooked ? 0 : 6400, "only trims weigh one by one");
    cr_assert_eq(test_stats(p).dropped[POND_DROP_LIMIT], 100);
    cr_assert_eq(witness_count_why(&seen, POND_DROP_LIMIT), w->hooked ? 100 : 0);
}

/* ---- what goes back to the system ---- */

BOTH_WAYS(empty_magazines_and_free_pages_go)
{
    pages_are_small();
    struct pond *p = start(w, (pond_options){.max_idle_bytes = 64 * 64000});
    test_get(p, objs, MANY);
    for (int i = 0; i < MANY; i++)
        *(char *)objs[i] = 1;
    void *kept = objs[0], *gone = objs[MANY - 1];
    pond_put_many(p, objs + 1, MANY - 1);
    cr_assert_gt(p->charged, 0);
    pond_epoch_advance();
    pond_epoch_advance();
    cr_assert_null(depot_pop_empty(&p->depot));
    cr_assert_eq(p->charged, 0, "no magazine is left");
    cr_assert(page_resident(kept) && !page_resident(gone));
    pond_put(p, kept);
    pond_epoch_advance();
    pond_epoch_advance();
    cr_assert_eq(test_stats(p).slab_bytes, 0);
}

/* ---- many ticks at once ---- */

static atomic_size_t destroyed;

static void count_destroyed(void *obj, pond_drop_reason why, void *ctx)
{
    (void)ctx;
    must(why == POND_DROP_EPOCH || why == POND_DROP_TRIM, "reason %d", (int)why);
    must(*(int *)obj == 1, "destroyed twice");
    *(int *)obj = 2;
    atomic_fetch_add(&destroyed, 1);
}

static void tick_trim_or_use(unsigned index, void *arg)
{
    struct pond *p = arg;
    void *mine[40];
    for (int i = 0; i < TEST_TIMES(2000); i++)
        if (index == 0) {
            pond_epoch_advance();
        } else if (index == 1) {
            (void)(i % 8 == 0 ? pond_trim(p) : pond_rotate(p));
        } else {
            size_t n = pond_get_many(p, mine, (size_t)i % 40);
            for (size_t k = 0; k < n; k++)
                *(int *)mine[k] = 1;
            pond_put_many(p, mine, n);
        }
}

Test(epoch, ticks_at_once_drop_each_object_once)
{
    struct pond *p = test_pond((pond_options){.size = 64, .destroy = count_destroyed});
    crew_run(4, tick_trim_or_use, p);
    pond_epoch_advance();
    pond_epoch_advance();
    pond_stats s = test_stats(p);
    cr_assert(test_idle(&s) == 0 && s.live == 0);
    cr_assert_eq(s.constructed, atomic_load(&destroyed));
}
