/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: a reset hook puts its own object
// word: hook
// debug: double
// report: a hook puts its own object
#include "misuse.h"

static pond *conns;

static bool reset(void *obj, void *ctx)
{
    (void)ctx;
    memset(obj, 0, sizeof(struct conn));
    if (wrong)
        pond_put(conns, obj);
    return true;
}

static void program(void)
{
    conns = make((pond_options){.name = "conns", .size = sizeof(struct conn), .reset = reset});
    pond_put(conns, must_get(conns));
    end(conns);
}
