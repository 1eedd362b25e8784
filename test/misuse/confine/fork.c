/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: a forked child's new thread puts what the child's first thread holds
// word: confine
// report: the pond is confined
#include "misuse.h"
#include <sys/wait.h>

static pond *conns;

static void *work(void *obj)
{
    pond_put(conns, obj);
    return NULL;
}

static void program(void)
{
    conns = make((pond_options){.name = "conns", .size = 64, .flags = POND_THREAD_CONFINED});
    void *obj = must_get(conns);
    pid_t child = fork();
    if (child == 0) {
        if (wrong)
            run_thread(work, obj);
        else
            pond_put(conns, obj); /* the child goes on as the thread that forked */
        _exit(0);
    }
    int status;
    waitpid(child, &status, 0);
    if (status != 0)
        abort();
    pond_put(conns, obj);
    end(conns);
}
