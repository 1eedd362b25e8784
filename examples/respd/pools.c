/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE 1
#include <pond/inline.h> /* before the ponds are defined: their gets and puts are inlined */

#include "../server/ponds.h"
#include "buffers.h"
#include <stdlib.h>
#include <string.h>

/*
 * Connections, requests and batches: all is wiped but a request's text, which the next one writes before it
 * is read. A new object is zero, so this is also what a new one looks like. Connections have a reset hook,
 * which nobody can forget. Requests, batches and buffers are put in one place each, which wipes them: a put
 * to a pond with a hook leaves the fast path for it, 86 instructions for each command here.
 */
static bool connection_reset(void *obj, void *ctx)
{
    (void)ctx;
    memset(obj, 0, sizeof(struct connection));
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
POND_DEFINE(pond_request, struct request, .name = "requests", .type = &request_type)
POND_DECLARE(pond_batch, struct batch)
POND_DEFINE(pond_batch, struct batch, .name = "batches", .type = &batch_type)

struct connection *connection_open(void)
{
    return pooled ? pond_connection_get()
                  : instead_of_get(sizeof(struct connection), sizeof(struct connection));
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
    return pooled ? pond_request_get()
                  : instead_of_get(sizeof(struct request), offsetof(struct request, text));
}

void request_close(struct request *r)
{
    if (r == NULL)
        return;
    buffer_close(r->from);
    if (pooled) {
        memset(r, 0, offsetof(struct request, text));
        pond_request_put(r);
    } else {
        free(r);
    }
}

struct batch *batch_open(void)
{
    struct batch *b = pooled ? pond_batch_get() : instead_of_get(sizeof(struct batch), sizeof(struct batch));
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

/* In the order in which they can be closed: what holds others first. */
enum { PONDS = 3 + BUFFER_PONDS };
static pond *ponds[PONDS];

bool pools_open(const struct server_options *o)
{
    ponds_begin(o);
    if (!pooled)
        return true;
    ponds[0] = pond_batch_pond();
    ponds[1] = pond_request_pond();
    ponds[2] = pond_connection_pond();
    buffers_create(ponds + 3);
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
