/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: double put of an object that its reset rejected
// word: double
// report: double put: the object was dropped after its put
#include "misuse.h"

static bool is_whole(void *obj, void *ctx)
{
    (void)ctx;
    return ((struct conn *)obj)->fd != -1;
}

static void program(void)
{
    pond *p = make((pond_options){.name = "conns", .size = sizeof(struct conn), .reset = is_whole});
    struct conn *neighbour = must_get(p), *c = must_get(p);
    c->fd = -1;
    pond_put(p, c);
    if (wrong)
        pond_put(p, c);
    pond_put(p, neighbour);
    end(p);
}
