/* SPDX-License-Identifier: BSD-2-Clause */
/* Two ponds of the same type: only their puts tell them apart. */
// warning: -Wanalyzer-mismatching-deallocation
#include "../server.h"

void relay(int fd)
{
    struct conn *up = upstream_get();
    if (up == NULL)
        return;
    up->fd = fd;
    answer(up);
    conn_put(up); /* here */
}
