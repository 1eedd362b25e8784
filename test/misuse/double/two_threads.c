/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: double put by two threads
// word: double
// report: double put: the object is idle already
// report: put before: thread 2
// report: here: thread 1
#include "misuse.h"

static void *work(void *arg)
{
    struct pair *job = arg;
    pond_put(job->p, job->obj);
    return NULL;
}

static void program(void)
{
    struct pair job = {.p = make_conns()};
    job.obj = must_get(job.p);
    run_thread(work, &job);
    if (wrong)
        pond_put(job.p, job.obj);
    end(job.p);
}
