/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: a forked child exits with an object that it got itself
// word: leak
// report: 1 object live at exit
#include "misuse.h"
#include <sys/wait.h>

/* What the child does is over when it exits: nothing of it is left on its stack. */
static __attribute__((noinline)) void work(pond *p)
{
    void *obj = must_get(p);
    if (!wrong)
        pond_put(p, obj);
}

static void program(void)
{
    pond *p = make_conns();
    void *parents = must_get(p);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        work(p);
        exit(0); /* what the parent holds is the parent's to give back */
    }
    int status;
    waitpid(child, &status, 0);
    if (status != 0)
        abort();
    pond_put(p, parents);
    end(p);
}
