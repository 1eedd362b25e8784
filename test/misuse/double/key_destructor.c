/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: double put by a thread's key destructor
// word: double
// report: double put: the object is idle already
// report: put before: thread 1
#include "misuse.h"

static pond *conns;
static pthread_key_t key;

static void at_thread_exit(void *obj)
{
    pond_put(conns, obj);
}

static void *work(void *arg)
{
    void *obj = must_get(conns);
    pthread_setspecific(key, obj);
    pond_put(conns, obj);
    if (!wrong)
        pthread_setspecific(key, must_get(conns));
    return arg;
}

static void program(void)
{
    conns = make_conns();
    expect(pthread_key_create(&key, at_thread_exit) == 0, "a key");
    run_thread(work, NULL);
    end(conns);
}
