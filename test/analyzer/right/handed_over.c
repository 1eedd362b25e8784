/* SPDX-License-Identifier: BSD-2-Clause */
/* The object is handed over: another thread puts it. */
#include "../server.h"

bool submit(struct conn *c)
{
    struct request *r = request_get();
    if (r == NULL)
        return false;
    r->conn = c;
    r->status = 0;
    enqueue(r);
    return true;
}
