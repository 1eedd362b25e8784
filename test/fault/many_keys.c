/* SPDX-License-Identifier: BSD-2-Clause */
// debug
/*
 * A process with many keys of threads (pthread_key_create): 640 of them, or as many as there may be, each
 * with a value and a destructor in every thread, and the library's own among them, before or behind the
 * others. What a thread cached is handed on at its exit; or, when it first used a pond in the last round of
 * destructors with the library's turn over, at the next tick.
 */
#include "test.h"

#include "threads.h"

#include <limits.h>
#include <stdatomic.h>

TestSuite(many_keys, .timeout = TEST_ALARM);

enum { OBJECTS = 50, THREADS = 40, MANY = 640 };

static pond *sockets;
static pthread_key_t keys[PTHREAD_KEYS_MAX];
static size_t key_count, key_uses; /* the place of the key whose destructor uses the pond */
static int use_in_round;           /* of destructors, from 1 on; 0: in none */
static atomic_size_t destroyed;

static void use(void)
{
    void *objs[OBJECTS];
    for (size_t i = 0; i < OBJECTS; i++)
        must((objs[i] = pond_get(sockets)) != NULL, "errno %d", errno);
    for (size_t i = 0; i < OBJECTS; i++)
        pond_put(sockets, objs[i]);
}

/* ---- keys ---- */

static void count_value(void *value)
{
    (void)value;
    atomic_fetch_add(&destroyed, 1);
}

static _Thread_local int round_now;

static void use_in_destructor(void *value)
{
    atomic_fetch_add(&destroyed, round_now == 0);
    if (++round_now == use_in_round)
        use();
    else if (round_now < use_in_round)
        (void)pthread_setspecific(keys[key_uses], value);
}

/* The last one uses the pond. Fewer where there are no more. */
static void make_keys(size_t n)
{
    while (n > 1 && pthread_key_create(&keys[key_count], count_value) == 0) {
        key_count++;
        n--;
    }
    if (pthread_key_create(&keys[key_count], use_in_destructor) != 0) {
        must(pthread_key_delete(keys[--key_count]) == 0, "pthread_key_delete");
        must(pthread_key_create(&keys[key_count], use_in_destructor) == 0, "pthread_key_create");
    }
    key_uses = key_count++;
}

static void set_values(void)
{
    for (size_t i = 0; i < key_count; i++)
        must(pthread_setspecific(keys[i], &keys[i]) == 0, "key %zu of %zu", i, key_count);
}

/* ---- threads ---- */

static void *use_and_exit(void *unused)
{
    set_values();
    if (use_in_round == 0)
        use();
    return unused;
}

static void open_pond(void)
{
    sockets = test_pond((pond_options){.name = "sockets", .size = 64, .cache_objects = 2 * OBJECTS});
}

/* One after the other: each has what its predecessor left. */
static void check_handed_on(int round)
{
    use_in_round = round;
    for (int i = 0; i < THREADS; i++) {
        thread_run(use_and_exit, NULL);
        pond_stats s = test_stats(sockets);
        cr_assert_eq(s.idle_local, 0, "thread %d took %zu objects with it", i, (size_t)s.idle_local);
        cr_assert_eq(s.idle_shared, OBJECTS);
        cr_assert_eq(s.constructed, OBJECTS, "thread %d found %zu less", i, (size_t)s.constructed - OBJECTS);
    }
}

/* Nobody hears of its exit; its objects are where they were until the next tick. */
static void check_at_tick(int round)
{
    use_in_round = round;
    for (int i = 0; i < THREADS; i++) {
        thread_run(use_and_exit, NULL);
        (void)pond_rotate(sockets);
        pond_stats s = test_stats(sockets);
        cr_assert_eq(s.idle_local, 0, "thread %d took %zu objects with it", i, (size_t)s.idle_local);
        cr_assert_eq(s.idle_victim, OBJECTS);
        cr_assert_eq(s.constructed, OBJECTS, "thread %d found %zu less", i, (size_t)s.constructed - OBJECTS);
    }
}

/* All in the cache of nobody; every destructor ran. */
static void close_pond(size_t threads)
{
    pond_stats s = test_stats(sockets);
    cr_assert_eq(s.live, 0);
    cr_assert_eq(atomic_load(&destroyed), threads * key_count);
    cr_assert_eq(pond_destroy(sockets), 0);
}

/* ThreadSanitizer ends a thread in the last round, and does not survive what comes after: nor the library's
   own destructor, which comes in the round after the use. */
#ifdef TEST_TSAN
#define ROUNDS (PTHREAD_DESTRUCTOR_ITERATIONS - 2)
#else
#define ROUNDS PTHREAD_DESTRUCTOR_ITERATIONS
#endif

static void check_all(bool last_is_missed)
{
    check_handed_on(0);
    for (int round = 1; round < ROUNDS; round++)
        check_handed_on(round);
    if (last_is_missed && ROUNDS == PTHREAD_DESTRUCTOR_ITERATIONS)
        check_at_tick(ROUNDS);
    else
        check_handed_on(ROUNDS);
    close_pond((size_t)(ROUNDS + 1) * THREADS);
}

/* The library's key is among the first: in the last round its turn is before that of the key that uses. */
Test(many_keys, behind_the_library_s)
{
    open_pond();
    make_keys(MANY);
    cr_assert_eq(key_count, MANY);
    check_all(true);
}

Test(many_keys, in_front_of_the_library_s)
{
    make_keys(MANY);
    cr_assert_eq(key_count, MANY);
    open_pond();
    check_all(false);
}

Test(many_keys, as_many_as_there_may_be)
{
    open_pond();
    make_keys(PTHREAD_KEYS_MAX);
    cr_assert_gt(key_count, PTHREAD_KEYS_MAX - 64);
    check_all(true);
}

/* None is left for the library: no pond, until there is one. */
Test(many_keys, none_is_left)
{
    make_keys(PTHREAD_KEYS_MAX);
    errno = 0;
    cr_assert_null(pond_create(&(pond_options){.size = 64}));
    cr_assert_eq(errno, ENOMEM, "errno %d", errno);
    must(pthread_key_delete(keys[--key_count]) == 0, "pthread_key_delete");
    must(pthread_key_delete(keys[--key_count]) == 0, "pthread_key_delete");
    must(pthread_key_create(&keys[key_count], use_in_destructor) == 0, "pthread_key_create");
    key_uses = key_count++;
    open_pond();
    check_handed_on(0);
    close_pond(THREADS);
}
