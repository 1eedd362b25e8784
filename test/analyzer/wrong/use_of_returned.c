/* SPDX-License-Identifier: BSD-2-Clause */
/* What is returned was put before. */
// warning: -Wanalyzer-use-after-free
#include "../server.h"

static struct conn *accept_client(int fd)
{
    struct conn *c = conn_get();
    if (c == NULL)
        return NULL;
    c->fd = fd;
    if (!read_line(c->fd, c->line))
        conn_put(c);
    return c;
}

int serve(int fd)
{
    struct conn *c = accept_client(fd);
    if (c == NULL)
        return -1;
    int status = (int)c->requests; /* here */
    conn_put(c);
    return status;
}
