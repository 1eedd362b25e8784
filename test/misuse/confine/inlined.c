/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: a confined pond used from a thread pool's thread, inlined
// word: confine
// report: got by thread 1, put by thread 2: the pond is confined
#include "misuse.h"
#include <pond/inline.h>

static pond *conns;

static void *work(void *obj)
{
    if (!wrong)
        obj = pond_get_inline(conns);
    expect(obj != NULL, "an object");
    pond_put_inline(conns, obj);
    return NULL;
}

static void program(void)
{
    conns = make((pond_options){.name = "conns", .size = 64, .flags = POND_THREAD_CONFINED});
    void *obj = must_get(conns);
    run_thread(work, obj);
    if (!wrong)
        pond_put_inline(conns, obj);
    end(conns);
}
