/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: a confined pond's object put by another thread
// word: confine
// report: got by thread 1, put by thread 2: the pond is confined
// report: got: thread 1
#include "misuse.h"

static pond *conns;

static void *work(void *obj)
{
    pond_put(conns, obj);
    return NULL;
}

static void program(void)
{
    unsigned confined = wrong ? POND_THREAD_CONFINED : 0;
    conns = make((pond_options){.name = "conns", .size = sizeof(struct conn), .flags = confined});
    void *obj = must_get(conns);
    run_thread(work, obj);
    end(conns);
}
