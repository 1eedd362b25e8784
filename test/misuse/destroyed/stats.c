/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: statistics of a destroyed pond
// word: destroyed
// report: pond_stats_read of a destroyed pond
#include "misuse.h"

static void program(void)
{
    pond *p = make_conns();
    pond_stats stats;
    if (wrong)
        end(p);
    pond_stats_read(p, &stats);
    expect(stats.live == 0, "figures");
    if (!wrong)
        end(p);
}
