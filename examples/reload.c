/*
 * A proxy's buffers: threads that want one wait their turn at max_objects instead of refusing their client;
 * a reload of the configuration changes the bounds while they run, and says what is wrong with it; and all
 * of it behind a pool function of the program's own, whose callers reports and profiles name.
 */
#include "claim.h"
#include <errno.h>
#include <pond/pond.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

enum { THREADS = 8, REQUESTS = 2000, SECOND = 1000000000 };

static pond *buffers;

/* Everybody gets and puts by these two: the caller's address goes along. */
static void *buffer_alloc(void)
{
    return pond_get_from(buffers, __builtin_return_address(0));
}

static void buffer_free(void *buffer)
{
    pond_put_from(buffers, buffer, __builtin_return_address(0));
}

static void *serve(void *unused)
{
    for (int i = 0; i < REQUESTS; i++) {
        void *buffer = pond_get_wait(buffers, (int64_t)60 * SECOND);
        CLAIM(buffer != NULL); /* else ETIMEDOUT: nobody has put one for a minute */
        memset(buffer, i, 1000);
        pond_put(buffers, buffer);
    }
    return unused;
}

/* 0; or -1, and the reason is said. */
static int reload(size_t max_objects, size_t min_idle)
{
    pond_limits limits;
    pond_limits_read(buffers, &limits);
    limits.max_objects = max_objects;
    limits.min_idle = min_idle;
    if (pond_limits_set(buffers, &limits) == 0)
        return 0;
    printf("configuration refused: %s\n", pond_why());
    return -1;
}

static void serve_and_reload(void)
{
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        CLAIM(pthread_create(&threads[i], NULL, serve, NULL) == 0);
    CLAIM(reload(2, 10) == -1 && errno == EINVAL); /* nothing is changed */
    CLAIM(reload(2, 0) == 0);
    CLAIM(reload(4, 1) == 0);
    for (int i = 0; i < THREADS; i++)
        CLAIM(pthread_join(threads[i], NULL) == 0);
}

int main(void)
{
    buffers = pond_create(&(pond_options){.name = "buffers", .size = 16384, .max_objects = 3});
    CLAIM(buffers != NULL && pond_find("buffers") == buffers);
    serve_and_reload();
    void *buffer = buffer_alloc();
    CLAIM(buffer != NULL && pond_dump(STDOUT_FILENO) == 0); /* for a ticket */
    buffer_free(buffer);
    void *spare = pond_get_idle(buffers); /* a larger buffer if there is one, without making any */
    if (spare != NULL)
        pond_put(buffers, spare);
    pond_stats stats;
    pond_stats_read(buffers, &stats);
    CLAIM(stats.live == 0 && stats.high_water <= 4 && stats.failed[POND_FAIL_LIMIT] == 0);
    CLAIM(pond_destroy(buffers) == 0);
    return 0;
}
