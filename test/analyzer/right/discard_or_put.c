/* SPDX-License-Identifier: BSD-2-Clause */
/* A broken connection is discarded, any other one is put; the put at the end ignores NULL. */
#include "../server.h"

void serve(int fd)
{
    struct conn *c = conn_get();
    if (c == NULL)
        return;
    c->fd = fd;
    if (!answer(c)) {
        conn_discard(c);
        c = NULL;
    }
    say("done", fd);
    conn_put(c);
}
