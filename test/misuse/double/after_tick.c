/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: double put with a tick between the two
// word: double
// report: double put: the object is idle already
// report: put before: thread 1, epoch 0
// report: here: thread 1, epoch 1
#include "misuse.h"

static void program(void)
{
    pond *p = make_conns();
    void *obj = must_get(p);
    pond_put(p, obj);
    pond_rotate(p);
    if (!wrong)
        obj = must_get(p);
    pond_put(p, obj);
    end(p);
}
