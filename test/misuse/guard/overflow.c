/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: overflow, caught at once
// word: guard
// debug: guard=1/1,stacks=16
// report: behind the object
// report: accessed here: thread 1
// log: no
#include "misuse.h"

/* Some objects lie at the end of their pages and some at the beginning: so several are tried. */
static void program(void)
{
    pond *p = make_plain("lists", 64);
    volatile uint64_t *lists[16];
    for (int k = 0; k < 16; k++) {
        lists[k] = must_get(p);
        for (int i = 0; i < (wrong ? 9 : 8); i++)
            lists[k][i] = 1;
    }
    for (int k = 0; k < 16; k++)
        pond_put(p, (void *)lists[k]);
    end(p);
}
