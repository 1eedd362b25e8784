/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: put of a static object, the default that was never replaced
// word: tag
// report: put of a pointer that is no pond's object
#include "misuse.h"

static struct conn nobody = {.fd = -1};

static void program(void)
{
    pond *p = make_conns();
    struct conn *current = &nobody;
    if (!wrong)
        current = must_get(p);
    pond_put(p, current == &nobody && !wrong ? NULL : current);
    end(p);
}
