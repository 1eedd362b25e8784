/* SPDX-License-Identifier: BSD-2-Clause */
/* The conn is cleared for the next one, after its put. */
// warning: -Wanalyzer-use-after-free
#include "../server.h"

void hang_up(void)
{
    struct conn *c = conn_get();
    if (c == NULL)
        return;
    answer(c);
    conn_put(c);
    c->fd = -1; /* here */
}
