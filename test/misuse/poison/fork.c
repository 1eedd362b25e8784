/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: a forked child writes to what it has put
// word: poison
// report: written after put: 4 bytes at offset 0
// asan: use-after-poison
#include "misuse.h"
#include <sys/wait.h>

static void program(void)
{
    pond *p = make_conns();
    struct conn *c = must_get(p);
    pid_t child = fork();
    if (child == 0) {
        pond_put(p, c);
        if (wrong)
            c->fd = 5;
        pond_epoch_advance();
        _exit(0);
    }
    int status;
    waitpid(child, &status, 0);
    if (status != 0)
        abort();
    c->fd = 6; /* the parent's own copy is still live */
    pond_put(p, c);
    end(p);
}
