/* SPDX-License-Identifier: BSD-2-Clause */
/* The error path puts the object, and so does the end that it falls through to. */
// warning: -Wanalyzer-double-free
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
    }
    conn_put(c); /* here */
    return 0;
}
