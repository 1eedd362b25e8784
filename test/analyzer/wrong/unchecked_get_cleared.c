/* SPDX-License-Identifier: BSD-2-Clause */
/* A get may fail, and memset takes no NULL. */
// warning: -Wanalyzer-possible-null-argument
#include "../server.h"
#include <string.h>

void serve(void)
{
    struct conn *c = conn_get();
    memset(c, 0, sizeof(*c)); /* here */
    answer(c);
    conn_put(c);
}
