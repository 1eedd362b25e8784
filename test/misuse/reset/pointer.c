/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: a pointer left behind that keeps other memory alive
// word: reset
// report: reset does not clear conn.next, 8 bytes at offset 24
#include "misuse.h"
#include <pond/typed.h>

POND_TYPE(conn_type, struct conn, POND_POINTER(next));

static bool reset(void *obj, void *ctx)
{
    (void)ctx;
    struct conn *c = obj;
    c->fd = 0;
    if (!wrong)
        c->next = NULL;
    return true;
}

static void program(void)
{
    pond *p = make((pond_options){.name = "conns", .type = &conn_type, .reset = reset});
    struct conn *a = must_get(p), *b = must_get(p);
    a->next = b;
    pond_put(p, a);
    pond_put(p, b);
    end(p);
}
