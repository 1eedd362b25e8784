/* SPDX-License-Identifier: BSD-2-Clause */
/* Both branches put, and the end of the function does as well. */
// warning: -Wanalyzer-double-free
#include "../server.h"

void serve(int fd)
{
    struct conn *c = conn_get();
    if (c == NULL)
        return;
    c->fd = fd;
    if (answer(c))
        conn_put(c);
    else
        conn_put(c);
    conn_put(c); /* here */
}
