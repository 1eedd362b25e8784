/* SPDX-License-Identifier: BSD-2-Clause */
/* A get may fail, and is asked whether it did, once. */
#include "../server.h"
#include <string.h>

bool serve(int fd)
{
    struct conn *c = conn_get();
    bool got = c != NULL;
    if (!got)
        return false;
    memset(c, 0, sizeof(*c));
    c->fd = fd;
    got = answer(c);
    conn_put(c);
    return got;
}
