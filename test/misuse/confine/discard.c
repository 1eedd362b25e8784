/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: a confined pond's object discarded by another thread, after a tick
// word: confine
// report: got by thread 2
// report: the pond is confined
#include "misuse.h"

static pond *conns;

static void *work(void *arg)
{
    (void)arg;
    void *obj = must_get(conns);
    if (wrong)
        return obj;
    pond_discard(conns, obj);
    return NULL;
}

static void program(void)
{
    conns = make((pond_options){.name = "conns", .size = 64, .flags = POND_THREAD_CONFINED});
    pthread_t thread;
    void *obj = NULL;
    pond_put(conns, must_get(conns));
    expect(pthread_create(&thread, NULL, work, NULL) == 0, "a thread");
    pthread_join(thread, &obj);
    pond_epoch_advance();
    pond_discard(conns, obj);
    end(conns);
}
