/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: put of a pointer that was counted on
// word: tag
// report: put of a pointer 1 bytes into an object
#include "misuse.h"

static void program(void)
{
    pond *p = make_plain("buffers", 100);
    char *text = must_get(p), *at = text;
    memcpy(text, " words", 7);
    while (*at == ' ')
        at++;
    pond_put(p, wrong ? at : text);
    end(p);
}
