/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: double put after two ticks: the object is gone
// word: double
// report: double put: the object was dropped after its put
// report: put before: thread 1
#include "misuse.h"

static void program(void)
{
    pond *p = make_conns();
    void *neighbour = must_get(p), *obj = must_get(p);
    pond_put(p, obj);
    pond_epoch_advance();
    pond_epoch_advance();
    if (!wrong)
        obj = must_get(p);
    pond_put(p, obj);
    pond_put(p, neighbour);
    end(p);
}
