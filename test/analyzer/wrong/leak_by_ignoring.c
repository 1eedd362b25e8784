/* SPDX-License-Identifier: BSD-2-Clause */
/* Somebody wanted one object made ahead; pond_reserve is for that. */
// warning: -Wunused-result
#include "../server.h"

void warm_up(void)
{
    conn_get(); /* here */
}
