/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How the stack is walked, ns for a stack (x86-64 VM, GCC 12, glibc 2.36):
 *
 *     frames                                   4      16      32
 *     _Unwind_Backtrace (libgcc)             530   1,950   3,800
 *     backtrace (glibc)                      635   2,080   3,950
 *     frame pointers                           4      11      29
 *
 * Frame pointers are not there in what compilers make of -O2, and where the register holds something else a
 * walk along it gives frames that look right and are wrong. backtrace is the same unwinder behind a dlopen
 * and a malloc. So it is _Unwind_Backtrace. Telling from the outside that a stack is the one of the time
 * before would need the places where each frame saved its registers, which the unwinder does not tell:
 * comparing return addresses alone proves nothing. Who needs less cost wants fewer frames: stacks=1.
 */
#include "walk.h"
#include <stddef.h>
#include <unwind.h>

/* More frames than the library has on the way to whoever called it. */
#define UNWIND_OWN 64

struct unwound {
    const void *caller;
    uint32_t most, count, passed;
    const void **pcs;
};

/* An interrupted instruction is taken one further: it then is like a return address. 0 comes after the
   outermost frame. */
static _Unwind_Reason_Code unwind_frame(struct _Unwind_Context *context, void *argument)
{
    struct unwound *u = argument;
    int interrupted = 0;
    uintptr_t pc = (uintptr_t)_Unwind_GetIPInfo(context, &interrupted);
    if (pc == 0)
        return _URC_END_OF_STACK;
    const void *frame = (const char *)pc + (interrupted != 0);
    if (u->count > 0 || frame == u->caller)
        u->pcs[u->count++] = frame;
    else if (++u->passed == UNWIND_OWN)
        return _URC_END_OF_STACK;
    return u->count == u->most ? _URC_END_OF_STACK : _URC_NO_REASON;
}

uint32_t walk_stack(const void *caller, const void **pcs, uint32_t most)
{
    struct unwound u = {.caller = caller, .most = most, .pcs = pcs};
    if (caller == NULL)
        u.passed = UNWIND_OWN - 1;
    (void)_Unwind_Backtrace(unwind_frame, &u);
    if (u.count == 0)
        pcs[u.count++] = caller;
    return u.count;
}
