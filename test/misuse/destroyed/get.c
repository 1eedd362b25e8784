/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: get from a destroyed pond
// word: destroyed
// report: pond_get of a destroyed pond
#include "misuse.h"

static void program(void)
{
    pond *p = make_conns();
    pond_put(p, must_get(p));
    if (wrong)
        end(p);
    pond_put(p, pond_get(p));
    if (!wrong)
        end(p);
}
