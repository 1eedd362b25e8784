/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: a get that nobody checks for NULL
// word: fail
// debug: fail=1000
// ends: segv
#include "misuse.h"

static void program(void)
{
    pond *p = make_conns();
    struct conn *c = pond_get(p);
    if (c == NULL && !wrong)
        return;
    *(volatile int *)&c->fd = 3;
    pond_put(p, c);
    end(p);
}
