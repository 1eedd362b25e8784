/* SPDX-License-Identifier: BSD-2-Clause */
// debug
/* Ponds come and go: while threads hold caches on them, in great numbers, under ticks and trims. */
#include "test.h"

#include "ledger.h"
#include "memory.h"
#include "threads.h"

#include <stdlib.h>
#include <sys/resource.h>

TestSuite(ponds, .timeout = 2 * TEST_ALARM);

/* Threads that do nothing but this, until they are told to stop. */
typedef struct background {
    pthread_t thread;
    atomic_bool stop;
    atomic_size_t rounds;
    void (*round)(void);
} background;

static void *background_main(void *arg)
{
    background *b = (background *)arg;
    while (!atomic_load(&b->stop)) {
        b->round();
        atomic_fetch_add(&b->rounds, 1);
    }
    return NULL;
}

static void background_start(background *b, void (*round)(void))
{
    b->round = round;
    must(pthread_create(&b->thread, NULL, background_main, b) == 0, "no thread");
}

/* Once it has done a few rounds at least. */
static void background_stop(background *b)
{
    while (atomic_load(&b->rounds) < 10)
        sched_yield();
    atomic_store(&b->stop, true);
    pthread_join(b->thread, NULL);
}

static void only_tick(void)
{
    pond_epoch_advance();
}

static void only_trim(void)
{
    pond_trim(NULL);
}

/* ---- destroyed under the caches of others ---- */

enum { CACHERS = 4, EACH = 40 };

typedef struct scene {
    ledger book;
    pond *pond;
    void *held[CACHERS][EACH];
} scene;

typedef struct part {
    scene *scene;
    size_t index;
} part;

static void part_get(void *arg)
{
    part *me = (part *)arg;
    for (size_t i = 0; i < EACH; i++)
        me->scene->held[me->index][i] = ledger_get(&me->scene->book, me->scene->pond);
}

static void part_put(void *arg)
{
    part *me = (part *)arg;
    for (size_t i = 0; i < EACH; i++)
        ledger_put(&me->scene->book, me->scene->pond, me->scene->held[me->index][i]);
}

static void all_do(worker **workers, part *parts, void (*step)(void *))
{
    for (size_t i = 0; i < CACHERS; i++)
        worker_begin(workers[i], step, &parts[i]);
    for (size_t i = 0; i < CACHERS; i++)
        worker_wait(workers[i]);
}

static void one_life(worker **workers, part *parts, scene *s, unsigned round)
{
    s->book = (ledger){.size = 40 + 8 * (round % 30)};
    s->pond = test_pond(round % 3 == 0 ? ledger_create_options(&s->book) : ledger_options(&s->book));
    all_do(workers, parts, part_get);
    errno = 0;
    cr_assert_eq(pond_destroy(s->pond), -1);
    cr_assert_eq(errno, EBUSY);
    ledger_check(&s->book, s->pond, CACHERS * EACH);
    all_do(workers, parts, part_put);
    ledger_close(&s->book, s->pond);
}

Test(ponds, destroyed_under_the_caches_of_sleeping_threads)
{
    static scene s;
    worker *workers[CACHERS];
    part parts[CACHERS];
    for (size_t i = 0; i < CACHERS; i++) {
        workers[i] = worker_start();
        parts[i] = (part){&s, i};
    }
    for (unsigned round = 0; round < TEST_TIMES(400); round++)
        one_life(workers, parts, &s, round);
    for (size_t i = 0; i < CACHERS; i++)
        worker_end(workers[i]);
}

/* Each thread makes and destroys ponds of its own, all at once, while others tick and trim them all. */
static void live_and_let_die(unsigned index, void *arg)
{
    (void)arg;
    for (unsigned i = 0; i < TEST_TIMES(800); i++) {
        ledger book = {.size = 64};
        pond *p = test_pond(ledger_options(&book));
        void *held[100];
        size_t n = 1 + (i * 7 + index) % 100;
        for (size_t k = 0; k < n; k++)
            held[k] = ledger_get(&book, p);
        for (size_t k = 0; k < n; k++)
            ledger_put(&book, p, held[k]);
        must(pond_destroy(p) == 0, "errno %d", errno);
        must(ledger_objects(&book) == 0, "%zu objects are left", ledger_objects(&book));
    }
}

Test(ponds, come_and_go_under_ticks_and_trims)
{
    static background ticker, trimmer;
    background_start(&ticker, only_tick);
    background_start(&trimmer, only_trim);
    crew_run(3, live_and_let_die, NULL);
    background_stop(&ticker);
    background_stop(&trimmer);
}

/* ---- one pond, all threads at it while others do nothing but tick, or trim ---- */

static ledger book = {.size = 72};

static void use(unsigned index, void *arg)
{
    pond *p = (pond *)arg;
    void *held[32] = {NULL};
    for (unsigned i = 0; i < TEST_TIMES(300000); i++) {
        void **at = &held[(i * 11 + index) % 32];
        if (*at != NULL)
            ledger_put(&book, p, *at);
        *at = i % 2 == 0 ? ledger_get(&book, p) : NULL;
    }
    for (size_t i = 0; i < 32; i++)
        if (held[i] != NULL)
            ledger_put(&book, p, held[i]);
}

static void use_against(void (*round)(void))
{
    static background other;
    pond *p = test_pond(ledger_options(&book));
    background_start(&other, round);
    crew_run(3, use, p);
    background_stop(&other);
    ledger_close(&book, p);
}

Test(ponds, a_thread_that_only_ticks)
{
    use_against(only_tick);
}

Test(ponds, a_thread_that_only_trims)
{
    use_against(only_trim);
}

static void tick_many_times(unsigned index, void *arg)
{
    (void)index, (void)arg;
    for (unsigned i = 0; i < TEST_TIMES(2000); i++)
        pond_epoch_advance();
}

Test(ponds, many_threads_tick_at_once)
{
    pond *p = test_pond(ledger_options(&book));
    uint64_t before = pond_epoch_advance();
    crew_run(4, tick_many_times, NULL);
    cr_assert_eq(pond_epoch_advance(), before + 4 * TEST_TIMES(2000) + 1);
    cr_assert_eq(test_stats(p).epoch, 4 * TEST_TIMES(2000) + 2);
    ledger_close(&book, p);
}

/* ---- great numbers ---- */

enum { PONDS = TEST_TIMES(10000), STEP = PONDS / 10 };

static void use_and_destroy(pond *p)
{
    void *objs[10];
    test_get(p, objs, 10);
    pond_put_many(p, objs, 10);
    must(pond_destroy(p) == 0, "errno %d", errno);
}

static double cpu_seconds(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

/* Processor time of a thousand, with a hundred others that stay; a margin for what else it contains. */
static double thousand(void)
{
    double start = cpu_seconds();
    for (size_t i = 0; i < STEP; i++)
        use_and_destroy(test_pond((pond_options){.size = 64 + i % 100}));
    return cpu_seconds() - start;
}

Test(ponds, ten_thousand_one_after_another)
{
    pond *others[100];
    for (size_t i = 0; i < 100; i++)
        others[i] = test_pond((pond_options){.size = 64});
    double first = thousand();
    size_t mappings = memory_mappings(), mapped = memory_mapped(), resident = memory_resident();
    double last = 0;
    for (size_t i = 1; i < PONDS / STEP; i++)
        last = thousand();
    cr_assert(TEST_SANITIZED || memory_mappings() <= mappings + 2);
    cr_assert(TEST_SANITIZED || memory_mapped() <= mapped + (8 << 20));
    cr_assert(TEST_SANITIZED || memory_resident() <= resident + (1 << 20));
    cr_assert_leq(last, 3 * first + 0.5, "the first %d took %.3f s, the last %.3f s", STEP, first, last);
    for (size_t i = 0; i < 100; i++)
        use_and_destroy(others[i]);
}

/* All of them at once, with ticks; destroyed in another order than made. */
Test(ponds, ten_thousand_at_once)
{
    pond **all = (pond **)malloc(PONDS * sizeof *all);
    for (size_t i = 0; i < PONDS; i++)
        all[i] = test_pond((pond_options){.size = 64});
    void *obj;
    for (size_t i = 0; i < PONDS; i += 100) {
        test_get(all[i], &obj, 1);
        pond_put(all[i], obj);
    }
    pond_epoch_advance();
    pond_epoch_advance();
    for (size_t i = 0; i < PONDS; i += 100)
        cr_assert_eq(test_stats(all[i]).dropped[POND_DROP_EPOCH], 1);
    for (size_t i = 0; i < PONDS; i += 2)
        cr_assert_eq(pond_destroy(all[i]), 0);
    for (size_t i = 1; i < PONDS; i += 2)
        cr_assert_eq(pond_destroy(all[i]), 0);
    free(all);
}
