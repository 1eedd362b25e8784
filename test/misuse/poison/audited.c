/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: write after put, seen by an audit that the program makes
// word: poison
// debug: poison@conns
// report: written after put: 8 bytes at offset 24
// report: found here: thread 1
// report: words: poison
// asan: use-after-poison
#include "misuse.h"
#include <pond/debug.h>

static void program(void)
{
    pond *p = make_conns();
    struct conn *c = must_get(p);
    if (!wrong)
        c->next = NULL;
    pond_put(p, c);
    if (wrong)
        c->next = NULL;
    expect(pond_audit(p) == (wrong ? 1u : 0u), "one finding");
    end(p);
}
