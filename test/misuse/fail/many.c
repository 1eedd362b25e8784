/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: pond_get_many taken for granted
// word: fail
// debug: fail=200
// ends: segv
#include "misuse.h"

enum { batch = 100 };

static void program(void)
{
    pond *p = make_conns();
    void *objs[batch] = {NULL};
    size_t n = pond_get_many(p, objs, batch);
    for (size_t i = 0; i < (wrong ? (size_t)batch : n); i++)
        *(volatile int *)&((struct conn *)objs[i])->fd = 1;
    pond_put_many(p, objs, n);
    end(p);
}
