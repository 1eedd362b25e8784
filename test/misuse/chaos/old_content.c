/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: a program relies on getting back the object that it has just put
// word: chaos
// debug: chaos=7
// ends: 1
// twice
#include "misuse.h"

static void program(void)
{
    pond *p = make_conns();
    pond_reserve(p, 8);
    for (int i = 1; i < 200; i++) {
        struct conn *c = must_get(p);
        c->fd = i;
        pond_put(p, c);
        c = must_get(p);
        if (wrong && c->fd != i) { /* "it is still there" */
            printf("lost at %d\n", i);
            exit(1);
        }
        pond_put(p, c);
    }
    end(p);
}
