/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: discard of an object that was put
// word: double
// report: pond_discard of an object that is idle already
// report: put before: thread 1
#include "misuse.h"

static void program(void)
{
    pond *p = make_conns();
    struct conn *c = must_get(p);
    c->fd = -1;
    bool broken = c->fd < 0;
    if (wrong)
        pond_put(p, c);
    if (broken)
        pond_discard(p, c);
    end(p);
}
