/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: write after an inlined put, two ticks long unseen by anyone
// word: poison
// report: written after put: 4 bytes at offset 0
// asan: use-after-poison
#include "misuse.h"
#include <pond/inline.h>

static void program(void)
{
    pond *p = make_conns();
    struct conn *neighbour = pond_get_inline(p), *c = pond_get_inline(p);
    expect(neighbour != NULL && c != NULL, "objects");
    pond_put_inline(p, c);
    if (!wrong)
        c = neighbour;
    c->fd = 5;
    pond_rotate(p);
    pond_rotate(p);
    pond_put_inline(p, neighbour);
    end(p);
}
