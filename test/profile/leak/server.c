/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A server with a leak: on_error keeps the buffer of each 40th request. Two threads serve 2,000 requests
 * each, half of them before the first profile.
 *
 *     server BEFORE AFTER    writes both profiles, and says on stdout what pond_stats_read says after the
 * second: pond, live, idle objects by state, idle bytes by state
 */
#include <fcntl.h>
#include <pond/profile_write.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define NOINLINE __attribute__((noinline))
#define INLINE inline __attribute__((always_inline))

static pond *buffers, *conns;
static pthread_barrier_t half, whole;
static void *volatile kept;

static void need(int condition, const char *what)
{
    if (!condition) {
        perror(what);
        exit(1);
    }
}

static INLINE void *buffer_new(void)
{
    void *buffer = pond_get(buffers); /* NEW */
    need(buffer != NULL, "pond_get");
    return buffer;
}

static NOINLINE void on_error(void)
{
    kept = buffer_new(); /* LEAK */
}

static NOINLINE void answer(void *conn)
{
    void *buffer = buffer_new();
    *(void *volatile *)buffer = conn;
    pond_put(buffers, buffer);
}

static NOINLINE void serve(int request)
{
    void *conn = pond_get(conns);
    need(conn != NULL, "pond_get");
    answer(conn);
    if (request % 40 == 0)
        on_error();
    pond_put(conns, conn);
}

static void *work(void *unused)
{
    (void)unused;
    for (int i = 0; i < 1000; i++)
        serve(i);
    (void)pthread_barrier_wait(&half);
    (void)pthread_barrier_wait(&half);
    for (int i = 0; i < 1000; i++)
        serve(i);
    (void)pthread_barrier_wait(&whole);
    (void)pthread_barrier_wait(&whole);
    return NULL;
}

static void write_profile(const char *path)
{
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    need(file >= 0, path);
    need(pond_profile_write(file, POND_PROFILE_PPROF, NULL) == 0, "pond_profile_write");
    need(close(file) == 0, path);
}

static int say_pond(pond *p, void *ctx)
{
    pond_stats s;
    (void)ctx;
    pond_stats_read(p, &s);
    printf("%s %d %d %d %d %d %d %d\n", pond_name(p), (int)s.live, (int)s.idle_local, (int)s.idle_shared,
           (int)s.idle_victim, (int)s.idle_local_bytes, (int)s.idle_shared_bytes, (int)s.idle_victim_bytes);
    return 0;
}

/* So that there is something in each state. */
static NOINLINE void fill(size_t n)
{
    void *objects[2000];
    need(n <= 2000 && pond_get_many(buffers, objects, n) == n, "pond_get_many");
    pond_put_many(buffers, objects, n);
}

int main(int argc, char **argv)
{
    pthread_t threads[2];
    need(argc == 3, "server BEFORE AFTER");
    buffers = pond_create(&(pond_options){.name = "buffers", .size = 1024});
    conns = pond_create(&(pond_options){.name = "conns", .size = 200});
    need(buffers != NULL && conns != NULL, "pond_create");
    need(pthread_barrier_init(&half, NULL, 3) == 0 && pthread_barrier_init(&whole, NULL, 3) == 0, "barrier");
    for (int i = 0; i < 2; i++)
        need(pthread_create(&threads[i], NULL, work, NULL) == 0, "pthread_create");
    (void)pthread_barrier_wait(&half);
    write_profile(argv[1]);
    (void)pthread_barrier_wait(&half);
    (void)pthread_barrier_wait(&whole);
    fill(2000);
    (void)pond_epoch_advance();
    fill(1000);
    write_profile(argv[2]);
    (void)pond_each(say_pond, NULL);
    (void)pthread_barrier_wait(&whole);
    for (int i = 0; i < 2; i++)
        need(pthread_join(threads[i], NULL) == 0, "pthread_join");
    return 0;
}
