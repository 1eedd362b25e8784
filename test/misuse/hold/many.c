/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: a batch held for too long, inlined gets beside it
// word: hold
// debug: hold=1
// report: live for 2 epochs
// report: 10 objects live for 2 epochs, got at one place
#include "misuse.h"
#include <pond/inline.h>

static void program(void)
{
    pond *p = make_conns();
    void *batch[10];
    expect(pond_get_many(p, batch, 10) == 10, "a batch");
    for (int second = 0; second < 5; second++) {
        pond_put_inline(p, pond_get_inline(p));
        if (second == 1 && !wrong)
            pond_put_many(p, batch, 10);
        pond_epoch_advance();
        if (second == 1 && !wrong)
            expect(pond_get_many(p, batch, 10) == 10, "another batch");
        if (second == 2 && !wrong)
            break;
    }
    pond_put_many(p, batch, 10);
    end(p);
}
