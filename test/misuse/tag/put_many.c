/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: pond_put_many with another pond's object among them
// word: tag
// report: put of an object of pond "timers" into pond "conns"
#include "misuse.h"

enum { batch = 5 };

static void program(void)
{
    pond *conns = make_conns(), *timers = make_plain("timers", sizeof(struct conn));
    void *objs[batch + 1];
    expect(pond_get_many(conns, objs, batch) == batch, "a batch");
    objs[batch] = must_get(timers);
    pond_put_many(conns, objs, wrong ? batch + 1 : batch);
    if (!wrong)
        pond_put(timers, objs[batch]);
    end(conns);
    end(timers);
}
