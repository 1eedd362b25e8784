/* SPDX-License-Identifier: BSD-2-Clause */
/* The conn is cleared, and then put; the variable that named it may change afterwards. */
#include "../server.h"

void hang_up(void)
{
    struct conn *c = conn_get();
    if (c == NULL)
        return;
    answer(c);
    c->fd = -1;
    conn_put(c);
    c = NULL;
    conn_put(c);
}
