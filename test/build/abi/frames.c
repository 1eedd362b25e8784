/* SPDX-License-Identifier: BSD-2-Clause */
/* Uses a pond that is gone, by a function that the header makes of another one. */
#include "abi.h"

int main(void)
{
    pond_stats s;
    pond *p = pond_create(&(pond_options){.size = 64});
    CHECK(p != NULL && pond_destroy(p) == 0);
    pond_stats_read(p, &s); /* HERE */
    CHECK(s.live == 0);
    return 0;
}
