/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: state left behind, seen only in the object's second life
// word: reset
// report: reset does not clear
// report: offset 0
#include "misuse.h"

static bool reset(void *obj, void *ctx)
{
    (void)ctx;
    struct conn *c = obj;
    memset(c->token, 0, sizeof c->token);
    if (!wrong)
        c->fd = 0;
    return true;
}

static void program(void)
{
    pond *p = make((pond_options){.name = "conns", .size = sizeof(struct conn), .reset = reset});
    for (int life = 0; life < 2; life++) {
        struct conn *c = must_get(p);
        if (life == 1)
            c->fd = 7;
        memcpy(c->token, "abc", 3);
        pond_put(p, c);
        pond_epoch_advance();
    }
    end(p);
}
