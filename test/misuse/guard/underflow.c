/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: a read in front of the object, caught at once
// word: guard
// debug: guard=1/1,stacks=16
// report: read 8 bytes in front of the object
// log: no
#include "misuse.h"

/* Some objects lie at the end of their pages and some at the beginning: so several are tried. */
static void program(void)
{
    pond *p = make_plain("lists", 64);
    uint64_t sum = 0;
    for (int round = 0; round < 64; round++) {
        volatile uint64_t *list = must_get(p);
        for (int i = 7; i >= (wrong ? -1 : 0); i--)
            sum += list[i];
        pond_put(p, (void *)list);
    }
    printf("%d\n", (int)sum);
    end(p);
}
