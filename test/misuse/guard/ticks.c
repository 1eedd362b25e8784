/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: read of an object two ticks after its put
// word: guard
// debug: guard=1/1,stacks=16
// report: read after put at offset 0
// log: no
#include "misuse.h"
#include <pond/inline.h>

static void program(void)
{
    pond *p = make_conns();
    volatile struct conn *c = pond_get_inline(p);
    expect(c != NULL, "an object");
    if (wrong)
        pond_put_inline(p, (void *)c);
    pond_epoch_advance();
    pond_epoch_advance();
    printf("%d\n", c->fd);
    if (!wrong)
        pond_put_inline(p, (void *)c);
    end(p);
}
