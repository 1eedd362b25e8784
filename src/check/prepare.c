/* SPDX-License-Identifier: BSD-2-Clause */
/* pond_prepare: does now what is otherwise done at the first use of something, for programs that give up
   rights or files later. */
#include "../registry.h"
#include "aside.h"
#include "module.h"
#include "report.h"
#include <errno.h>

/* Does ahead what the process and this thread ask the system for once. */
static bool prepare_calls(void)
{
    struct frame here = FRAME_HERE;
    (void)here; /* where this thread's stack is */
    watch_begin();
    bool ready = registry_prepare();
    (void)registry_hear_exit();
    (void)os_barrier();
    (void)os_page_size();
    report_ready(CHECK_LOG); /* as with a word on: what unwinds stacks is linked */
    aside_give(aside_take(ASIDE_AMPLE));
    return ready;
}

int pond_prepare(unsigned flags)
{
    int failed = 0;
    if ((flags & ~(unsigned)(POND_PREPARE_SYMBOLS | POND_PREPARE_SYSTEM_CALLS)) != 0)
        failed = EINVAL;
    else if (!registry_enter(NULL, "pond_prepare", CALLER))
        return -1;
    else {
        if ((flags & POND_PREPARE_SYSTEM_CALLS) != 0 && !prepare_calls())
            failed = ENOMEM;
        if ((flags & POND_PREPARE_SYMBOLS) != 0 && !module_prepare() && failed == 0)
            failed = ENOENT;
        entry_end();
    }
    if (failed != 0)
        errno = failed;
    return failed != 0 ? -1 : 0;
}
