/* SPDX-License-Identifier: BSD-2-Clause */
/* The conn that the request points at is put, and another one takes its place. */
#include "../server.h"

int serve(int fd)
{
    struct request r = {.conn = conn_get(), .status = 0};
    if (r.conn == NULL)
        return -1;
    r.conn->fd = fd;
    if (!answer(r.conn)) {
        conn_put(r.conn);
        r.conn = conn_get();
        if (r.conn == NULL)
            return -1;
        r.conn->fd = fd;
    }
    int last = r.conn->fd;
    conn_put(r.conn);
    return last;
}
