/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: objects live at exit
// word: leak
// report: 2 objects live at exit
// report: of pond "conns"
#include "misuse.h"

static void program(void)
{
    pond *p = make_conns();
    void *first = must_get(p), *second = must_get(p), *third = must_get(p);
    pond_put(p, second);
    if (!wrong) {
        pond_put(p, first);
        pond_put(p, third);
    }
}
