/* SPDX-License-Identifier: BSD-2-Clause */
// link: -Wl,--wrap=pthread_mutex_lock,--wrap=madvise
/* The room run: memory in a thread's hand for the next objects; and that no count ever shows it. */
#include "test.h"

#include "../../src/registry.h"
#include "../../src/run.h"
#include "fault.h"
#include "memory.h"
#include "pages.h"
#include "threads.h"
#include "validity.h"

#include <pond/profile.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

TestSuite(run, .timeout = TEST_ALARM);

enum { MANY = 5000 };

static pond *p;
static void *objs[MANY];
static atomic_size_t locks; /* of the pond */

/* Before this lock of the pond it is opened again. */
static size_t opens_before;

static void open_again(void)
{
    opens_before = 0;
    gates_open(registry_all());
    registry_unlock();
}

int __real_pthread_mutex_lock(pthread_mutex_t *mutex);
int __wrap_pthread_mutex_lock(pthread_mutex_t *mutex);

int __wrap_pthread_mutex_lock(pthread_mutex_t *mutex)
{
    if (p != NULL && mutex == &p->lock && atomic_fetch_add(&locks, 1) + 1 == opens_before)
        open_again();
    return __real_pthread_mutex_lock(mutex);
}

static struct cache *mine(void)
{
    return (struct cache *)(void *)pond_line(p);
}

static void expect_valid(size_t live)
{
    const char *why;
    must(pond_is_valid(p, live, &why), "%s", why);
}

/* As if each were made when it is got. */
static void expect_counts(uint64_t live, uint64_t made)
{
    pond_stats s = test_stats(p);
    must(s.live == live && s.constructed == made && s.misses == made && s.high_water >= live &&
             s.high_water <= made && test_idle(&s) + s.live + test_dropped(&s) == made,
         "%zu live, %zu made, %zu misses, at most %zu, of %zu and %zu", (size_t)s.live, (size_t)s.constructed,
         (size_t)s.misses, (size_t)s.high_water, (size_t)live, (size_t)made);
    expect_valid(live);
}

/* So many that the thread has some of a run left. */
static size_t amid_run(void)
{
    size_t n = 0;
    while (n < 100 || mine()->run_left < 3)
        test_get(p, &objs[n++], 1);
    return n;
}

Test(run, many_objects_take_few_locks)
{
    p = test_pond((pond_options){.size = 64});
    test_get(p, objs, 2000);
    size_t before = atomic_load(&locks);
    for (size_t i = 2000; i < MANY; i++)
        objs[i] = pond_get(p);
    cr_assert_leq(atomic_load(&locks) - before, 3000 / 200, "a run is an eighth of what there is");
    for (size_t i = 0; i < MANY; i++)
        memset(objs[i], (int)i, 64);
    for (size_t i = 0; i < MANY; i++)
        cr_assert(bytes_are(objs[i], 64, (int)(i & 0xff)), "object %zu is another one, too", i);
    expect_counts(MANY, MANY);
    pond_put_many(p, objs, MANY);
    expect_counts(0, MANY);
}

/* A pond whose bound is an option, which is not set. */
Test(run, who_would_wait_takes_few_locks_too)
{
    p = test_pond((pond_options){.size = 64});
    test_get(p, objs, 2000);
    size_t before = atomic_load(&locks);
    for (size_t i = 2000; i < MANY; i++)
        objs[i] = pond_get_wait(p, -1);
    cr_assert_leq(atomic_load(&locks) - before, 3000 / 200, "%zu locks", atomic_load(&locks) - before);
    expect_counts(MANY, MANY);
}

static event in_hook = EVENT_INIT, enough_of_it = EVENT_INIT;

static void stay_in_hook(void *obj, pond_drop_reason why, void *ctx)
{
    (void)obj, (void)ctx;
    if (why != POND_DROP_TRIM)
        return;
    event_set(&in_hook);
    event_wait(&enough_of_it);
}

static void trim_it(void *unused)
{
    (void)unused;
    (void)pond_trim(p);
}

/* While the last hook of a trim is under way, it is not known without the lock that nothing is left there. */
Test(run, no_other_run_is_taken_beside_one_that_cannot_be_used)
{
    p = test_pond((pond_options){.size = 64, .destroy = stay_in_hook});
    test_get(p, objs, 2000);
    pond_put(p, objs[1999]);
    worker *w = worker_start();
    worker_begin(w, trim_it, NULL);
    event_wait(&in_hook);
    size_t before = atomic_load(&locks);
    for (size_t i = 1999; i < 2499; i++)
        objs[i] = pond_get(p);
    size_t taken = atomic_load(&locks) - before;
    event_set(&enough_of_it);
    worker_wait(w);
    worker_end(w);
    cr_assert_leq(taken, 500 + 20, "%zu locks for 500 objects", taken);
    expect_valid(2499);
}

Test(run, no_count_shows_it)
{
    p = test_pond((pond_options){.size = 64});
    for (size_t i = 0; i < 600; i++) {
        objs[i] = pond_get(p);
        expect_counts(i + 1, i + 1);
        cr_assert_eq(test_stats(p).high_water, i + 1);
    }
    for (size_t i = 0; i < 300; i++) {
        pond_discard(p, objs[i]);
        pond_stats s = test_stats(p);
        cr_assert(s.live == 599 - i && s.high_water == 600, "%zu live, %zu at most", (size_t)s.live,
                  (size_t)s.high_water);
    }
    expect_valid(300);
}

static int add_allocated(const pond_profile_row *r, void *sum)
{
    *(double *)sum += r->alloc_objects;
    return 0;
}

/*
 * A closer keeps the thread from its cache, which has objects, and has gone when the thread comes back there
 * with its run. The line opens as far as was right before this get; the next one is sampled all the same.
 */
Test(run, at_the_rate_1_every_get_is_sampled_then_as_well)
{
    double allocated = 0;
    void *obj;
    p = test_pond((pond_options){.size = 64});
    cr_assert_eq(pond_profile_set("rate=1"), 0);
    size_t n = 1000;
    test_get(p, objs, n);
    while (mine()->run_left > 0)
        test_get(p, &objs[n++], 1);
    for (size_t i = 0; i < 3; i++)
        pond_put(p, objs[i]);
    registry_lock();
    gates_close(registry_all(), GATE_BOUNDED);
    atomic_store(&locks, 0);
    opens_before = 2; /* the depot was looked at */
    test_get(p, &obj, 1);
    cr_assert_gt(mine()->run_left, 0);
    for (size_t i = 0; i < 3; i++)
        test_get(p, &objs[i], 1);
    cr_assert_eq(pond_profile_each(add_allocated, &allocated), 0);
    cr_assert_eq(allocated, (double)(n + 4), "%g", allocated);
    pond_put(p, obj);
    expect_valid(n);
}

/* A run that a thread has taken and is not in its cache with: it makes pages resident meanwhile. */
static void *take_run(struct admission *b, size_t *n)
{
    *n = 0;
    while (*n < 1000 || mine()->run_left > 0)
        test_get(p, &objs[(*n)++], 1);
    b->memory = NULL;
    pthread_mutex_lock(&p->lock);
    object_admit_run(p, b, run_length(p));
    object_count_miss(p, b);
    pthread_mutex_unlock(&p->lock);
    must(b->more.count > 2, "%u more", b->more.count);
    return b->memory;
}

Test(run, what_is_on_its_way_is_no_object)
{
    struct admission b;
    size_t n;
    p = test_pond((pond_options){.size = 64});
    void *obj = take_run(&b, &n);
    pond_stats s = test_stats(p);
    cr_assert(s.live == n + 1 && s.constructed == n + 1 && s.misses == n + 1 && s.high_water == n + 1);
    (void)pond_rotate(p);
    cr_assert_eq(test_stats(p).constructed, n + 1, "a tick leaves it to its thread");
    run_keep(p, &b.more);
    s = test_stats(p);
    cr_assert(s.live == n + 1 && s.constructed == n + 1 && s.misses == n + 1 && s.high_water == n + 1);
    cr_assert_eq(mine()->run_left, b.more.count);
    pond_put(p, obj);
    expect_valid(n);
}

static void get_and_put_one(unsigned index, void *unused)
{
    (void)index, (void)unused;
    void *obj;
    test_get(p, &obj, 1);
    pond_put(p, obj);
}

/* There are less objects than the limit, and more with those that are not made. */
Test(run, limits_are_of_objects_that_are_made)
{
    struct admission b;
    size_t n;
    p = test_pond((pond_options){.size = 64});
    void *obj = take_run(&b, &n);
    cr_assert_eq(pond_limits_set(p, &(pond_limits){.max_objects = n + 2}), 0);
    crew_run(1, get_and_put_one, NULL);
    pond_put(p, objs[0]);
    pond_stats s = test_stats(p);
    cr_assert(s.dropped[POND_DROP_LIMIT] == 0 && test_idle(&s) == 2 && s.constructed == n + 2);
    run_keep(p, &b.more);
    cr_assert_eq(mine()->run_left, 0, "there are no runs with a limit");
    pond_put(p, obj);
    expect_valid(n - 1);
}

Test(run, few_objects_have_none)
{
    p = test_pond((pond_options){.size = 64});
    for (size_t i = 0; i < 15; i++) {
        test_get(p, &objs[i], 1);
        cr_assert_eq(mine()->run_left, 0, "with %zu objects", i + 1);
    }
    size_t n = amid_run();
    cr_assert_leq(mine()->run_left, n / 7);
}

/* Where each object is to be told of when it is made. */
Test(run, ponds_that_count_objects_have_none)
{
    pond_options all[] = {{.size = 64, .max_objects = MANY}, {.size = 64, .max_idle_bytes = 6400}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        p = test_pond(all[i]);
        test_get(p, objs, 1000);
        cr_assert_eq(object_unmade(p), 0);
    }
}

Test(run, idle_objects_come_first)
{
    p = test_pond((pond_options){.size = 64});
    size_t n = amid_run();
    pond_put(p, objs[0]);
    cr_assert_eq(pond_get(p), objs[0], "of this thread's cache");
    pond_put(p, objs[0]);
    (void)pond_rotate(p);
    cr_assert_eq(mine()->run_left, 0, "a tick gives it back");
    cr_assert_eq(pond_get(p), objs[0], "of the depot");
    cr_assert_eq(test_stats(p).constructed, n);
    expect_valid(n);
}

static void put_from_another(unsigned index, void *obj)
{
    (void)index;
    pond_put(p, obj);
}

Test(run, what_another_thread_puts_comes_first)
{
    p = test_pond((pond_options){.size = 64});
    (void)amid_run();
    size_t left = mine()->run_left;
    crew_run(1, put_from_another, objs[0]); /* its exit brings it to the depot */
    cr_assert_eq(pond_get(p), objs[0]);
    cr_assert_eq(mine()->run_left, left);
}

static void take_some(unsigned index, void *unused)
{
    (void)unused;
    size_t n = 0;
    while (n < 200 || mine()->run_left < 3)
        test_get(p, &objs[2000 * index + n++], 1);
    if (index == 0)
        (void)pond_rotate(p);
}

Test(run, ticks_trims_and_exits_give_it_back)
{
    p = test_pond((pond_options){.size = 64});
    crew_run(1, take_some, NULL);
    cr_assert_eq(object_unmade(p), 0, "a tick");
    size_t n = amid_run();
    (void)pond_trim(p);
    cr_assert_eq(object_unmade(p), 0, "a trim");
    expect_valid(SIZE_MAX);
    crew_run(2, take_some, NULL);
    cr_assert_eq(object_unmade(p), 0, "the end of a thread");
    cr_assert_gt(test_stats(p).live, n);
    expect_valid(SIZE_MAX);
}

Test(run, a_pond_with_one_can_be_destroyed)
{
    p = test_pond((pond_options){.size = 64});
    size_t n = amid_run();
    cr_assert(pond_destroy(p) == -1 && errno == EBUSY);
    pond_put_many(p, objs, n);
    n = amid_run();
    pond_put_many(p, objs, n);
    cr_assert_eq(pond_destroy(p), 0);
    p = NULL;
}

/* ---- hooks ---- */

static int fail_every_third(void *obj, void *ctx)
{
    size_t *calls = ctx;
    must(bytes_are(obj, 64, 0), "constructed in memory that is not zero");
    memset(obj, 1, 64);
    return ++*calls % 3 == 0 ? EPROTO : 0;
}

Test(run, a_construct_hook_may_fail_and_memory_is_zero)
{
    size_t calls = 0, n = 0;
    p = test_pond((pond_options){.size = 64, .construct = fail_every_third, .ctx = &calls});
    for (int round = 0; round < 4; round++) {
        while (n < 1000) {
            errno = 0;
            if ((objs[n] = pond_get(p)) != NULL)
                n++;
            else
                cr_assert_eq(errno, EPROTO);
        }
        expect_valid(n);
        pond_stats s = test_stats(p);
        cr_assert_eq(s.failed[POND_FAIL_HOOK], calls / 3);
        cr_assert_eq(s.constructed, calls - calls / 3);
        for (; n > 100 * (size_t)round; n--)
            pond_discard(p, objs[n - 1]); /* their memory is not zero */
    }
}

/* ---- the kernel ---- */

Test(run, pages_come_when_they_are_written_to_where_the_kernel_cannot_hurry)
{
    p = test_pond((pond_options){.size = 1000});
    fault_arm(FAULT_MADVISE, 0, true);
    fault_error(FAULT_MADVISE, EINVAL);
    test_get(p, objs, 2000);
    fault_disarm(FAULT_MADVISE);
    for (size_t i = 0; i < 2000; i++)
        cr_assert(bytes_are(objs[i], 1000, 0));
    expect_counts(2000, 2000);
}

Test(run, little_more_is_resident_than_is_used)
{
    if (TEST_SANITIZED)
        cr_skip_test("a sanitizer has memory of its own for each byte");
    p = test_pond((pond_options){.size = 1024});
    size_t before = memory_resident();
    for (size_t n = 0; n < MANY; n++) {
        test_get(p, &objs[n], 1);
        memset(objs[n], 1, 1024);
    }
    size_t taken = memory_resident() - before;
    cr_assert_leq(taken, (size_t)MANY * 1024 + (512 << 10), "%zu KiB", taken >> 10);
}

/* A server's buffer is large, and what comes into it may be short. */
Test(run, pages_of_objects_that_nobody_writes_to_are_not_made)
{
    const size_t size = 4 * os_page_size(), n = 1000;
    if (TEST_SANITIZED)
        cr_skip_test("a sanitizer has memory of its own for each byte");
    p = test_pond((pond_options){.size = size});
    size_t before = memory_resident();
    for (size_t i = 0; i < n; i++) {
        test_get(p, &objs[i], 1);
        memset(objs[i], 1, 30);
    }
    size_t taken = memory_resident() - before;
    cr_assert_leq(taken, n * os_page_size() + (512 << 10), "%zu KiB", taken >> 10);
}

/* ---- fork ---- */

Test(run, a_child_knows_what_is_left_of_it)
{
    p = test_pond((pond_options){.size = 64});
    size_t n = amid_run();
    pid_t child = fork();
    if (child == 0) {
        expect_counts(n, n);
        for (size_t i = 0; i < 100; i++)
            test_get(p, &objs[n + i], 1);
        expect_counts(n + 100, n + 100);
        _exit(0);
    }
    int status;
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert_eq(status, 0);
    expect_counts(n, n);
}

static atomic_bool enough;

static void fork_amid(unsigned index, void *unused)
{
    (void)unused;
    if (index > 0) {
        for (size_t n = 0; !atomic_load(&enough); n = (n + 1) % 1000) {
            void **obj = &objs[1000 * index + n];
            if (*obj != NULL)
                pond_discard(p, *obj);
            *obj = pond_get(p);
        }
        return;
    }
    for (int i = 0; i < TEST_TIMES(40); i++) {
        pid_t child = fork();
        if (child == 0) {
            pond_stats s = test_stats(p);
            must(s.gets == s.hits + s.misses && s.gets - s.puts == s.live, "%zu gets", (size_t)s.gets);
            test_get(p, objs, 200);
            pond_put_many(p, objs, 200);
            must(test_stats(p).live == s.live, "%zu live", (size_t)s.live);
            _exit(0);
        }
        int status = -1;
        must(waitpid(child, &status, 0) == child && status == 0, "the child ended with %d", status);
    }
    atomic_store(&enough, true);
}

Test(run, forks_while_others_take_runs)
{
    p = test_pond((pond_options){.size = 64});
    crew_run(4, fork_amid, NULL);
    expect_valid(SIZE_MAX);
}

/* ---- many threads ---- */

static void take_and_drop(unsigned index, void *unused)
{
    (void)unused;
    void **mine_from = &objs[1000 * index];
    for (size_t i = 0; i < TEST_TIMES(60000u); i++) {
        void **obj = &mine_from[i % 1000];
        if (*obj != NULL) {
            must(bytes_are(*obj, 64, (int)index + 1), "%p is somebody else's, too", *obj);
            if (i % 5 == 0)
                pond_put(p, *obj);
            else
                pond_discard(p, *obj);
        }
        test_get(p, obj, 1);
        memset(*obj, (int)index + 1, 64);
        if (i % 997 == 0)
            (void)pond_rotate(p);
        if (i % 331 == 0) {
            pond_stats s = test_stats(p);
            must(s.high_water <= 4100 && s.live <= 4000, "%zu at most", (size_t)s.high_water);
        }
    }
}

Test(run, threads_take_runs_and_tick)
{
    p = test_pond((pond_options){.size = 64});
    crew_run(4, take_and_drop, NULL);
    expect_valid(4000);
}
