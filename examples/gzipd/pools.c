/* SPDX-License-Identifier: BSD-2-Clause */
#include "pools.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int level;     /* of the streams */
static pond *streams; /* the other two are typed ponds, below */

/*
 * Deflate streams: things another library makes, so the pond keeps pointers (create). deflateInit2
 * allocates and clears 256 KiB; deflateReset, all that a reused stream needs, clears a quarter of it.
 */
static void *stream_create(void *ctx)
{
    z_stream *z = calloc(1, sizeof(*z));
    if (z == NULL)
        return NULL;
    /* 15 + 16: the largest window, with a gzip header. It fails only for want of memory. */
    if (deflateInit2(z, *(int *)ctx, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
        free(z);
        errno = ENOMEM;
        return NULL;
    }
    return z;
}

static bool stream_reset(void *obj, void *ctx)
{
    (void)ctx;
    z_stream *z = obj;
    z->next_in = NULL;
    z->next_out = NULL;
    z->avail_in = z->avail_out = 0;
    return deflateReset(z) == Z_OK;
}

static void stream_destroy(void *obj, pond_drop_reason why, void *ctx)
{
    (void)why, (void)ctx;
    deflateEnd(obj);
    free(obj);
}

/* What zconf.h says a stream of this window and memory level takes. */
static size_t stream_footprint(const void *obj, void *ctx)
{
    (void)obj, (void)ctx;
    return sizeof(z_stream) + ((size_t)1 << (15 + 2)) + ((size_t)1 << (8 + 9));
}

/*
 * Buffers: an idle buffer keeps its memory, which is the point of keeping it; one that a large file
 * made larger than max_footprint is dropped when it is put, so that no single request is remembered
 * for ever.
 */
static bool buffer_reset(void *obj, void *ctx)
{
    (void)ctx;
    ((struct buffer *)obj)->used = 0;
    return true;
}

static void buffer_destroy(void *obj, pond_drop_reason why, void *ctx)
{
    (void)why, (void)ctx;
    free(((struct buffer *)obj)->bytes);
}

static size_t buffer_footprint(const void *obj, void *ctx)
{
    (void)ctx;
    return ((const struct buffer *)obj)->capacity;
}

POND_TYPE(buffer_type, struct buffer, POND_KEPT(bytes), POND_KEPT(capacity));
POND_DECLARE(pond_buffer, struct buffer)
POND_DEFINE(pond_buffer, struct buffer, .name = "buffers", .type = &buffer_type, .reset = buffer_reset,
            .destroy = buffer_destroy, .footprint = buffer_footprint, .max_footprint = 1 << 20)

/*
 * Request contexts: all fields are wiped but the chunk. What lies there is a piece of a file that
 * anybody may get, and the next request writes it before it reads it.
 */
static bool request_reset(void *obj, void *ctx)
{
    (void)ctx;
    memset(obj, 0, offsetof(struct request, chunk));
    return true;
}

// NOLINTNEXTLINE(bugprone-sizeof-expression): the size of the pointer itself is meant
POND_TYPE(request_type, struct request, POND_SENSITIVE(client), POND_SENSITIVE(target), POND_POINTER(answer),
          POND_KEPT(chunk));
POND_DECLARE(pond_request, struct request)
POND_DEFINE(pond_request, struct request, .name = "requests", .type = &request_type, .reset = request_reset)

z_stream *stream_open(void)
{
    return pooled ? pond_get(streams) : stream_create(&level);
}

void stream_close(z_stream *z)
{
    if (pooled)
        pond_put(streams, z);
    else if (z != NULL)
        stream_destroy(z, POND_DROP_DISCARDED, NULL);
}

struct buffer *buffer_open(void)
{
    return pooled ? pond_buffer_get() : instead_of_get(sizeof(struct buffer), sizeof(struct buffer));
}

void buffer_close(struct buffer *b)
{
    if (pooled) {
        pond_buffer_put(b);
    } else if (b != NULL) {
        free(b->bytes);
        free(b);
    }
}

bool buffer_reserve(struct buffer *b, size_t n)
{
    if (n <= b->capacity)
        return true;
    unsigned char *bytes = malloc(n); /* not realloc: there is nothing to copy */
    if (bytes == NULL)
        return false;
    free(b->bytes);
    b->bytes = bytes;
    b->capacity = n;
    return true;
}

struct request *request_open(void)
{
    return pooled ? pond_request_get()
                  : instead_of_get(sizeof(struct request), offsetof(struct request, chunk));
}

pond *pools_requests(void)
{
    return pond_request_pond();
}

void request_close(struct request *r)
{
    if (r == NULL)
        return;
    buffer_close(r->answer);
    r->answer = NULL;
    if (pooled)
        pond_request_put(r);
    else
        free(r);
}

/* In the order in which they can be closed: what holds others first. */
enum { PONDS = 3 };
static pond *ponds[PONDS];

bool pools_open(const struct options *o)
{
    level = o->level;
    ponds_begin(&o->server);
    if (!pooled)
        return true;
    streams = pond_create(&(pond_options){.name = "streams",
                                          .create = stream_create,
                                          .reset = stream_reset,
                                          .destroy = stream_destroy,
                                          .footprint = stream_footprint,
                                          .ctx = &level});
    ponds[0] = pond_request_pond();
    ponds[1] = pond_buffer_pond();
    ponds[2] = streams;
    return ponds_opened(ponds, PONDS);
}

bool pools_close(void)
{
    return !pooled || ponds_close(ponds, PONDS);
}

void pools_report(void)
{
    ponds_report(ponds, PONDS);
}
