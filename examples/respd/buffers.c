/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE 1
#include <pond/inline.h> /* before the ponds are defined: their gets and puts are inlined */

#include "../server/ponds.h"
#include "buffers.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * Buffers of fixed sizes have their bytes within the object, in the pond's own memory: it goes back to the
 * system when they are dropped. What lies there is what clients sent, and is kept: the next read overwrites
 * it. With few sizes, far apart, each buffer would be full once in a while, and so many pages would be in
 * use.
 */
enum { GROWN = BUFFER_SIZES };

static size_t size_of(unsigned kind)
{
    return (size_t)BUFFER_SMALLEST << kind;
}

static struct sized {
    pond *pond;
    pond_type type;
    pond_field bytes; /* of the type: what lies behind the head */
    char name[32];
} sized[BUFFER_SIZES];

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

void buffers_create(pond **ponds)
{
    for (unsigned kind = 0; kind < BUFFER_SIZES; kind++)
        ponds[kind] = create_sized(kind);
    ponds[GROWN] = pond_grown_pond();
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
    return instead_of_get(kind == GROWN ? sizeof(struct buffer) : size_of(kind), sizeof(struct buffer));
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
