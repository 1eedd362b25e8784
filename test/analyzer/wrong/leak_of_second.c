/* SPDX-License-Identifier: BSD-2-Clause */
/* Two objects, and the failure of the second get puts none; the failure of the work only one. */
// warning: -Wanalyzer-malloc-leak
#include "../server.h"

int serve(int fd)
{
    struct conn *c = conn_get();
    struct request *r = request_get();
    if (c == NULL || r == NULL) {
        conn_put(c); /* here */
        return -1;
    }
    c->fd = fd;
    r->conn = c;
    r->status = answer(c) ? 200 : 500;
    request_put(r);
    conn_put(c);
    return 0;
}
