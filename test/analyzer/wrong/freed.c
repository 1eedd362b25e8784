/* SPDX-License-Identifier: BSD-2-Clause */
/* A pond's object is not the heap's. */
// warning: -Wanalyzer-mismatching-deallocation
#include "../server.h"
#include <stdlib.h>

void serve(int fd)
{
    struct conn *c = conn_get();
    if (c == NULL)
        return;
    c->fd = fd;
    answer(c);
    free(c); /* here */
}
