/* SPDX-License-Identifier: BSD-2-Clause */
// link: -Wl,--wrap=os_barrier,--wrap=pthread_mutex_lock
/*
 * Promise 3 at the moment when it is asked for most: many threads want an object of a pond at max_objects. To
 * know that nothing is idle takes a closing of all caches once; after that a get that is refused costs other
 * threads and other ponds nothing, and what is put goes to whoever wants it, without a closing.
 */
#include "test.h"

#include "locks.h"
#include "threads.h"

#include <sched.h>
#include <stdatomic.h>

TestSuite(promise3_starved, .timeout = TEST_ALARM);

enum { MOST = 40, THREADS = 6, EACH = 3000 };

/* A closing of caches has all threads pass one barrier. */
static atomic_size_t closings;

bool __real_os_barrier(void);
bool __wrap_os_barrier(void);

bool __wrap_os_barrier(void)
{
    atomic_fetch_add(&closings, 1);
    return __real_os_barrier();
}

static pond *shared;
static void *objs[MOST];

static void take_all(void)
{
    shared = test_pond((pond_options){.size = 64, .max_objects = MOST});
    test_get(shared, objs, MOST);
}

static void be_refused(void *times)
{
    for (size_t i = 0; i < *(size_t *)times; i++) {
        errno = 0;
        must(pond_get(shared) == NULL && errno == EAGAIN, "get %zu was not refused: errno %d", i, errno);
    }
}

static void put_back(size_t n)
{
    for (size_t i = 0; i < n; i++)
        pond_put(shared, objs[i]);
}

Test(promise3_starved, gets_are_refused_without_closing_anything)
{
    worker *other = worker_start();
    take_all();
    size_t times = 1;
    worker_do(other, be_refused, &times);
    be_refused(&times);
    size_t before = atomic_load(&closings);
    cr_assert_leq(before, 1);
    times = EACH;
    worker_do(other, be_refused, &times);
    be_refused(&times);
    cr_assert_eq(atomic_load(&closings), before);
    pond_rotate(shared);
    before = atomic_load(&closings);
    worker_do(other, be_refused, &times);
    cr_assert_eq(atomic_load(&closings), before, "nor after a tick, as long as nothing was put");
    put_back(MOST);
    test_stats(shared);
    worker_end(other);
    cr_assert_eq(pond_destroy(shared), 0);
}

static void get_one(void *obj)
{
    *(void **)obj = pond_get(shared);
}

/* Each object that one thread puts, another gets at once. */
Test(promise3_starved, what_is_put_is_had_without_closing_anything)
{
    worker *other = worker_start();
    take_all();
    be_refused(&(size_t){1});
    size_t before = atomic_load(&closings);
    for (size_t i = 0; i < EACH; i++) {
        void *obj = NULL;
        pond_put(shared, objs[i % MOST]);
        worker_do(other, get_one, &obj);
        cr_assert_not_null(obj, "an object was idle");
        objs[i % MOST] = obj;
        worker_do(other, be_refused, &(size_t){1});
    }
    cr_assert_eq(atomic_load(&closings), before);
    put_back(MOST);
    test_stats(shared);
    worker_end(other);
    cr_assert_eq(pond_destroy(shared), 0);
}

/* More threads than objects, all at once: closings are few, though gets are refused all the time. */
static atomic_size_t got, refused;

static void hold_some(unsigned index, void *unused)
{
    void *mine[MOST / 2];
    (void)index, (void)unused;
    for (size_t i = 0; i < TEST_TIMES(EACH); i++) {
        size_t n = 0;
        while (n < sizeof(mine) / sizeof(mine[0]) && (mine[n] = pond_get(shared)) != NULL)
            n++;
        atomic_fetch_add(&got, n);
        atomic_fetch_add(&refused, n < sizeof(mine) / sizeof(mine[0]));
        sched_yield(); /* another thread wants some, too */
        while (n > 0)
            pond_put(shared, mine[--n]);
    }
}

Test(promise3_starved, overload_closes_seldom)
{
    shared = test_pond((pond_options){.size = 64, .max_objects = MOST});
    crew_run(THREADS, hold_some, NULL);
    cr_log_info("%zu gets, %zu refused, %zu closings", atomic_load(&got), atomic_load(&refused),
                atomic_load(&closings));
    cr_assert_leq(atomic_load(&closings), 16 + atomic_load(&got) / 32);
    pond_stats s = test_stats(shared);
    cr_assert_eq(s.live, 0);
    cr_assert_eq(pond_destroy(shared), 0);
}

/* While a get is between its two looks, what is put goes where only the first one looked so far: to the
 * depot. */
static worker *putter;

static void put_and_tick(void *unused)
{
    (void)unused;
    put_back(1);
    pond_rotate(shared);
}

static void let_putter_put(void)
{
    worker_do(putter, put_and_tick, NULL);
}

Test(promise3_starved, what_is_put_during_a_get_is_had)
{
    putter = worker_start();
    take_all();
    be_refused(&(size_t){1});
    before_lock = let_putter_put;
    locks_left = 2;
    void *obj = pond_get(shared);
    cr_assert_eq(locks_left, 0);
    cr_assert_not_null(obj, "an object was idle: errno %d", errno);
    objs[0] = obj;
    put_back(MOST);
    worker_end(putter);
    cr_assert_eq(pond_destroy(shared), 0);
}

/* Starving begins before a get at max_objects looks whether it has to close anything, and ends before it
 * looks for an object: what is idle then lies in a cache. */
static worker *starver, *holder;

/* Whoever comes first while a get has the registry's lock has no cache. */
static void come_by(void *unused)
{
    void *obj;
    (void)unused;
    pond *other = test_pond((pond_options){.size = 64});
    test_get(other, &obj, 1);
    pond_put(other, obj);
    must(pond_destroy(other) == 0, "errno %d", errno);
}

static void put_until_it_ends(void *unused)
{
    (void)unused;
    for (int i = 0; i < 200; i++) {
        put_back(1);
        test_get(shared, objs, 1);
    }
    put_back(1);
}

static void let_it_end(void)
{
    worker_do(holder, put_until_it_ends, NULL);
}

static void let_it_begin(void)
{
    worker_do(starver, be_refused, &(size_t){1});
    before_lock = let_it_end;
    locks_left = 1;
}

Test(promise3_starved, a_get_is_not_deceived_by_its_end)
{
    starver = worker_start();
    holder = worker_start();
    worker_do(holder, come_by, NULL);
    take_all();
    before_lock = let_it_begin;
    locks_left = 2;
    void *obj = pond_get(shared);
    cr_assert_eq(locks_left, 0);
    cr_assert_not_null(obj, "an object was idle: errno %d", errno);
    objs[0] = obj;
    put_back(MOST);
    worker_end(starver);
    worker_end(holder);
    cr_assert_eq(pond_destroy(shared), 0);
}

/* A get that finds more than it takes leaves threads their caches. */
Test(promise3_starved, it_does_not_begin_while_something_is_idle)
{
    worker *other = worker_start();
    take_all();
    put_back(2);
    pond_stats s = test_stats(shared);
    cr_assert_eq(s.idle_local, 2, "only a closing finds them");
    worker_do(other, get_one, &objs[0]);
    cr_assert_not_null(objs[0]);
    pond_put(shared, objs[2]);
    s = test_stats(shared);
    cr_assert_eq(s.idle_local, 1, "%zu idle in caches", (size_t)s.idle_local);
    worker_do(other, get_one, &objs[1]);
    worker_do(other, get_one, &objs[2]);
    put_back(MOST);
    worker_end(other);
    cr_assert_eq(pond_destroy(shared), 0);
}

/* When nobody is refused any more, threads have caches again. */
Test(promise3_starved, it_ends)
{
    take_all();
    be_refused(&(size_t){1});
    put_back(MOST);
    for (int i = 0; i < 200; i++) {
        test_get(shared, objs, 2);
        put_back(2);
    }
    pond_stats s = test_stats(shared);
    cr_assert_geq(s.idle_local, 2, "%zu idle in caches", (size_t)s.idle_local);
    cr_assert_eq(pond_destroy(shared), 0);
}

/* A thread that puts into its cache while another gathers: no get may then miss it. */
static atomic_bool stop;

static void put_and_get(void *unused)
{
    (void)unused;
    while (!atomic_load(&stop)) {
        void *obj = pond_get(shared);
        must(obj != NULL, "refused though one object of two is always idle: errno %d", errno);
        pond_put(shared, obj);
    }
}

/* Two threads that each hold one object at most, and two objects: nobody is ever refused. */
Test(promise3_starved, nobody_is_refused_while_an_object_is_idle)
{
    shared = test_pond((pond_options){.size = 64, .max_objects = 2});
    worker *w[2] = {worker_start(), worker_start()};
    for (int i = 0; i < 2; i++)
        worker_begin(w[i], put_and_get, NULL);
    for (int i = 0; i < TEST_TIMES(2000); i++)
        pond_rotate(shared);
    atomic_store(&stop, true);
    for (int i = 0; i < 2; i++) {
        worker_wait(w[i]);
        worker_end(w[i]);
    }
    cr_assert_eq(test_stats(shared).live, 0);
    cr_assert_eq(pond_destroy(shared), 0);
}
