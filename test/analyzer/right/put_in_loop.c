/* SPDX-License-Identifier: BSD-2-Clause */
/* The object is got and put in each round. */
#include "../server.h"

void serve(int n)
{
    for (int i = 0; i < n; i++) {
        struct conn *c = conn_get();
        if (c == NULL)
            break;
        c->fd = i;
        answer(c);
        conn_put(c);
    }
}
