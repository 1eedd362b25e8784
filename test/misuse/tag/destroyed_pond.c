/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: put of a pointer kept from a pond that was destroyed
// word: tag
// report: pond: tag: put of
#include "misuse.h"

static void program(void)
{
    pond *old = make_conns();
    void *objs[3];
    expect(pond_get_many(old, objs, 3) == 3, "objects");
    pond_put_many(old, objs, 3);
    end(old);
    pond *p = make_plain("timers", 500);
    void *own = must_get(p);
    pond_put(p, wrong ? objs[2] : own);
    end(p);
}
