/* SPDX-License-Identifier: BSD-2-Clause */
/* What malloc gave goes to free. */
// warning: -Wanalyzer-mismatching-deallocation
#include "../server.h"
#include <stdlib.h>

void serve(int fd)
{
    struct conn *c = malloc(sizeof(*c));
    if (c == NULL)
        return;
    c->fd = fd;
    answer(c);
    conn_put(c); /* here */
}
