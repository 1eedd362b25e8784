/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: a reset hook is left by longjmp
// word: hook
// debug: double
// report: the reset hook was left by longjmp or an exception
#include "misuse.h"
#include <setjmp.h>

static jmp_buf back;

static bool reset(void *obj, void *ctx)
{
    (void)ctx;
    struct conn *c = obj;
    if (c->fd == -1 && wrong)
        longjmp(back, 1);
    bool whole = c->fd != -1;
    memset(c, 0, sizeof *c);
    return whole;
}

static void program(void)
{
    pond *p = make((pond_options){.name = "conns", .size = sizeof(struct conn), .reset = reset});
    struct conn *c = must_get(p);
    c->fd = -1;
    if (setjmp(back) == 0)
        pond_put(p, c);
    for (int i = 0; i < 10; i++)
        pond_put(p, must_get(p));
    pond_epoch_advance();
    end(p);
}
