/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: reset clears what construct had set
// word: reset
// report: reset does not restore
// report: 4 bytes at offset 0
#include "misuse.h"
#include <pond/typed.h>

POND_TYPE(conn_type, struct conn, POND_SENSITIVE(token));

static int construct(void *obj, void *ctx)
{
    (void)ctx;
    ((struct conn *)obj)->fd = -1;
    return 0;
}

static bool reset(void *obj, void *ctx)
{
    (void)ctx;
    memset(obj, 0, sizeof(struct conn));
    return wrong ? true : construct(obj, ctx) == 0;
}

static void program(void)
{
    pond *p = make((pond_options){.type = &conn_type, .construct = construct, .reset = reset});
    struct conn *c = must_get(p);
    c->fd = 5;
    pond_put(p, c);
    end(p);
}
