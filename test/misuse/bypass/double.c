/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: double put, where each put drops
// word: double
// debug: bypass
// report: double put: the object was dropped after its put
// report: put before: thread 1
#include "misuse.h"

static void program(void)
{
    pond *p = make_conns();
    void *conn = must_get(p);
    pond_put(p, conn);
    if (wrong)
        pond_put(p, conn);
    end(p);
}
