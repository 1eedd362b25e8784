/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: a pond destroyed twice
// word: destroyed
// report: pond_destroy of a destroyed pond
#include "misuse.h"

static void program(void)
{
    pond *p = make_conns();
    pond_put(p, must_get(p));
    end(p);
    pond_destroy(wrong ? p : NULL);
}
