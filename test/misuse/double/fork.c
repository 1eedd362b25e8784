/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: double put in a forked child, of what the parent had put
// word: double
// report: double put: the object is idle already
#include "misuse.h"
#include <sys/wait.h>

static void program(void)
{
    pond *p = make_conns();
    void *obj = must_get(p);
    if (wrong)
        pond_put(p, obj);
    pid_t child = fork();
    if (child == 0) {
        pond_put(p, obj); /* the right child's own copy of a live object */
        _exit(0);
    }
    int status;
    waitpid(child, &status, 0);
    if (status != 0)
        abort();
    if (!wrong)
        pond_put(p, obj);
    end(p);
}
