/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What ticks and the exit of threads cost, for test/cost/ticks.sh, which counts instructions, and for
 * test/cost/latency.sh, which takes the time:
 *
 *     ticks idle PONDS THREADS TIMES     ticks when nothing was put since: each thread once used each pond
 *     ticks full PONDS THREADS TIMES     each thread puts an object into each pond, then a tick
 *     ticks gone PONDS THREADS TIMES     the same, and two more, until all of it is gone again
 *     ticks exit PONDS THREADS TIMES     threads that use one pond of them come and go, one after the other
 *
 * With "time" in front: microseconds of a tick, or of a thread, the least and the median.
 */
#include <pond/pond.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static pthread_barrier_t begin, end;
static pond **ponds;
static size_t pond_count, thread_count, times;

static void expect(int so, const char *what)
{
    if (!so) {
        fprintf(stderr, "ticks: not so: %s\n", what);
        exit(1);
    }
}

static void use_all(void)
{
    for (size_t i = 0; i < pond_count; i++)
        pond_put(ponds[i], pond_get(ponds[i]));
}

static void *use_when_told(void *unused)
{
    for (;;) {
        pthread_barrier_wait(&begin);
        use_all();
        pthread_barrier_wait(&end);
    }
    return unused;
}

static void *use_one(void *unused)
{
    pond_put(ponds[0], pond_get(ponds[0]));
    return unused;
}

static pthread_t start(void *(*body)(void *))
{
    pthread_attr_t small;
    pthread_t thread;
    expect(pthread_attr_init(&small) == 0 && pthread_attr_setstacksize(&small, 1 << 16) == 0, "attributes");
    expect(pthread_create(&thread, &small, body, NULL) == 0, "a thread");
    return thread;
}

static void have_all_used(void)
{
    pthread_barrier_wait(&begin);
    pthread_barrier_wait(&end);
}

static void set_out(bool exits)
{
    ponds = calloc(pond_count, sizeof(*ponds));
    for (size_t i = 0; i < pond_count; i++)
        expect((ponds[i] = pond_create(&(pond_options){.size = 64})) != NULL, "a pond");
    expect(pthread_barrier_init(&begin, NULL, (unsigned)thread_count + 1) == 0, "a barrier");
    expect(pthread_barrier_init(&end, NULL, (unsigned)thread_count + 1) == 0, "a barrier");
    for (size_t i = 0; !exits && i < thread_count; i++)
        (void)start(use_when_told);
    if (exits)
        use_all();
    else
        have_all_used();
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static __attribute__((noinline)) void once(const char *what)
{
    if (strcmp(what, "exit") == 0)
        expect(pthread_join(start(use_one), NULL) == 0, "a thread's end");
    for (int i = 0; strcmp(what, "gone") == 0 && i < 2; i++)
        (void)pond_epoch_advance();
    if (strcmp(what, "exit") != 0)
        (void)pond_epoch_advance();
}

int main(int argc, char **argv)
{
    bool timed = argc > 1 && strcmp(argv[1], "time") == 0;
    argv += timed;
    if (argc - timed != 5) {
        fprintf(stderr, "usage: ticks [time] idle|full|gone|exit PONDS THREADS TIMES\n");
        return 2;
    }
    const char *what = argv[1];
    bool idle = strcmp(what, "idle") == 0, exits = strcmp(what, "exit") == 0;
    pond_count = strtoul(argv[2], NULL, 10);
    thread_count = strtoul(argv[3], NULL, 10);
    times = strtoul(argv[4], NULL, 10);
    set_out(exits);
    for (int i = 0; i < 6 && !exits; i++)
        (void)pond_epoch_advance(); /* all of before is gone */
    double *took = calloc(times, sizeof(*took));
    for (size_t i = 0; i < times; i++) {
        if (!idle && !exits)
            have_all_used();
        took[i] = now();
        once(what);
        took[i] = now() - took[i];
    }
    qsort(took, times, sizeof(*took), by_size);
    if (timed)
        printf("%.1f %.1f\n", took[0], took[times / 2]);
    fflush(stdout);
    _Exit(0);
}
