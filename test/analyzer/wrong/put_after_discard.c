/* SPDX-License-Identifier: BSD-2-Clause */
/* A broken connection is discarded, and then put like any other. */
// warning: -Wuse-after-free
#include "../server.h"

void serve(int fd)
{
    struct conn *c = conn_get();
    if (c == NULL)
        return;
    c->fd = fd;
    if (!answer(c)) {
        conn_discard(c);
        say("broken", fd);
        conn_put(c); /* here */
        return;
    }
    conn_put(c);
}
