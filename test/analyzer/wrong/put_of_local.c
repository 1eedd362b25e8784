/* SPDX-License-Identifier: BSD-2-Clause */
/* A conn on the stack is no object of the pond. */
// warning: -Wfree-nonheap-object
#include "../server.h"

void serve(int fd)
{
    struct conn c = {.fd = fd};
    answer(&c);
    conn_put(&c); /* here */
}
