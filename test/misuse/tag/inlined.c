/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: put into another pond, inlined, by another thread
// word: tag
// report: put of an object of pond "conns" into pond "timers"
// report: got: thread 1
#include "misuse.h"
#include <pond/inline.h>

static pond *conns, *timers;

static void *work(void *obj)
{
    pond_put_inline(wrong ? timers : conns, obj);
    return NULL;
}

static void program(void)
{
    conns = make_conns();
    timers = make_plain("timers", 100);
    void *obj = pond_get_inline(conns);
    expect(obj != NULL, "an object");
    run_thread(work, obj);
    end(conns);
    end(timers);
}
