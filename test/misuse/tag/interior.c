/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: put of a pointer to a member
// word: tag
// report: put of a pointer 4 bytes into an object
// report:     pointer 0x
// report:  into object 0x
// report:  of pond "conns" (
#include "misuse.h"

static void program(void)
{
    pond *p = make_conns();
    struct conn *c = must_get(p);
    pond_put(p, wrong ? (void *)c->token : (void *)c);
    end(p);
}
