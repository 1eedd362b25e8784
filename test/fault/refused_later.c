/* SPDX-License-Identifier: BSD-2-Clause */
// variants: release asan lock clang
/*
 * A kernel that agrees to membarrier at first and refuses it later, as in a sandbox that is entered after the
 * start. Nothing is known from then on of a thread that sleeps; what is said of it goes.
 */
#include "test.h"

#include "membarrier.h"
#include "threads.h"

TestSuite(refused_later, .timeout = TEST_ALARM);

enum { SOME = 20 };

static pond *shared;

static void fill_cache(void *unused)
{
    void *objs[SOME];
    (void)unused;
    test_get(shared, objs, SOME);
    for (size_t i = 0; i < SOME; i++)
        pond_put(shared, objs[i]);
}

/* Whoever destroys a pond says that nobody is in it. */
Test(refused_later, a_pond_that_a_sleeping_thread_caches_is_destroyed)
{
    worker *sleeper = worker_start();
    shared = test_pond((pond_options){.size = 64});
    worker_do(sleeper, fill_cache, NULL);
    membarrier_refuse();
    cr_assert_eq(pond_destroy(shared), 0, "errno %d", errno);
    shared = test_pond((pond_options){.size = 64});
    worker_do(sleeper, fill_cache, NULL);
    cr_assert_eq(pond_destroy(shared), 0, "errno %d", errno);
    worker_end(sleeper);
}

/* Nobody says so of a trim: the thread may be at work. */
Test(refused_later, a_trim_leaves_a_sleeping_thread_its_cache)
{
    worker *sleeper = worker_start();
    shared = test_pond((pond_options){.size = 64});
    worker_do(sleeper, fill_cache, NULL);
    membarrier_refuse();
    cr_assert_eq(pond_trim(shared), 0);
    pond_stats s = test_stats(shared);
    cr_assert_eq(s.idle_local, SOME, "%zu idle in caches", (size_t)s.idle_local);
    worker_do(sleeper, fill_cache, NULL);
    cr_assert_gt(pond_trim(shared), 0, "it has come by");
    s = test_stats(shared);
    cr_assert_eq(test_idle(&s), 0, "%zu idle", test_idle(&s));
    worker_end(sleeper);
    cr_assert_eq(pond_destroy(shared), 0);
}

/* It has its cache to itself meanwhile, and comes by. */
Test(refused_later, what_a_thread_caches_ages_when_it_has_come_by)
{
    worker *sleeper = worker_start();
    shared = test_pond((pond_options){.size = 64});
    worker_do(sleeper, fill_cache, NULL);
    membarrier_refuse();
    pond_rotate(shared);
    worker_do(sleeper, fill_cache, NULL);
    pond_rotate(shared);
    pond_rotate(shared);
    pond_stats s = test_stats(shared);
    cr_assert_eq(test_idle(&s), 0, "%zu idle", test_idle(&s));
    worker_end(sleeper);
    cr_assert_eq(pond_destroy(shared), 0);
}
