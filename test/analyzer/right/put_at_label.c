/* SPDX-License-Identifier: BSD-2-Clause */
/* One label for all ways out; what was never got is NULL, which put ignores. */
#include "../server.h"

int serve(int fd)
{
    int status = -1;
    struct request *r = NULL;
    struct conn *c = conn_get();
    if (c == NULL)
        goto end;
    c->fd = fd;
    r = request_get();
    if (r == NULL)
        goto end;
    r->conn = c;
    r->status = answer(c) ? 200 : 500;
    status = r->status;
end:
    request_put(r);
    conn_put(c);
    return status;
}
