/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: state left behind, reset misses a field
// word: reset
// report: reset does not clear
// report: offset 4
// report: is 73 65 63 72 65 74
#include "misuse.h"

static bool reset(void *obj, void *ctx)
{
    (void)ctx;
    struct conn *c = obj;
    c->fd = 0;
    c->next = NULL;
    if (!wrong)
        memset(c->token, 0, sizeof c->token);
    return true;
}

static void program(void)
{
    pond *p = make((pond_options){.name = "conns", .size = sizeof(struct conn), .reset = reset});
    struct conn *c = must_get(p);
    memcpy(c->token, "secret", 7);
    pond_put(p, c);
    end(p);
}
