/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: put into another pond of the same size
// word: tag
// report: put of an object of pond "conns" into pond "timers"
// report: got: thread 1
// report: of pond "conns" (
// report: given to pond "timers"
#include "misuse.h"

static void program(void)
{
    pond *conns = make_conns();
    pond *timers = make_plain("timers", sizeof(struct conn));
    struct conn *c = must_get(conns);
    pond_put(wrong ? timers : conns, c);
    end(conns);
    end(timers);
}
