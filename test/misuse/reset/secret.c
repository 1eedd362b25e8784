/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: a secret left behind, reset clears its first byte alone
// word: reset
// report: reset does not clear conn.token, 16 bytes at offset 4
// report: not zero from offset 5 to 19
#include "misuse.h"
#include <pond/typed.h>

POND_TYPE(conn_type, struct conn, POND_SENSITIVE(token));

static bool reset(void *obj, void *ctx)
{
    (void)ctx;
    struct conn *c = obj;
    memset(c->token, 0, wrong ? 1 : sizeof c->token);
    c->fd = 0;
    return true;
}

static void program(void)
{
    pond *p = make((pond_options){.name = "conns", .type = &conn_type, .reset = reset});
    struct conn *c = must_get(p);
    c->fd = 4;
    memcpy(c->token, "0123456789abcdef", 16);
    pond_put(p, c);
    end(p);
}
