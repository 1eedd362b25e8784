/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: overflow by one byte of an object of odd size
// word: redzone
// report: overflow: 1 byte behind the object was written
// asan: use-after-poison
#include "misuse.h"

static void program(void)
{
    pond *p = make_plain("odd", 37);
    unsigned char *bytes = must_get(p);
    for (int i = 0; wrong ? i <= 37 : i < 37; i++)
        bytes[i] = 0x11;
    pond_put(p, bytes);
    end(p);
}
