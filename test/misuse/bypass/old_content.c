/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: a program relies on what an object held before its put, which only the pond keeps
// word: bypass
// ends: 3
#include "misuse.h"

static void program(void)
{
    pond *p = make_conns();
    struct conn *c = must_get(p);
    c->fd = 7;
    pond_put(p, c);
    c = must_get(p);
    if (!wrong)
        c->fd = 7;
    if (c->fd != 7)
        exit(3);
    pond_put(p, c);
    end(p);
}
