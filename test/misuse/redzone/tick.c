/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: a thread writes in front of an object that another has put, seen by the tick
// word: redzone
// report: underflow after put: 8 bytes in front of the object were written
// report: still has the pointer, seen at a tick
// report: put: thread 1
// asan: use-after-poison
#include "misuse.h"

static void *write_header(void *obj)
{
    ((volatile uint64_t *)obj)[wrong ? -1 : 0] = 1;
    return NULL;
}

static void program(void)
{
    pond *p = make_plain("packets", 64);
    void *packet = must_get(p);
    if (!wrong)
        run_thread(write_header, packet);
    pond_put(p, packet);
    if (wrong)
        run_thread(write_header, packet);
    pond_epoch_advance();
    end(p);
}
