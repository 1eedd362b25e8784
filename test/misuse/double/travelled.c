/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: double put by the thread that handed the object on
// word: double
// report: double put: the object is idle already
// report: put before: thread 2
// report: got: thread 1
#include "misuse.h"

static int queue[2];

static void *consume(void *arg)
{
    void *obj;
    while (read(queue[0], &obj, sizeof obj) == sizeof obj)
        pond_put(arg, obj);
    return NULL;
}

static void program(void)
{
    pond *p = make_conns();
    pthread_t consumer;
    expect(pipe(queue) == 0, "a queue");
    expect(pthread_create(&consumer, NULL, consume, p) == 0, "a consumer");
    void *obj = must_get(p);
    expect(write(queue[1], &obj, sizeof obj) == sizeof obj, "room in the queue");
    close(queue[1]);
    pthread_join(consumer, NULL);
    if (wrong)
        pond_put(p, obj); /* it is the consumer's */
    end(p);
}
