/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: write after put, seen by the next get
// word: poison
// report: written after put: 4 bytes at offset 0
// report: put: thread 1
// asan: use-after-poison
#include "misuse.h"

static void program(void)
{
    pond *p = make_conns();
    struct conn *c = must_get(p);
    c->fd = 3;
    if (!wrong)
        c->fd = 77;
    pond_put(p, c);
    if (wrong)
        c->fd = 77;
    pond_put(p, must_get(p));
    end(p);
}
