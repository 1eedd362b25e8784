/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: objects live at exit
// word: leak
// report: objects live at exit that nothing leads to
// report: of pond "conns"
#include "misuse.h"

static void program(void)
{
    pond *p = make_conns();
    for (int i = 0; i < 10; i++) { /* of the last ones an address may be left in a dead frame */
        void *c = must_get(p);
        if (!wrong)
            pond_put(p, c);
    }
}
