/* SPDX-License-Identifier: BSD-2-Clause */
// variants: release asan fence lock clang debug
/*
 * A program that protects a lock of its own across forks, by handlers that it registers before it makes its
 * first pond, and whose threads use ponds under that lock: the library lets that lock be taken before it
 * takes its own, so that no fork waits for ever.
 */
#include "test.h"

#include "threads.h"

#include <sched.h>
#include <unistd.h>

enum { FORKS = 20, USES = 200 };

static pthread_mutex_t table = PTHREAD_MUTEX_INITIALIZER;
static event held = EVENT_INIT, forking = EVENT_INIT;

static void lock_table(void)
{
    (void)pthread_mutex_lock(&table);
}

static void unlock_table(void)
{
    (void)pthread_mutex_unlock(&table);
}

static void say_forking(void)
{
    event_set(&forking);
}

__attribute__((constructor)) static void protect_table(void)
{
    (void)pthread_atfork(lock_table, unlock_table, unlock_table);
}

/* Each use takes the pond's lock. */
static void use_under_lock(void *rows)
{
    lock_table();
    event_set(&held);
    event_wait(&forking);
    for (int i = 0; i < USES; i++) {
        void *row = pond_get(rows);
        must(row != NULL, "errno %d", errno);
        pond_discard(rows, row);
        (void)sched_yield();
    }
    unlock_table();
}

static void nothing(void *unused)
{
    (void)unused;
}

Test(order, a_lock_under_which_ponds_are_used_is_taken_first, .timeout = TEST_ALARM)
{
    pond *rows = pond_create(&(pond_options){.name = "rows", .size = 64});
    must(rows != NULL, "errno %d", errno);
    must(pthread_atfork(say_forking, NULL, NULL) == 0, "pthread_atfork"); /* it runs first */
    worker *user = worker_start();
    for (int i = 0; i < FORKS; i++) {
        event_clear(&held);
        event_clear(&forking);
        worker_begin(user, use_under_lock, rows);
        event_wait(&held);
        test_in_child(nothing, NULL);
        worker_wait(user);
    }
    worker_end(user);
    cr_assert_eq(pond_destroy(rows), 0);
}
