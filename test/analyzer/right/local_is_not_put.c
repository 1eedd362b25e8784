/* SPDX-License-Identifier: BSD-2-Clause */
/* A conn on the stack is used like the pond's, but for the put. */
#include "../server.h"

void serve(int fd)
{
    struct conn local = {.fd = fd};
    struct conn *c = conn_get();
    if (c != NULL)
        *c = local;
    answer(c != NULL ? c : &local);
    conn_put(c);
}
