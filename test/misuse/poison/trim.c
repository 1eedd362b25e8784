/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: write after put, seen by pond_trim
// word: poison
// report: written after put: 16 bytes at offset 4
// asan: use-after-poison
#include "misuse.h"

static void program(void)
{
    pond *p = make_conns();
    struct conn *c = must_get(p);
    pond_put(p, c);
    if (!wrong)
        c = must_get(p);
    memcpy(c->token, "0123456789abcdef", 16);
    if (!wrong)
        pond_put(p, c);
    pond_trim(p);
    end(p);
}
