/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: put of a stack pointer
// word: tag
// report: put of a pointer that is no pond's object
// report:     pointer 0x
// report:     given to pond "
#include "misuse.h"

static void program(void)
{
    pond *p = make_conns();
    struct conn local = {.fd = 3}, *c = must_get(p);
    *c = local;
    pond_put(p, wrong ? &local : c);
    end(p);
}
