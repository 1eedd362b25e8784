/* SPDX-License-Identifier: BSD-2-Clause */
/* A client that says nothing is skipped, and its conn with it. */
// warning: -Wanalyzer-malloc-leak
#include "../server.h"

void serve_all(void)
{
    int fd;
    while ((fd = next_client()) >= 0) {
        struct conn *c = conn_get();
        if (c == NULL)
            break;
        c->fd = fd;
        if (!read_line(c->fd, c->line))
            continue;
        answer(c);
        conn_put(c);
    }
} /* here */
