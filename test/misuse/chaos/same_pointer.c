/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: a program relies on the order of reuse, inlined
// word: chaos
// debug: chaos=11
// ends: 1
// twice
#include "misuse.h"
#include <pond/inline.h>

static void program(void)
{
    pond *p = make_conns();
    for (int i = 0; i < 500; i++) {
        void *a = pond_get_inline(p), *b = pond_get_inline(p);
        expect(a != NULL && b != NULL, "objects");
        pond_put_inline(p, a);
        pond_put_inline(p, b);
        void *again = pond_get_inline(p);
        bool same = again == b;
        pond_put_inline(p, again);
        if (wrong && !same) {
            printf("another object at %d\n", i);
            exit(1);
        }
    }
    end(p);
}
