/* SPDX-License-Identifier: BSD-2-Clause */
/* The error path puts the object and leaves. */
#include "../server.h"

int serve(int fd)
{
    struct conn *c = conn_get();
    if (c == NULL)
        return -1;
    c->fd = fd;
    if (!read_line(c->fd, c->line)) {
        say("gone", fd);
        conn_put(c);
        return 0;
    }
    conn_put(c);
    return 0;
}
