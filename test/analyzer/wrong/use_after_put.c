/* SPDX-License-Identifier: BSD-2-Clause */
/* The log line comes after the put. */
// warning: -Wanalyzer-use-after-free
#include "../server.h"

int serve(int fd)
{
    struct conn *c = conn_get();
    if (c == NULL)
        return -1;
    c->fd = fd;
    c->requests = 0;
    while (read_line(c->fd, c->line) && answer(c))
        c->requests++;
    conn_put(c);
    say("requests", (int)c->requests); /* here */
    return 0;
}
