/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: overflow by one byte, the string's final NUL
// word: redzone
// report: overflow: 1 byte behind the object was written
// report: got: thread 1
// asan: use-after-poison
#include "misuse.h"

static void program(void)
{
    const char *said = "this string has thirty two bytes";
    pond *p = make_plain("names", wrong ? strlen(said) : strlen(said) + 1);
    char *name = must_get(p);
    memset(name, 'x', strlen(said));
    memcpy(name, said, strlen(said) + 1);
    if (wrong)
        name[32] = '\n';
    pond_put(p, name);
    end(p);
}
