/* SPDX-License-Identifier: BSD-2-Clause */
/* A get may fail. */
// warning: -Wanalyzer-possible-null-dereference
#include "../server.h"

void serve(int fd)
{
    struct conn *c = conn_get();
    c->fd = fd; /* here */
    answer(c);
    conn_put(c);
}
