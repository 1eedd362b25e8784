/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: an object held by a worker that never ends
// word: hold
// debug: hold=2
// report: live for 3 epochs
// report: got: thread 1, epoch 0
#include "misuse.h"

static pond *conns;
static pthread_barrier_t got, over;

static void *work(void *arg)
{
    void *obj = must_get(conns);
    if (!wrong)
        pond_put(conns, obj);
    pthread_barrier_wait(&got);
    pthread_barrier_wait(&over); /* it waits for a client that never comes */
    if (wrong)
        pond_put(conns, obj);
    return arg;
}

static void program(void)
{
    pthread_t worker;
    conns = make_conns();
    pthread_barrier_init(&got, NULL, 2);
    pthread_barrier_init(&over, NULL, 2);
    expect(pthread_create(&worker, NULL, work, NULL) == 0, "a thread");
    pthread_barrier_wait(&got);
    for (int i = 0; i < 4; i++)
        pond_epoch_advance();
    pthread_barrier_wait(&over);
    pthread_join(worker, NULL);
    end(conns);
}
