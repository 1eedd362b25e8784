/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: another thread reads a connection that was given back
// word: guard
// debug: guard=1/1,stacks=16
// report: read after put at offset 24
// report: accessed here: thread 2
// report: put: thread 1
// log: no
#include "misuse.h"

static void *look(void *obj)
{
    struct conn *volatile *next = (struct conn *volatile *)&((struct conn *)obj)->next;
    return *next;
}

static void program(void)
{
    pond *p = make_conns();
    struct conn *c = must_get(p);
    if (!wrong)
        run_thread(look, c);
    pond_put(p, c);
    if (wrong)
        run_thread(look, c);
    end(p);
}
