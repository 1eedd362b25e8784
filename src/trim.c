/* SPDX-License-Identifier: BSD-2-Clause */
/* pond_trim: all that is idle goes now, and free memory back to the system. */
#include "epoch.h"
#include "registry.h"

/* Drops all that is idle in the pond, other threads' caches included. The bytes that went. */
static size_t trim_one(struct pond *p)
{
    uint64_t live;
    registry_lock();
    (void)gather_all(p, false, &live);
    registry_unlock();
    return epoch_drop_all(p, POND_DROP_TRIM);
}

static size_t trim(struct pond *p)
{
    size_t bytes = 0;
    if (p != NULL) {
        registry_pin(p);
        bytes = trim_one(p);
        registry_unpin(p);
    } else {
        for (p = registry_next(NULL, BY_TURN); p != NULL; p = registry_next(p, BY_TURN))
            bytes += trim_one(p);
    }
    magazine_purge();
    os_unmap_kept();
    return bytes;
}

size_t pond_trim(pond *p)
{
    size_t bytes = 0;
    if (!registry_enter(p, "pond_trim", CALLER))
        return 0;
    if ((p == NULL || registry_knows(p, "pond_trim", CALLER)) &&
        registry_outside_hooks(p, "pond_trim", CALLER, __builtin_dwarf_cfa()))
        bytes = trim(p);
    entry_end();
    return bytes;
}
