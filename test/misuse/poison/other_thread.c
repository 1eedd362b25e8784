/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: write after put by another thread
// word: poison
// report: written after put: 4 bytes at offset 0
// report: put: thread 1
// asan: use-after-poison
#include "misuse.h"

static void *late(void *obj)
{
    ((struct conn *)obj)->fd = 12;
    return NULL;
}

static void program(void)
{
    pond *p = make_conns();
    struct conn *c = must_get(p);
    if (!wrong)
        run_thread(late, c);
    pond_put(p, c);
    if (wrong)
        run_thread(late, c);
    pond_epoch_advance();
    end(p);
}
