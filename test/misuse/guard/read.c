/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: read after put
// word: guard
// debug: guard=1/1,stacks=16
// report: read after put at offset 0
// report: accessed here: thread 1
// log: no
#include "misuse.h"

static void program(void)
{
    pond *p = make_conns();
    struct conn *c = must_get(p);
    c->fd = 3;
    int fd = *(volatile int *)&c->fd;
    pond_put(p, c);
    if (wrong)
        fd = *(volatile int *)&c->fd;
    printf("%d\n", fd);
    end(p);
}
