/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: double put of an object that a thread got, gave back, and puts again while others get
// word: double
// report: double put: the object is idle already
// report: got: thread 1
// report: here: thread 2
#include "misuse.h"

static void *reuse(void *arg)
{
    struct pair *job = arg;
    for (int i = 0; i < 1000; i++)
        pond_put(job->p, must_get(job->p));
    job->obj = must_get(job->p);
    pond_put(job->p, job->obj);
    return NULL;
}

static void program(void)
{
    struct pair job = {.p = make_conns()};
    run_thread(reuse, &job);
    void *obj = wrong ? job.obj : must_get(job.p);
    pond_put(job.p, obj);
    end(job.p);
}
