/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What closing other threads' caches costs, for test/cost/closings.sh, which counts instructions:
 *
 *     closings refused THREADS TIMES     gets at max_objects that are refused
 *     closings tick PONDS TIMES          ticks
 *     closings held PONDS TIMES          ticks beside a thread that is held up on the fast path of the oldest
 * pond
 */
#include <pond/inline.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static pthread_barrier_t ready;
static pond *oldest;

static void expect(int so, const char *what)
{
    if (!so) {
        fprintf(stderr, "closings: not so: %s\n", what);
        exit(1);
    }
}

/* A thread that has a cache, and sleeps. */
static void *sleep_outside(void *unused)
{
    pond_put(oldest, pond_get(oldest));
    pthread_barrier_wait(&ready);
    pthread_barrier_wait(&ready); /* never passed */
    return unused;
}

static void *sleep_inside(void *unused)
{
    pond_put(oldest, pond_get(oldest));
    (void)pond_line_enter(pond_line(oldest));
    pthread_barrier_wait(&ready);
    pthread_barrier_wait(&ready);
    return unused;
}

static void start(size_t threads, void *(*body)(void *))
{
    pthread_attr_t small;
    expect(pthread_barrier_init(&ready, NULL, (unsigned)threads + 1) == 0, "a barrier");
    expect(pthread_attr_init(&small) == 0 && pthread_attr_setstacksize(&small, 1 << 16) == 0, "attributes");
    for (size_t i = 0; i < threads; i++) {
        pthread_t thread;
        expect(pthread_create(&thread, &small, body, NULL) == 0, "a thread");
    }
    pthread_barrier_wait(&ready);
}

static void be_refused(size_t threads, size_t times)
{
    void *objs[100];
    oldest = pond_create(&(pond_options){.size = 64, .max_objects = 100});
    expect(oldest != NULL, "a pond");
    start(threads, sleep_outside);
    expect(pond_get_many(oldest, objs, 100) == 100, "100 objects");
    for (size_t i = 0; i < times; i++)
        expect(pond_get(oldest) == NULL, "a get is refused");
}

static void tick(size_t ponds, size_t times, void *(*body)(void *))
{
    oldest = pond_create(&(pond_options){.size = 64});
    expect(oldest != NULL, "a pond");
    for (size_t i = 1; i < ponds; i++) {
        pond *p = pond_create(&(pond_options){.size = 64});
        expect(p != NULL, "a pond");
        pond_put(p, pond_get(p));
    }
    start(1, body);
    for (size_t i = 0; i < times; i++)
        (void)pond_epoch_advance();
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: closings refused|tick|held COUNT TIMES\n");
        return 2;
    }
    size_t count = strtoul(argv[2], NULL, 10), times = strtoul(argv[3], NULL, 10);
    if (strcmp(argv[1], "refused") == 0)
        be_refused(count, times);
    else
        tick(count, times, strcmp(argv[1], "held") == 0 ? sleep_inside : sleep_outside);
    _Exit(0);
}
