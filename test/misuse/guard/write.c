/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: write after put, caught at once
// word: guard
// debug: guard=1/1,stacks=16
// report: write after put at offset 4
// report: put: thread 1
// log: no
#include "misuse.h"

static void program(void)
{
    pond *p = make_conns();
    struct conn *c = must_get(p);
    c->token[0] = 'a';
    pond_put(p, c);
    if (wrong)
        *(volatile char *)c->token = 'b';
    end(p);
}
