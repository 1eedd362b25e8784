/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: put into a destroyed pond, of an object kept too long
// word: destroyed
// report: pond_put of a destroyed pond
#include "misuse.h"

static void program(void)
{
    pond *p = make_conns();
    void *obj = must_get(p);
    pond_put(p, obj);
    if (wrong)
        end(p);
    else
        obj = must_get(p);
    pond_put(p, obj);
    if (!wrong)
        end(p);
}
