/* SPDX-License-Identifier: BSD-2-Clause */
/* What is put is a member of the object. */
// warning: -Wfree-nonheap-object
#include "../server.h"

void serve(pond *lines)
{
    struct conn *c = pond_get(lines);
    if (c == NULL)
        return;
    c->fd = 0;
    answer(c);
    pond_put(lines, c->line); /* here */
}
