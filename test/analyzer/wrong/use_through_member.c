/* SPDX-License-Identifier: BSD-2-Clause */
/* The request still points at the conn that was put. */
// warning: -Wanalyzer-use-after-free
#include "../server.h"

int serve(int fd)
{
    struct request r = {.conn = conn_get(), .status = 0};
    if (r.conn == NULL)
        return -1;
    r.conn->fd = fd;
    if (!answer(r.conn)) {
        conn_put(r.conn);
        return r.conn->fd; /* here */
    }
    conn_put(r.conn);
    return 0;
}
