/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: overflow of an object after its put, seen by the next get
// word: redzone
// report: overflow after put: 1 byte behind the object was written by whoever still has the pointer
// order: put: close_text got: open_text
// asan: use-after-poison
// link: -rdynamic
#include "misuse.h"

char *open_text(pond *p);
void close_text(pond *p, char *text);

__attribute__((noinline)) char *open_text(pond *p)
{
    char *text = must_get(p);
    return text;
}

__attribute__((noinline)) void close_text(pond *p, char *text)
{
    pond_put(p, text);
    if (wrong)
        *(volatile char *)(text + 64) = '\0'; /* the end of what it has just given back */
}

static void program(void)
{
    pond *p = make_plain("texts", 64);
    close_text(p, open_text(p));
    pond_put(p, must_get(p)); /* by somebody else */
    end(p);
}
