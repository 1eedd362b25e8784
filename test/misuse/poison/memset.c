/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: the whole object cleared after its put rather than before
// word: poison
// report: written after put: 256 bytes at offset 0
// asan: use-after-poison
#include "misuse.h"

static void program(void)
{
    pond *p = make_plain("keys", 256);
    void *key = must_get(p);
    memset(key, 'k', 256);
    if (!wrong)
        memset(key, 0, 256);
    pond_put(p, key);
    if (wrong)
        memset(key, 0, 256);
    void *next = must_get(p);
    pond_put(p, next);
    end(p);
}
