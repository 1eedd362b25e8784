/* SPDX-License-Identifier: BSD-2-Clause */
// debug
/*
 * Promise 4: any thread may get or put at any time without registering: first use by a put, from a
 * detached thread, inside a pthread key destructor, after fork in the child. Thread exit loses nothing.
 */
#include "test.h"

#include "ledger.h"
#include "memory.h"
#include "threads.h"

#include <limits.h>
#include <semaphore.h>

TestSuite(promise4, .timeout = TEST_ALARM);

static ledger book = {.size = 96};
static pond *shared;

static void open_shared(void)
{
    shared = test_pond(ledger_options(&book));
}

/* Two ticks drop all that is idle, so nothing was lost in the cache of a thread that is gone. */
static void close_shared(void)
{
    ledger_check(&book, shared, 0);
    pond_epoch_advance();
    pond_epoch_advance();
    cr_assert_eq(ledger_objects(&book), 0, "%zu objects are left", ledger_objects(&book));
    ledger_close(&book, shared);
}

static void *put_it(void *obj)
{
    ledger_put(&book, shared, obj);
    return NULL;
}

static void *discard_it(void *obj)
{
    ledger_discard(&book, shared, obj);
    return NULL;
}

static void *get_one(void *obj)
{
    *(void **)obj = ledger_get(&book, shared);
    return NULL;
}

Test(promise4, first_use_is_a_put)
{
    open_shared();
    for (int i = 0; i < 50; i++)
        thread_run(put_it, ledger_get(&book, shared));
    thread_run(discard_it, ledger_get(&book, shared));
    close_shared();
}

Test(promise4, first_use_is_a_get)
{
    open_shared();
    void *objs[50];
    for (int i = 0; i < 50; i++)
        thread_run(get_one, &objs[i]);
    ledger_check(&book, shared, 50);
    for (int i = 0; i < 50; i++)
        ledger_put(&book, shared, objs[i]);
    close_shared();
}

/* What a thread left in its cache is there for the others, in the depot. */
Test(promise4, exit_hands_the_cache_on)
{
    open_shared();
    put_it(ledger_get(&book, shared)); /* this thread has a cache of its own */
    pond_trim(shared);
    for (int i = 0; i < 200; i++) {
        void *obj;
        thread_run(get_one, &obj);
        thread_run(put_it, obj);
        cr_assert_eq(test_stats(shared).idle_local, 0);
        put_it(ledger_get(&book, shared));
        pond_rotate(shared);
    }
    cr_assert_eq(atomic_load(&book.constructed), 2, "%zu objects for one at a time",
                 atomic_load(&book.constructed));
    close_shared();
}

static sem_t detached_done;

static void *use_detached(void *arg)
{
    for (int i = 0; i < 100; i++)
        put_it(ledger_get(&book, shared));
    put_it(arg);
    sem_post(&detached_done);
    return NULL;
}

Test(promise4, detached_threads)
{
    pthread_attr_t detached;
    pthread_attr_init(&detached);
    pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
    sem_init(&detached_done, 0, 0);
    open_shared();
    for (int i = 0; i < 50; i++) {
        pthread_t thread;
        cr_assert_eq(pthread_create(&thread, &detached, use_detached, ledger_get(&book, shared)), 0);
    }
    for (int i = 0; i < 50; i++)
        while (sem_wait(&detached_done) != 0)
            ;
    close_shared();
}

/*
 * Keys below and above the library's own, which is one in the middle. Their destructors set themselves
 * anew for as many rounds as there are; a round goes through the keys by number.
 */
typedef struct dying {
    pthread_key_t key;
    int from;   /* the first round in which it uses the pond */
    int rounds; /* run so far */
    void *held; /* got in one round, put in the next */
} dying;

/* ThreadSanitizer ends a thread in the last round, and does not survive what comes after: nor the library's
   own destructor, which comes in the round after the first use. */
enum {
    EARLY_KEYS = 3,
    LATER_KEYS = 6,
    KEYS = 9,
#ifdef TEST_TSAN
    ROUNDS = PTHREAD_DESTRUCTOR_ITERATIONS - 1,
    LAST_FIRST_USE = ROUNDS - 1
#else
    ROUNDS = PTHREAD_DESTRUCTOR_ITERATIONS,
    LAST_FIRST_USE = ROUNDS
#endif
};

static pthread_key_t keys[KEYS];
static atomic_int rounds_run;

static void use_while_dying(dying *d)
{
    void *burst[20];
    for (int i = 0; i < 20; i++)
        burst[i] = ledger_get(&book, shared);
    for (int i = 0; i < 20; i++)
        ledger_put(&book, shared, burst[i]);
    if (d->held != NULL)
        ledger_put(&book, shared, d->held);
    d->held = d->rounds < ROUNDS ? ledger_get(&book, shared) : NULL;
    atomic_fetch_add(&rounds_run, 1);
}

static void use_in_destructor(void *arg)
{
    dying *d = (dying *)arg;
    if (++d->rounds >= d->from)
        use_while_dying(d);
    if (d->rounds < ROUNDS)
        pthread_setspecific(d->key, d);
}

static void *die_using_all_keys(void *arg)
{
    dying *all = (dying *)arg;
    for (int i = 0; i < KEYS; i++) {
        all[i] = (dying){.key = keys[i]};
        pthread_setspecific(keys[i], &all[i]);
    }
    put_it(ledger_get(&book, shared));
    return NULL;
}

static void make_keys(int from, int to)
{
    for (int i = from; i < to; i++)
        cr_assert_eq(pthread_key_create(&keys[i], use_in_destructor), 0);
}

/* Made before the pond, after it, and after so many others that they lie above the library's. */
static void open_with_keys(void)
{
    make_keys(0, EARLY_KEYS);
    open_shared();
    put_it(ledger_get(&book, shared));
    make_keys(EARLY_KEYS, LATER_KEYS);
    for (int i = 0; i < PTHREAD_KEYS_MAX * 3 / 4; i++)
        cr_assert_eq(pthread_key_create(&keys[LATER_KEYS], NULL), 0);
    make_keys(LATER_KEYS, KEYS);
}

Test(promise4, in_every_round_of_key_destructors)
{
    open_with_keys();
    for (int i = 0; i < 100; i++) {
        dying all[KEYS];
        thread_run(die_using_all_keys, all);
    }
    cr_assert_eq(atomic_load(&rounds_run), 100 * KEYS * ROUNDS);
    close_shared();
}

/* A thread that first uses the pond in the last round, after the library's key had its last turn. */
static void *use_first_when_dying(void *arg)
{
    dying *d = (dying *)arg;
    *d = (dying){.key = keys[LATER_KEYS - 1], .from = LAST_FIRST_USE};
    pthread_setspecific(d->key, d);
    return NULL;
}

/* Its memory is gone with it: glibc keeps no stacks of this size for the next thread. */
static void run_with_a_large_stack(void *(*body)(void *arg), void *arg)
{
    pthread_t thread;
    pthread_attr_t large;
    pthread_attr_init(&large);
    cr_assert_eq(pthread_attr_setstacksize(&large, (size_t)64 << 20), 0);
    cr_assert_eq(pthread_create(&thread, &large, body, arg), 0);
    pthread_join(thread, NULL);
    pthread_attr_destroy(&large);
}

Test(promise4, first_use_in_the_last_destructor)
{
    open_with_keys();
    for (int i = 0; i < 100; i++) {
        dying last;
        run_with_a_large_stack(use_first_when_dying, &last);
        pond_rotate(shared);
    }
    cr_assert_eq(atomic_load(&rounds_run), 100 * (ROUNDS - LAST_FIRST_USE + 1));
    close_shared();
}

/*
 * Thousands of threads come and go, each using the pond and dying in every way above: neither memory
 * nor mappings grow. The first hundred show what is needed.
 */
static void churn(unsigned threads)
{
    for (unsigned i = 0; i < threads; i++) {
        dying all[KEYS];
        thread_run(i % 3 == 0   ? die_using_all_keys
                   : i % 3 == 1 ? use_first_when_dying
                                : use_detached,
                   i % 3 == 2 ? ledger_get(&book, shared) : all);
    }
}

Test(promise4, threads_come_and_go_without_growth)
{
    sem_init(&detached_done, 0, 0);
    open_with_keys();
    churn(300);
    size_t resident = memory_resident(), mappings = memory_mappings();
    churn(TEST_TIMES(5000));
    cr_assert(TEST_SANITIZED || memory_resident() <= resident + 256 * 1024, "%zu KiB before, %zu after",
              resident / 1024, memory_resident() / 1024);
    cr_assert(TEST_SANITIZED || memory_mappings() <= mappings + 8, "%zu mappings before, %zu after", mappings,
              memory_mappings());
    close_shared();
}

/* More threads at a time than a pond has caches for: the rest work without one. */
static void hold_a_while(unsigned index, void *arg)
{
    pthread_barrier_t *all_started = (pthread_barrier_t *)arg;
    void *objs[3];
    for (size_t i = 0; i < 3; i++)
        objs[i] = ledger_get(&book, shared);
    must(objs[2] != NULL, "thread %u: errno %d", index, errno);
    pthread_barrier_wait(all_started);
    for (size_t i = 0; i < 3; i++)
        ledger_put(&book, shared, objs[i]);
}

Test(promise4, thousands_of_threads_at_a_time)
{
    enum { THREADS = TEST_TIMES(4400) };
    pthread_barrier_t all_started;
    pthread_barrier_init(&all_started, NULL, THREADS);
    open_shared();
    crew_run(THREADS, hold_a_while, &all_started);
    cr_assert_eq(atomic_load(&book.constructed), 3 * THREADS);
    close_shared();
}

/* What fork itself may break is in test/fork; here: the child needs to do nothing first. */
static void use_in_child(void *arg)
{
    (void)arg;
    void *held[100];
    for (int i = 0; i < 100; i++)
        held[i] = ledger_get(&book, shared);
    for (int i = 0; i < 100; i++)
        ledger_put(&book, shared, held[i]);
}

Test(promise4, in_a_forked_child)
{
    open_shared();
    use_in_child(NULL);
    test_in_child(use_in_child, NULL);
    close_shared();
}
