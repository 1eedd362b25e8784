/* SPDX-License-Identifier: BSD-2-Clause */
/* A second get into the same variable, after the first object's put. */
#include "../server.h"

int retry(int fd)
{
    struct conn *c = conn_get();
    if (c == NULL)
        return -1;
    c->fd = fd;
    if (!answer(c)) {
        conn_put(c);
        c = conn_get();
    }
    conn_put(c);
    return 0;
}
