/* SPDX-License-Identifier: BSD-2-Clause */
/* An object has its pond's size for ever. */
// warning: -Wmismatched-dealloc
#include "../server.h"
#include <stdlib.h>

struct conn *grow(void)
{
    struct conn *c = conn_get();
    return realloc(c, 2 * sizeof(*c)); /* here */
}
