/* SPDX-License-Identifier: BSD-2-Clause */
/* Each branch ends the object in its own way, and nothing comes after. */
#include "../server.h"

void serve(int fd)
{
    struct conn *c = conn_get();
    if (c == NULL)
        return;
    c->fd = fd;
    if (answer(c))
        conn_put(c);
    else
        conn_discard(c);
}
