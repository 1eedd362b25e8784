/* SPDX-License-Identifier: BSD-2-Clause */
/* Two ponds of the same type, each with its own put. */
#include "../server.h"

void relay(int fd)
{
    struct conn *up = upstream_get();
    if (up == NULL)
        return;
    struct conn *c = conn_get();
    if (c != NULL) {
        c->fd = up->fd = fd;
        answer(c);
    }
    upstream_put(up);
    conn_put(c);
}
