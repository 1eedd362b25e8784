/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: a destroy hook is left by longjmp, in a tick
// word: hook
// debug: double
// report: the destroy hook was left by longjmp or an exception
#include "misuse.h"
#include <setjmp.h>

static jmp_buf back;
static int ended;

static void destroy(void *obj, pond_drop_reason why, void *ctx)
{
    (void)obj, (void)why, (void)ctx;
    if (++ended == 5 && wrong)
        longjmp(back, 1);
}

static void program(void)
{
    pond *p = make((pond_options){.name = "conns", .size = sizeof(struct conn), .destroy = destroy});
    expect(pond_reserve(p, 10) == 10, "ten objects");
    for (volatile int i = 0; i < 6; i++)
        if (setjmp(back) == 0)
            pond_epoch_advance();
    pond_put(p, must_get(p));
    expect(ended >= 10 || wrong, "each to be destroyed");
    end(p);
}
