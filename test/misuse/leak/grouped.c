/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: leaks from two places, the one with most bytes first
// word: leak
// debug: leak,stacks=16
// report: 8 objects live at pond_destroy
// report: 6 objects
// report: 2 objects
// order: 6 often 2 rarely
// link: -rdynamic
#include "misuse.h"

void *often(pond *p);
void *rarely(pond *p);

__attribute__((noinline)) void *often(pond *p)
{
    void *obj = must_get(p);
    return obj;
}

__attribute__((noinline)) void *rarely(pond *p)
{
    void *obj = must_get(p);
    return obj;
}

static void program(void)
{
    pond *p = make_conns();
    void *objs[8];
    for (volatile int i = 0; i < 8; i++) /* each function has one call, and so one stack */
        objs[i] = i % 4 == 0 ? rarely(p) : often(p);
    if (!wrong)
        pond_put_many(p, objs, 8);
    end(p);
}
