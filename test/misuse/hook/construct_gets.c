/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: a construct hook gets from its own pond
// word: hook
// debug: double
// report: hook
#include "misuse.h"

static pond *conns, *others;

static int construct(void *obj, void *ctx)
{
    (void)ctx;
    static int depth;
    if (depth++ == 0)
        ((struct conn *)obj)->next = pond_get(wrong ? conns : others);
    return 0;
}

static void program(void)
{
    conns = make((pond_options){.name = "conns", .size = sizeof(struct conn), .construct = construct});
    others = make_plain("others", sizeof(struct conn));
    struct conn *c = must_get(conns);
    pond_put(wrong ? conns : others, c->next);
    c->next = NULL;
    pond_put(conns, c);
    end(conns);
    end(others);
}
