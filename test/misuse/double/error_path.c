/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: double put, the error path cleans up what was given back already
// word: double
// report: double put: the object is idle already
// report: put before: thread 1
#include "misuse.h"

static bool handle(pond *p, struct conn *c)
{
    if (c->fd >= 0)
        return true;
    pond_put(p, c);
    return false;
}

static void program(void)
{
    pond *p = make_conns();
    struct conn *c = must_get(p);
    c->fd = -1;
    bool handled = handle(p, c);
    if (handled || wrong)
        pond_put(p, c);
    end(p);
}
