/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: a construct hook is left by longjmp
// word: hook
// debug: tag
// report: the construct hook was left by longjmp or an exception
#include "misuse.h"
#include <errno.h>
#include <setjmp.h>

static jmp_buf back;
static int made;

static int construct(void *obj, void *ctx)
{
    (void)obj, (void)ctx;
    if (++made != 3)
        return 0;
    if (wrong)
        longjmp(back, 1);
    return ENOENT;
}

static void program(void)
{
    pond *p = make((pond_options){.name = "conns", .size = sizeof(struct conn), .construct = construct});
    void *volatile objs[5] = {NULL};
    for (volatile int i = 0; i < 5; i++)
        if (setjmp(back) == 0)
            objs[i] = pond_get(p);
    for (int i = 0; i < 5; i++)
        pond_put(p, objs[i]);
    pond_epoch_advance();
    end(p);
}
