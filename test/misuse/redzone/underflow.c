/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: underflow by one byte
// word: redzone
// report: underflow: 1 byte in front of the object was written
// asan: use-after-poison
#include "misuse.h"

static void program(void)
{
    pond *p = make_plain("texts", 64);
    char *text = must_get(p);
    memcpy(text, "\t\t\t", 4);
    char *at = text + 2;
    while (at >= text)
        *at-- = ' ';
    if (wrong)
        *at = ' ';
    pond_put(p, text);
    end(p);
}
