/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * memcached's cache.h on ponds: all of it, in place of memcached's own cache.c. cache_t is theirs and lies
 * first in ours. What they read of it (total, freecurr, limit, bufsize, name) is kept as they mean it; of a
 * list of free objects (head, freetotal) nothing is left.
 *
 * A thread's objects are cached by the pond for this thread, so no lock is taken, neither by cache_alloc,
 * which took one, nor by do_cache_alloc, whose callers have one or are alone. What was idle for two ticks is
 * given back to the system; the list kept it for ever.
 */
#include "cache.h"
#include <pond/pond.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct pooled {
    cache_t cache;
    pond *objects;
};

static pond *objects_of(const cache_t *cache)
{
    return ((const struct pooled *)cache)->objects;
}

/* ---- the bytes around an object, which memcached checks where assertions are on ---- */

#ifndef NDEBUG
int cache_error = 0;

static const uint64_t seal = 0xfeedc0de5ea1edee;
enum { seals = 2 * sizeof(seal) };

static void *sealed(const cache_t *cache, char *memory)
{
    memcpy(memory, &seal, sizeof(seal));
    memcpy(memory + cache->bufsize - sizeof(seal), &seal, sizeof(seal));
    return memory + sizeof(seal);
}

/* The memory that sealed had; NULL: somebody wrote in front of the object, or behind it. */
static void *unsealed(const cache_t *cache, char *object)
{
    char *memory = object - sizeof(seal);
    if (memcmp(memory + cache->bufsize - sizeof(seal), &seal, sizeof(seal)) != 0)
        cache_error = 1;
    else if (memcmp(memory, &seal, sizeof(seal)) != 0)
        cache_error = -1;
    else
        return memory;
    (void)raise(SIGABRT);
    return NULL;
}
#else
enum { seals = 0 };

static void *sealed(const cache_t *cache, void *memory)
{
    (void)cache;
    return memory;
}

static void *unsealed(const cache_t *cache, void *object)
{
    (void)cache;
    return object;
}
#endif

/* ---- what memcached's statistics read ---- */

/* Several threads count, each its own objects; the readers do not mind which of them comes first. */
static void count(int *figure, int more)
{
    (void)__atomic_fetch_add(figure, more, __ATOMIC_RELAXED);
}

/* An object is free from here on, until cache_alloc has it. */
static int object_made(void *object, void *ctx)
{
    cache_t *cache = ctx;
    (void)object;
    count(&cache->total, 1);
    count(&cache->freecurr, 1);
    return 0;
}

/* Also runs in the thread that ticks. */
static void object_ends(void *object, pond_drop_reason why, void *ctx)
{
    cache_t *cache = ctx;
    (void)object, (void)why;
    count(&cache->freecurr, -1);
    count(&cache->total, -1);
}

/* ---- ticks ---- */

static void *tick(void *none)
{
    const struct timespec second = {1, 0};
    for (;;) {
        (void)nanosleep(&second, NULL);
        (void)pond_epoch_advance();
    }
    return none;
}

/*
 * One thread ticks for all caches, as long as the program runs. It takes no signals: they are for the threads
 * that memcached knows. Where it cannot be made the caches work, and keep what they have.
 */
static void start_ticking(void)
{
    pthread_t thread;
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    if (pthread_create(&thread, NULL, tick, NULL) == 0)
        pthread_detach(thread);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* ---- cache.h ---- */

/* Up to malloc's own alignment the pond chooses as malloc does. */
static pond *new_pond(cache_t *cache, size_t align)
{
    return pond_create(&(pond_options){.name = cache->name,
                                       .size = cache->bufsize,
                                       .align = align > _Alignof(max_align_t) ? align : 0,
                                       .construct = object_made,
                                       .destroy = object_ends,
                                       .ctx = cache});
}

cache_t *cache_create(const char *name, size_t bufsize, size_t align)
{
    static pthread_once_t ticking = PTHREAD_ONCE_INIT;
    struct pooled *made = calloc(1, sizeof(*made));
    if (made == NULL)
        return NULL;
    made->cache.bufsize = bufsize + seals;
    made->cache.name = strdup(name);
    if (made->cache.name != NULL)
        made->objects = new_pond(&made->cache, align);
    if (made->objects == NULL) {
        free(made->cache.name);
        free(made);
        return NULL;
    }
    pthread_mutex_init(&made->cache.mutex, NULL);
    pthread_once(&ticking, start_ticking);
    return &made->cache;
}

/* While somebody has an object nothing is freed: cache.h lets it be so, and ticks go on to count what they
 * drop. */
void cache_destroy(cache_t *cache)
{
    if (pond_destroy(objects_of(cache)) != 0)
        return;
    pthread_mutex_destroy(&cache->mutex);
    free(cache->name);
    free(cache);
}

static void *allocate(cache_t *cache, const void *caller)
{
    void *memory = pond_get_from(objects_of(cache), caller);
    if (memory == NULL)
        return NULL;
    count(&cache->freecurr, -1);
    return sealed(cache, memory);
}

/* It counts as free before it can be had again, so that there are never fewer than none. */
static void give_back(cache_t *cache, void *object, const void *caller)
{
    void *memory = unsealed(cache, object);
    if (memory == NULL)
        return;
    count(&cache->freecurr, 1);
    pond_put_from(objects_of(cache), memory, caller);
}

/* Reports and profiles name who calls these, not them: they are the same for all. */
#define CALLER __builtin_return_address(0)

void *do_cache_alloc(cache_t *cache)
{
    return allocate(cache, CALLER);
}

void do_cache_free(cache_t *cache, void *object)
{
    give_back(cache, object, CALLER);
}

void *cache_alloc(cache_t *cache)
{
    return allocate(cache, CALLER);
}

void cache_free(cache_t *cache, void *object)
{
    give_back(cache, object, CALLER);
}

/* While more than that are in use, nothing is allocated, and what is freed goes back to the system: as
 * memcached's. */
void cache_set_limit(cache_t *cache, int limit)
{
    pond_limits limits;
    pthread_mutex_lock(&cache->mutex);
    pond_limits_read(objects_of(cache), &limits);
    limits.max_objects = limit > 0 ? (size_t)limit : 0;
    if (pond_limits_set(objects_of(cache), &limits) == 0)
        cache->limit = limit;
    pthread_mutex_unlock(&cache->mutex);
}
