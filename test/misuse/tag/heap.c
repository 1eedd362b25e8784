/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: put of a heap pointer
// word: tag
// report: put of a pointer that is no pond's object
#include "misuse.h"

static void program(void)
{
    pond *p = make_conns();
    struct conn *c = wrong ? malloc(sizeof *c) : pond_get(p);
    expect(c != NULL, "an object");
    c->fd = 3;
    pond_put(p, c);
    if (wrong)
        free(c);
    end(p);
}
