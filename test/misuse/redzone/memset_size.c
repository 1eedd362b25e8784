/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: memset with the size of another type
// word: redzone
// report: bytes behind the object were written
// asan: use-after-poison
#include "misuse.h"

struct large {
    struct conn conn;
    int more;
};

static void program(void)
{
    pond *p = make_conns();
    struct conn *c = must_get(p);
    memset(c, 0x5a, wrong ? sizeof(struct large) : sizeof *c);
    pond_put(p, c);
    end(p);
}
