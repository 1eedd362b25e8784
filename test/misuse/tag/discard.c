/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: discard of another pond's object
// word: tag
// report: pond_discard of an object of pond "conns" into pond "timers"
// report:  of pond "conns" (
// report: given to pond "timers" (
#include "misuse.h"

static void program(void)
{
    pond *conns = make_conns(), *timers = make_plain("timers", sizeof(struct conn));
    void *obj = must_get(conns);
    pond_discard(wrong ? timers : conns, obj);
    end(conns);
    end(timers);
}
