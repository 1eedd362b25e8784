/* SPDX-License-Identifier: BSD-2-Clause */
/* Each way out puts the object. */
#include "../server.h"

int serve(int fd)
{
    struct conn *c = conn_get();
    if (c == NULL)
        return -1;
    c->fd = fd;
    if (!read_line(c->fd, c->line)) {
        conn_put(c);
        return -1;
    }
    int status = answer(c) ? 0 : -1;
    conn_put(c);
    return status;
}
