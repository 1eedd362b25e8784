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
 * is read. A new object is zero, so this is also what a new one looks like. Connections have a reset hook,
 * which nobody can forget. Requests, batches and buffers are put in one place each, which wipes them: a put
 * to a pond with a hook leaves the fast path, 90 instructions for each command here.
 */
static bool connection_reset(void *obj, void *ctx)
{
    (void)ctx;
    memset(obj, 0, sizeof(struct connection));
    return true;
}

static void request_wipe(struct request *r)
{
    memset(r, 0, offsetof(struct request, text));
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
POND_DEFINE(pond_request, struct request, .name = "requests", .type = &request_type)
POND_DECLARE(pond_batch, struct batch)
POND_DEFINE(pond_batch, struct batch, .name = "batches", .type = &batch_type)

/*
 * Buffers of seven sizes, each twice the one before, have their bytes within the object, in the pond's own
 * memory: it goes back to the system when they are dropped. What lies there is what clients sent, and is
 * kept: the next read overwrites it. With few sizes, far apart, each buffer would be full once in a while,
 * and so many pages would be in use.
 */
enum { SIZES = 7, SMALLEST_BUFFER = 4 << 10, GROWN = SIZES };

static size_t size_of(unsigned kind)
{
    return (size_t)SMALLEST_BUFFER << kind;
}

static struct sized {
    pond *pond;
    pond_type type;
    pond_field bytes; /* of the type: what lies behind the head */
    char name[32];
} sized[SIZES];

static pond *create_sized(unsigned kind)
{
    struct sized *s = &sized[kind];
    size_t size = size_of(kind), head = sizeof(struct buffer);
    snprintf(s->name, sizeof(s->name), "buffers-%zuK", size >> 10);
    s->bytes = (pond_field){"bytes", head, size - head, POND_FIELD_KEPT};
    s->type = (pond_type){s->name, size, _Alignof(struct buffer), &s->bytes, 1};
    return s->pond = pond_create(&(pond_options){.name = s->name, .type = &s->type});
}

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
        request_wipe(r);
    return r;
}

void request_close(struct request *r)
{
    if (r == NULL)
        return;
    buffer_close(r->from);
    if (pooled) {
        request_wipe(r);
        pond_request_put(r);
    } else {
        free(r);
    }
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
    if (b == NULL)
        return;
    while (b->first != NULL) {
        struct request *r = b->first;
        b->first = r->next;
        request_close(r);
    }
    if (pooled) {
        memset(b, 0, sizeof(*b));
        pond_batch_put(b);
    } else {
        free(b);
    }
}

static unsigned kind_for(size_t n)
{
    unsigned kind = 0;
    while (kind < GROWN && n > size_of(kind) - sizeof(struct buffer))
        kind++;
    return kind;
}

/* The memory of a buffer, with its head where the pond has it. */
static struct buffer *buffer_memory(unsigned kind)
{
    if (pooled)
        return kind == GROWN ? pond_grown_get() : pond_get_inline(sized[kind].pond);
    struct buffer *b = malloc(kind == GROWN ? sizeof(*b) : size_of(kind));
    if (b != NULL)
        *b = (struct buffer){0};
    return b;
}

static void buffer_end(struct buffer *b)
{
    if (pooled && b->kind == GROWN) {
        pond_grown_put(b);
    } else if (pooled) {
        pond *from = sized[b->kind].pond;
        *b = (struct buffer){0};
        pond_put_inline(from, b);
    } else {
        if (b->kind == GROWN)
            free(b->bytes);
        free(b);
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
    if (b->kind == GROWN)
        return buffer_grow(b, n);
    b->bytes = (unsigned char *)(b + 1);
    b->capacity = size_of(b->kind) - sizeof(struct buffer);
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
enum { PONDS = 4 + SIZES };

static pond *one_of(int i)
{
    static pond *(*const typed[])(void) = {pond_batch_pond, pond_request_pond, pond_connection_pond,
                                           pond_grown_pond};
    return i < PONDS - SIZES ? typed[i]() : sized[i - (PONDS - SIZES)].pond;
}

static bool create_all(void)
{
    for (unsigned kind = 0; kind < SIZES; kind++)
        if (create_sized(kind) == NULL)
            return false;
    for (int i = 0; i < PONDS; i++)
        if (one_of(i) == NULL)
            return false;
    return true;
}

bool pools_open(const struct options *o)
{
    pooled = o->pooled;
    if (!pooled)
        return true;
    pond_tick_budget(o->budget);
    if (create_all())
        return true;
    fprintf(stderr, "respd: cannot create the ponds: %s.\n", strerror(errno));
    return false;
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
