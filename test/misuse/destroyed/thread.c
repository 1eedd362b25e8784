/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: a worker goes on with a pond that main has destroyed, many ponds ago
// word: destroyed
// report: pond_get_many of a destroyed pond
#include "misuse.h"

static void *work(void *arg)
{
    void *objs[4];
    size_t n = pond_get_many(arg, objs, 4);
    pond_put_many(arg, objs, n);
    return NULL;
}

static void program(void)
{
    pond *p = make_conns();
    run_thread(work, p);
    if (wrong)
        end(p);
    for (int i = 0; i < 20; i++)
        end(make_plain("passing", 100));
    run_thread(work, p);
    if (!wrong)
        end(p);
}
