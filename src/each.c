/* SPDX-License-Identifier: BSD-2-Clause */
/* All ponds in turn, for the program, and one of them by its name. */
#include "registry.h"
#include "watch.h"
#include <errno.h>
#include <string.h>

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

/* Whether the pond has this name, of which it keeps so much. */
static bool is_called(const struct pond *p, const char *name)
{
    return strncmp(p->name, name, sizeof(p->name) - 1) == 0;
}

pond *pond_find(const char *name)
{
    if (!registry_enter(NULL, "pond_find", CALLER))
        return NULL;
    registry_lock();
    struct pond *p = name != NULL ? registry_oldest() : NULL;
    while (p != NULL && !is_called(p, name))
        p = p->links[BY_AGE].next;
    registry_unlock();
    if (p == NULL)
        errno = name != NULL ? ENOENT : EINVAL;
    entry_end();
    return p;
}

pond *pond_of(const void *address)
{
    if (!registry_enter(NULL, "pond_of", CALLER))
        return NULL;
    struct pond *p = slab_owner_at(address);
    if (p == NULL)
        p = watch_owner_at(address);
    if (p == NULL)
        errno = ENOENT;
    entry_end();
    return p;
}
