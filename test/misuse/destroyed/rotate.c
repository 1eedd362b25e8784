/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: a ticker goes on with a pond that was destroyed
// word: destroyed
// report: pond_rotate of a destroyed pond
#include "misuse.h"

static void program(void)
{
    pond *p = make_conns();
    pond_rotate(p);
    if (wrong)
        end(p);
    pond_rotate(p);
    pond_trim(p);
    pond_reserve(p, 0);
    if (!wrong)
        end(p);
}
