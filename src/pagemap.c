/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A table of three levels, by the bits of an address that number its unit: of addresses of 48 bits, or of 32.
 * It is read without a lock: an entry is stored with release after what it leads to is filled, and loaded
 * with acquire. So whoever comes upon an entry never reads a table, or a slab's header, from before it was
 * filled. Tables are never freed: of 16 KiB each, of which a page is resident where slabs are near each
 * other.
 */
#include "pagemap.h"
#include "os.h"
#include <errno.h>

#define UNIT_BITS 16
#if UINTPTR_MAX > UINT32_MAX
#define LEAF_BITS 11
#define MIDDLE_BITS 11
#define ROOT_BITS 10
#else
#define LEAF_BITS 8
#define MIDDLE_BITS 4
#define ROOT_BITS 4
#endif
#define LEAF_ENTRIES ((size_t)1 << LEAF_BITS)
#define MIDDLE_ENTRIES ((size_t)1 << MIDDLE_BITS)
#define ROOT_ENTRIES ((size_t)1 << ROOT_BITS)

_Static_assert(SLAB_UNIT == (size_t)1 << UNIT_BITS, "one entry a unit");
_Static_assert(UNIT_BITS + LEAF_BITS + MIDDLE_BITS + ROOT_BITS <= sizeof(uintptr_t) * 8,
               "all are bits of it");

struct leaf {
    struct slab *slabs[LEAF_ENTRIES];
};

struct middle {
    struct leaf *leaves[MIDDLE_ENTRIES];
};

static struct {
    pthread_mutex_t lock; /* for writers */
    struct middle *root[ROOT_ENTRIES];
} pagemap = {.lock = PTHREAD_MUTEX_INITIALIZER};

void pagemap_lock(void)
{
    pthread_mutex_lock(&pagemap.lock);
}

void pagemap_unlock(void)
{
    pthread_mutex_unlock(&pagemap.lock);
}

static uintptr_t pagemap_unit(const void *address)
{
    return (uintptr_t)address >> UNIT_BITS;
}

/* The unit's entry; NULL: no slab was ever near. Pairs with make_middle and make_entry, which store a table
 * after it is there, all of it zero. */
static struct slab **pagemap_entry(uintptr_t unit)
{
    uintptr_t root = unit >> LEAF_BITS >> MIDDLE_BITS;
    struct middle *m = root < ROOT_ENTRIES ? __atomic_load_n(&pagemap.root[root], __ATOMIC_ACQUIRE) : NULL;
    if (m == NULL)
        return NULL;
    struct leaf *l = __atomic_load_n(&m->leaves[unit >> LEAF_BITS & (MIDDLE_ENTRIES - 1)], __ATOMIC_ACQUIRE);
    return l == NULL ? NULL : &l->slabs[unit & (LEAF_ENTRIES - 1)];
}

/* Pairs with pagemap_set: whoever finds a slab finds its header filled. */
struct slab *slab_of(const void *address)
{
    struct slab **entry = pagemap_entry(pagemap_unit(address));
    return entry == NULL ? NULL : __atomic_load_n(entry, __ATOMIC_ACQUIRE);
}

/* Pairs with pagemap_entry, which reads without the lock. */
static bool make_middle(uintptr_t root)
{
    if (root >= ROOT_ENTRIES) {
        errno = ENOMEM; /* an address wider than 48 bits */
        return false;
    }
    if (pagemap.root[root] == NULL)
        __atomic_store_n(&pagemap.root[root], os_map(sizeof(struct middle)), __ATOMIC_RELEASE);
    return pagemap.root[root] != NULL;
}

/* Makes the tables that lead to the unit's entry. Pairs with pagemap_entry, which reads without the lock. */
static bool make_entry(uintptr_t unit)
{
    uintptr_t root = unit >> LEAF_BITS >> MIDDLE_BITS;
    if (!make_middle(root))
        return false;
    struct leaf **leaf = &pagemap.root[root]->leaves[unit >> LEAF_BITS & (MIDDLE_ENTRIES - 1)];
    if (*leaf == NULL)
        __atomic_store_n(leaf, os_map(sizeof(struct leaf)), __ATOMIC_RELEASE);
    return *leaf != NULL;
}

/* Pairs with slab_of: the slab's header was filled before this, and is seen by whoever finds the slab. */
bool pagemap_set(const char *base, size_t bytes, struct slab *s)
{
    POND_ASSERT((uintptr_t)base % SLAB_UNIT == 0 && bytes > 0);
    POND_ASSERT(s == NULL ||
                slab_of(base) == NULL); /* what has a unit gives it back before another takes it */
    uintptr_t first = pagemap_unit(base), last = pagemap_unit(base + bytes - 1);
    bool room = true;
    pagemap_lock();
    for (uintptr_t unit = first; unit <= last && room; unit++)
        room = make_entry(unit);
    for (uintptr_t unit = first; unit <= last && room; unit++)
        __atomic_store_n(pagemap_entry(unit), s, __ATOMIC_RELEASE);
    pagemap_unlock();
    return room;
}

/* Visits the slabs of a table, each at its first unit. */
static void each_of_leaf(const struct leaf *l, uintptr_t first,
                         void (*visit)(const struct slab *s, void *ctx), void *ctx)
{
    for (size_t i = 0; i < LEAF_ENTRIES; i++)
        if (l->slabs[i] != NULL && pagemap_unit(l->slabs[i]->base) == first + i)
            visit(l->slabs[i], ctx);
}

static void each_of_middle(const struct middle *m, uintptr_t first,
                           void (*visit)(const struct slab *s, void *ctx), void *ctx)
{
    for (size_t i = 0; i < MIDDLE_ENTRIES; i++)
        if (m->leaves[i] != NULL)
            each_of_leaf(m->leaves[i], first + (i << LEAF_BITS), visit, ctx);
}

void slab_each_mapped(void (*visit)(const struct slab *s, void *ctx), void *ctx)
{
    for (size_t i = 0; i < ROOT_ENTRIES; i++)
        if (pagemap.root[i] != NULL)
            each_of_middle(pagemap.root[i], (uintptr_t)i << LEAF_BITS << MIDDLE_BITS, visit, ctx);
}
