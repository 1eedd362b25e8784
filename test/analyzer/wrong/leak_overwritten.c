/* SPDX-License-Identifier: BSD-2-Clause */
/* A second get into the same variable: nobody knows the first object any more. */
// warning: -Wanalyzer-malloc-leak
#include "../server.h"

int retry(int fd)
{
    struct conn *c = conn_get();
    if (c == NULL)
        return -1;
    c->fd = fd;
    if (!answer(c))
        c = conn_get();
    conn_put(c); /* here */
    return 0;
}
