/* SPDX-License-Identifier: BSD-2-Clause */
/* The label at the end puts, and the way there has put already. */
// warning: -Wanalyzer-double-free
#include "../server.h"

int serve(int fd)
{
    int status = -1;
    struct conn *c = conn_get();
    if (c == NULL)
        return status;
    c->fd = fd;
    if (!read_line(c->fd, c->line)) {
        conn_put(c);
        goto end;
    }
    status = answer(c) ? 0 : -1;
end:
    conn_put(c); /* here */
    return status;
}
