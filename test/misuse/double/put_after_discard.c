/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: put of an object that was discarded
// word: double
// report: double put: the object was dropped after its put
#include "misuse.h"

static void program(void)
{
    pond *p = make_conns();
    void *neighbour = must_get(p), *obj = must_get(p);
    pond_discard(p, obj);
    if (wrong)
        pond_put(p, obj);
    pond_put(p, neighbour);
    end(p);
}
