/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: inlined get and put of a destroyed pond
// word: destroyed
// report: of a destroyed pond
#include "misuse.h"
#include <pond/inline.h>

static void program(void)
{
    pond *p = make_conns();
    for (int i = 0; i < 10; i++)
        pond_put_inline(p, pond_get_inline(p));
    if (wrong)
        end(p);
    pond_put_inline(p, pond_get_inline(p));
    if (!wrong)
        end(p);
}
