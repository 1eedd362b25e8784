/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: double put, one right after the other
// word: double
// report: double put: the object is idle already
// report: put before: thread 1
#include "misuse.h"

static void program(void)
{
    pond *p = make_conns();
    struct conn *c = must_get(p);
    c->fd = 3;
    pond_put(p, c);
    if (wrong)
        pond_put(p, c);
    end(p);
}
