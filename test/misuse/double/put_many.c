/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: double put, the same pointer twice in one pond_put_many
// word: double
// report: double put: the object is idle already
#include "misuse.h"

enum { batch = 8 };

static void program(void)
{
    pond *p = make_conns();
    void *objs[batch];
    expect(pond_get_many(p, objs, batch) == batch, "a batch");
    if (wrong) {
        pond_put(p, objs[batch - 1]);
        objs[batch - 1] = objs[2];
    }
    pond_put_many(p, objs, batch);
    end(p);
}
