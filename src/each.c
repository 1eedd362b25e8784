/* SPDX-License-Identifier: BSD-2-Clause */
/* All ponds in turn, for the program. */
#include "registry.h"

int pond_each(int (*visit)(pond *p, void *ctx), void *ctx)
{
    int result = 0;
    if (!registry_enter(NULL, "pond_each", CALLER))
        return -1;
    for (struct pond *p = registry_next(NULL, BY_AGE); p != NULL; p = registry_next(p, BY_AGE)) {
        uint32_t entry = entry_pause();
        result = visit(p, ctx);
        entry_resume(entry);
        if (result != 0) {
            registry_unpin(p);
            break;
        }
    }
    entry_end();
    return result;
}
