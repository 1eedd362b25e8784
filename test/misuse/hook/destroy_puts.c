/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: a destroy hook puts the object that it is to end
// word: hook
// debug: double
// report: a hook puts its own object
#include "misuse.h"

static pond *conns;

static void destroy(void *obj, pond_drop_reason why, void *ctx)
{
    (void)ctx;
    if (wrong && why == POND_DROP_DISCARDED)
        pond_put(conns, obj);
}

static void program(void)
{
    conns = make((pond_options){.name = "conns", .size = sizeof(struct conn), .destroy = destroy});
    pond_discard(conns, must_get(conns));
    end(conns);
}
