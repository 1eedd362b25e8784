/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: overflow of an object that nobody puts, seen by the tick's audit
// word: redzone
// debug: redzone,audit
// report: overflow: 8 bytes behind the object were written, seen by an audit
// report: found here: thread 1
// report: got: thread 1
// asan: use-after-poison
#include "misuse.h"

static void program(void)
{
    pond *p = make_plain("sessions", 64);
    volatile uint64_t *session = must_get(p);
    session[wrong ? 8 : 7] = 1;
    pond_epoch_advance();
    pond_put(p, (void *)(uintptr_t)session);
    end(p);
}
