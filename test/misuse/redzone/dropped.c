/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: overflow of an object after its put, seen when it is dropped
// word: redzone
// report: overflow after put: 1 byte behind the object was written
// report: still has the pointer, seen when it was dropped
// report: put: thread 1
// asan: use-after-poison
#include "misuse.h"

static void program(void)
{
    pond *p = make_plain("names", 33);
    volatile char *name = must_get(p);
    name[32] = 'x';
    pond_put(p, (void *)name);
    if (wrong)
        name[33] = '\0';
    pond_trim(p);
    end(p);
}
