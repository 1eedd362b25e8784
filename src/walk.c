/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Walks the stack by the unwinder. What ways there are and take, ns for a stack (x86-64 VM, GCC 12, glibc
 * 2.36):
 *
 *     frames                                   4      16      32
 *     _Unwind_Backtrace (libgcc)             530   1,950   3,800
 *     backtrace (glibc)                      635   2,080   3,950
 *     frame pointers                           4      11      29
 *
 * Frame pointers are not there in what compilers make of -O2, and where the register holds something else a
 * walk along it gives frames that look right and are wrong. backtrace is the same unwinder behind a dlopen
 * and a malloc. So it is _Unwind_Backtrace, and on x86 a stack that comes again is recalled (recall.h).
 * Whoever needs it cheaper yet asks for fewer frames: stacks=1.
 */
#include "walk.h"
#include "recall.h"
#include <stddef.h>
#include <unwind.h>

/* More frames than the library has on the way to whoever called it. */
#define UNWIND_OWN 64

struct unwound {
    const void *caller;
    uint32_t most, count, passed;
    const void **pcs;
    struct recall_walk walk;
};

/* Takes one frame down, for _Unwind_Backtrace. The address of an interrupted instruction is taken one
   further, so that it is like a return address. 0 comes after the outermost frame. */
static _Unwind_Reason_Code unwind_frame(struct _Unwind_Context *context, void *argument)
{
    struct unwound *u = argument;
    int interrupted = 0;
    uintptr_t pc = (uintptr_t)_Unwind_GetIPInfo(context, &interrupted);
    if (pc == 0)
        return _URC_END_OF_STACK;
    const void *frame = (const char *)pc + (interrupted != 0);
    bool own = u->count == 0 && frame != u->caller;
    recall_frame(&u->walk, pc, _Unwind_GetCFA(context), own);
    u->walk.unsound = u->walk.unsound || interrupted != 0;
    if (!own)
        u->pcs[u->count++] = frame;
    else if (++u->passed == UNWIND_OWN)
        return _URC_END_OF_STACK;
    return u->count == u->most ? _URC_END_OF_STACK : _URC_NO_REASON;
}

static NOT_INLINED uint32_t unwind(const char *at, const void *caller, const void **pcs, uint32_t most)
{
    struct unwound u = {.caller = caller, .most = most, .pcs = pcs};
    u.walk = recall_begin(at, caller, most);
    if (caller == NULL)
        u.passed = UNWIND_OWN - 1;
    (void)_Unwind_Backtrace(unwind_frame, &u);
    recall_end(&u.walk, u.count > 0);
    if (u.count == 0)
        pcs[u.count++] = caller;
    POND_ASSERT(u.count <= MAX(most, 1));
    return u.count;
}

NOT_INLINED uint32_t walk_stack(const void *caller, const void **pcs, uint32_t most)
{
    const char *at = (const char *)__builtin_dwarf_cfa() - sizeof(void *);
    uint32_t count = recall_stack(at, caller, pcs, most);
    return count > 0 ? count : unwind(at, caller, pcs, most);
}
