/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE 1
#include <pond/inline.h> /* before the ponds are defined: their gets and puts are inlined */

#include "pools.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool pooled;

/*
 * Connections, requests and batches: all is wiped but a request's text, which the next one writes before it
 * is read. A new object is zero, so this is also what a new one looks like.
 */
static bool connection_reset(void *obj, void *ctx)
{
    (void)ctx;
    memset(obj, 0, sizeof(struct connection));
    return true;
}

static bool request_reset(void *obj, void *ctx)
{
    (void)ctx;
    memset(obj, 0, offsetof(struct request, text));
    return true;
}

static bool batch_reset(void *obj, void *ctx)
{
    (void)ctx;
    memset(obj, 0, sizeof(struct batch));
    return true;
}

// NOLINTBEGIN(bugprone-sizeof-expression): the sizes of the pointers themselves are meant
POND_TYPE(connection_type, struct connection, POND_POINTER(next), POND_POINTER(previous), POND_POINTER(in));
POND_TYPE(request_type, struct request, POND_POINTER(next), POND_POINTER(from), POND_KEPT(text));
POND_TYPE(batch_type, struct batch, POND_POINTER(to), POND_POINTER(first), POND_POINTER(last));
// NOLINTEND(bugprone-sizeof-expression)
POND_DECLARE(pond_connection, struct connection)
POND_DEFINE(pond_connection, struct connection, .name = "connections", .type = &connection_type,
            .reset = connection_reset)
POND_DECLARE(pond_request, struct request)
POND_DEFINE(pond_request, struct request, .name = "requests", .type = &request_type, .reset = request_reset)
POND_DECLARE(pond_batch, struct batch)
POND_DEFINE(pond_batch, struct batch, .name = "batches", .type = &batch_type, .reset = batch_reset)

/*
 * Buffers of three sizes have their bytes within the object, in the pond's own memory: it goes back to the
 * system when they are dropped. What lies there is what clients sent, and is kept: the next read overwrites
 * it.
 */
enum { SMALL_BUFFER = 4 << 10, MIDDLE_BUFFER = 32 << 10, LARGE_BUFFER = 256 << 10 };

#define SIZED_BUFFER(object, pond_name, text, size)                                                          \
    struct object {                                                                                          \
        struct buffer head;                                                                                  \
        unsigned char bytes[(size) - sizeof(struct buffer)];                                                 \
    };                                                                                                       \
    POND_TYPE(object##_type, struct object, POND_KEPT(bytes));                                               \
    POND_DECLARE(pond_name, struct object)                                                                   \
    POND_DEFINE(pond_name, struct object, .name = (text), .type = &object##_type, .reset = buffer_reset)

static bool buffer_reset(void *obj, void *ctx)
{
    (void)ctx;
    memset(obj, 0, sizeof(struct buffer));
    return true;
}

SIZED_BUFFER(small_buffer, pond_small, "small", SMALL_BUFFER)
SIZED_BUFFER(middle_buffer, pond_middle, "middle", MIDDLE_BUFFER)
SIZED_BUFFER(large_buffer, pond_large, "large", LARGE_BUFFER)

/*
 * A command that is larger still has a buffer that grows. An idle one keeps its memory; one that has grown
 * beyond max_footprint is dropped when it is put, so that no single request is remembered for ever.
 */
static bool grown_reset(void *obj, void *ctx)
{
    (void)ctx;
    struct buffer *b = obj;
    *b = (struct buffer){.bytes = b->bytes, .capacity = b->capacity};
    return true;
}

static void grown_destroy(void *obj, pond_drop_reason why, void *ctx)
{
    (void)why, (void)ctx;
    free(((struct buffer *)obj)->bytes);
}

static size_t grown_footprint(const void *obj, void *ctx)
{
    (void)ctx;
    return ((const struct buffer *)obj)->capacity;
}

POND_TYPE(grown_type, struct buffer, POND_KEPT(bytes), POND_KEPT(capacity));
POND_DECLARE(pond_grown, struct buffer)
POND_DEFINE(pond_grown, struct buffer, .name = "grown", .type = &grown_type, .reset = grown_reset,
            .destroy = grown_destroy, .footprint = grown_footprint, .max_footprint = 1 << 20)

struct connection *connection_open(void)
{
    return pooled ? pond_connection_get() : calloc(1, sizeof(struct connection));
}

void connection_close(struct connection *c)
{
    if (pooled)
        pond_connection_put(c);
    else
        free(c);
}

struct request *request_open(void)
{
    if (pooled)
        return pond_request_get();
    struct request *r = malloc(sizeof(*r)); /* not calloc: the text needs no clearing here either */
    if (r != NULL)
        request_reset(r, NULL);
    return r;
}

void request_close(struct request *r)
{
    if (r == NULL)
        return;
    buffer_close(r->from);
    if (pooled)
        pond_request_put(r);
    else
        free(r);
}

struct batch *batch_open(void)
{
    struct batch *b = pooled ? pond_batch_get() : calloc(1, sizeof(struct batch));
    if (b != NULL)
        b->last = &b->first;
    return b;
}

void batch_close(struct batch *b)
{
    while (b != NULL && b->first != NULL) {
        struct request *r = b->first;
        b->first = r->next;
        request_close(r);
    }
    if (pooled)
        pond_batch_put(b);
    else
        free(b);
}

enum { SMALL, MIDDLE, LARGE, GROWN };

static unsigned kind_for(size_t n)
{
    return n <= sizeof(((struct small_buffer *)0)->bytes)    ? SMALL
           : n <= sizeof(((struct middle_buffer *)0)->bytes) ? MIDDLE
           : n <= sizeof(((struct large_buffer *)0)->bytes)  ? LARGE
                                                             : GROWN;
}

/* The memory of a buffer, with its head where the pond has it. */
static struct buffer *buffer_memory(unsigned kind)
{
    static const size_t sizes[] = {sizeof(struct small_buffer), sizeof(struct middle_buffer),
                                   sizeof(struct large_buffer), sizeof(struct buffer)};
    if (!pooled) {
        struct buffer *b = malloc(sizes[kind]);
        if (b != NULL)
            *b = (struct buffer){0};
        return b;
    }
    switch (kind) {
    case SMALL:
        return (struct buffer *)pond_small_get();
    case MIDDLE:
        return (struct buffer *)pond_middle_get();
    case LARGE:
        return (struct buffer *)pond_large_get();
    default:
        return pond_grown_get();
    }
}

static void buffer_end(struct buffer *b)
{
    if (!pooled) {
        if (b->kind == GROWN)
            free(b->bytes);
        free(b);
        return;
    }
    switch (b->kind) {
    case SMALL:
        pond_small_put((struct small_buffer *)b);
        break;
    case MIDDLE:
        pond_middle_put((struct middle_buffer *)b);
        break;
    case LARGE:
        pond_large_put((struct large_buffer *)b);
        break;
    default:
        pond_grown_put(b);
    }
}

/* Room for n bytes; what was there is no longer needed. */
static bool buffer_grow(struct buffer *b, size_t n)
{
    if (n <= b->capacity)
        return true;
    unsigned char *bytes = malloc(n);
    if (bytes == NULL)
        return false;
    free(b->bytes);
    b->bytes = bytes;
    b->capacity = n;
    return true;
}

/* Where the bytes of a buffer of this kind are. */
static bool buffer_place(struct buffer *b, size_t n)
{
    static const size_t capacities[] = {sizeof(((struct small_buffer *)0)->bytes),
                                        sizeof(((struct middle_buffer *)0)->bytes),
                                        sizeof(((struct large_buffer *)0)->bytes)};
    if (b->kind == GROWN)
        return buffer_grow(b, n);
    b->bytes = (unsigned char *)(b + 1);
    b->capacity = capacities[b->kind];
    return true;
}

struct buffer *buffer_open(size_t n)
{
    unsigned kind = kind_for(n);
    struct buffer *b = buffer_memory(kind);
    if (b == NULL)
        return NULL;
    b->kind = kind;
    b->shares = 1;
    if (buffer_place(b, n))
        return b;
    buffer_end(b);
    return NULL;
}

struct buffer *buffer_share(struct buffer *b)
{
    b->shares++;
    return b;
}

void buffer_close(struct buffer *b)
{
    if (b != NULL && --b->shares == 0)
        buffer_end(b);
}

/* Every pond, in the order in which they can be closed: what holds others first. */
enum { PONDS = 7 };

static pond *one_of(int i)
{
    static pond *(*const ponds[PONDS])(void) = {pond_batch_pond, pond_request_pond, pond_connection_pond,
                                                pond_small_pond, pond_middle_pond,  pond_large_pond,
                                                pond_grown_pond};
    return ponds[i]();
}

bool pools_open(const struct options *o)
{
    pooled = o->pooled;
    if (!pooled)
        return true;
    pond_tick_budget(o->budget);
    for (int i = 0; i < PONDS; i++)
        if (one_of(i) == NULL) {
            fprintf(stderr, "respd: cannot create the ponds: %s.\n", strerror(errno));
            return false;
        }
    return true;
}

/* A pond that still has live objects stays, and says who leaks. */
static bool close_one(pond *p)
{
    pond_stats s;
    pond_stats_read(p, &s);
    if (pond_destroy(p) == 0)
        return true;
    fprintf(stderr, "respd: pond %s: %" PRIu64 " objects were never put back.\n", pond_name(p), s.live);
    return false;
}

bool pools_close(void)
{
    bool closed = true;
    for (int i = 0; pooled && i < PONDS; i++)
        closed = close_one(one_of(i)) && closed;
    return closed;
}

static void report_one(pond *p)
{
    pond_stats s;
    uint64_t dropped = 0;
    pond_stats_read(p, &s);
    for (int why = 0; why < POND_DROP_REASONS; why++)
        dropped += s.dropped[why];
    printf("pond=%s epoch=%" PRIu64 " live=%" PRIu64 " idle_local=%" PRIu64 " idle_shared=%" PRIu64
           " idle_victim=%" PRIu64 " gets=%" PRIu64 " hits=%" PRIu64 " constructed=%" PRIu64
           " dropped=%" PRIu64 " over_limit=%" PRIu64 " high_water=%" PRIu64 " idle_bytes=%" PRIu64
           " slab_bytes=%" PRIu64 "\n",
           pond_name(p), s.epoch, s.live, s.idle_local, s.idle_shared, s.idle_victim, s.gets, s.hits,
           s.constructed, dropped, s.dropped[POND_DROP_LIMIT], s.high_water,
           s.idle_local_bytes + s.idle_shared_bytes + s.idle_victim_bytes, s.slab_bytes);
}

void pools_report(void)
{
    if (!pooled)
        puts("no ponds: --alloc=malloc");
    for (int i = 0; pooled && i < PONDS; i++)
        report_one(one_of(i));
    fflush(stdout);
}
