// SPDX-License-Identifier: BSD-2-Clause
// The allocator behind this library, whichever it is: of libc, or of a library that the program links. While
// it is looked for the loader may allocate; that little comes from an array here and stays.
#include "scout.h"

#include <dlfcn.h>
#include <stdatomic.h>
#include <string.h>

struct next next;

enum { EARLY_BYTES = 64 << 10, EARLY_ALIGN = 16 };
static _Alignas(64) char early[EARLY_BYTES];
static atomic_size_t early_used;

void *early_get(size_t size, size_t align)
{
    if (align < EARLY_ALIGN)
        align = EARLY_ALIGN;
    if (size > EARLY_BYTES / 2 || align > EARLY_BYTES / 2)
        return NULL;
    size_t whole = (size + align + EARLY_ALIGN - 1) / EARLY_ALIGN * EARLY_ALIGN;
    size_t at = atomic_fetch_add_explicit(&early_used, whole, memory_order_relaxed);
    if (at + whole > EARLY_BYTES)
        return NULL;
    uintptr_t place = ((uintptr_t)early + at + align - 1) / align * align;
    return early + (place - (uintptr_t)early);
}

bool early_is(const void *p)
{
    return (uintptr_t)p - (uintptr_t)early < EARLY_BYTES;
}

size_t early_room(const void *p)
{
    return (size_t)(early + EARLY_BYTES - (const char *)p);
}

static void find(void *function, const char *name)
{
    void *found = dlsym(RTLD_NEXT, name);
    memcpy(function, &found, sizeof found);
}

// Only the first thread of the process can be here: the loader allocates before any other can start.
bool next_find(void)
{
    static bool finding;
    struct next all = {0};
    if (finding)
        return false;
    finding = true;
    find(&all.calloc, "calloc");
    find(&all.malloc, "malloc");
    find(&all.realloc, "realloc");
    find(&all.free, "free");
    find(&all.memalign, "memalign");
    find(&all.aligned_alloc, "aligned_alloc");
    find(&all.posix_memalign, "posix_memalign");
    finding = false;
    next = all;
    return true;
}
