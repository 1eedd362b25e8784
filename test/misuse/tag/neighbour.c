/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: put of the next object's place, as if objects were an array
// word: tag
// report: put of memory that is not handed out
// report:     memory 0x
// report:  of pond "blocks" (64 bytes)
#include "misuse.h"

static void program(void)
{
    pond *p = make_plain("blocks", 64);
    char *a = must_get(p), *b = must_get(p);
    size_t step = (size_t)(a < b ? b - a : a - b);
    char *last = a < b ? b : a;
    pond_put(p, a);
    pond_put(p, b);
    if (wrong)
        pond_put(p, last + 20 * step);
    end(p);
}
