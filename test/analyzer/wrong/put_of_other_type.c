/* SPDX-License-Identifier: BSD-2-Clause */
/* A typed put takes its own type alone. */
// warning: -Wincompatible-pointer-types
#include "../server.h"

void serve(struct conn *c)
{
    struct request *r = request_get();
    if (r == NULL)
        return;
    r->conn = c;
    enqueue(r);
    request_put(c); /* here */
}
