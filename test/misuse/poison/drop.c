/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: write after put, seen when the object is dropped at pond_destroy
// word: poison
// report: written after put: 1 byte at offset 9
// asan: use-after-poison
#include "misuse.h"

static void program(void)
{
    pond *p = make_plain("buffers", 100);
    char *text = must_get(p);
    snprintf(text, 100, "some text");
    if (!wrong)
        text[9] = '!';
    pond_put(p, text);
    if (wrong)
        text[9] = '!';
    end(p);
}
