/* SPDX-License-Identifier: BSD-2-Clause */
/* The object is got before the loop and put in each round of it. */
// warning: -Wanalyzer-double-free
#include "../server.h"

void serve(int n)
{
    struct conn *c = conn_get();
    if (c == NULL)
        return;
    do {
        say("rounds left", n);
        conn_put(c); /* here */
    } while (--n > 0);
}
