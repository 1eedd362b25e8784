/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: write after put, seen by the tick
// word: poison
// report: written after put: 8 bytes at offset 24
// asan: use-after-poison
#include "misuse.h"

static void program(void)
{
    pond *p = make_conns();
    struct conn *a = must_get(p), *b = must_get(p);
    a->next = b;
    if (!wrong)
        a->next = NULL; /* unlinked before it goes */
    pond_put(p, a);
    if (wrong)
        a->next = NULL; /* and after */
    pond_put(p, b);
    pond_epoch_advance();
    end(p);
}
