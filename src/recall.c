/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A walk is kept with the place of each return address on the stack. It is the same again if a walk of the
 * same thread that begins at the same address finds all of them in their places.
 *
 *   1. Only a thread's own stack is looked at, from the frame of the walk to the stack's end: all of it is
 *      mapped, whatever an entry says.
 *   2. An entry is written by one thread at a time, which makes `version` odd meanwhile. Whoever reads
 *      believes what it read if `version` was even and the same before and after.
 *   3. From a return address to the next one it is as far each time, but in functions with alloca or arrays
 * of variable length. These could make up for each other's sizes, with return addresses of earlier calls left
 * in the gaps. So a walk with a return address that was ever seen at two distances is not kept, and when one
 * is first seen so all that was kept is forgotten, see `age`.
 *
 * Entries are found by hash and overwrite each other. In a forked child one that another thread was writing
 * stays odd, and is not used any more.
 */
#include "recall.h"
#include "frame.h"
#include "os.h"

/* On x86 a return address lies where its frame ends; elsewhere a function puts it where it likes. */
#if defined(__x86_64__) || defined(__i386__)
#define RECALL_WORKS 1
#else
#define RECALL_WORKS 0
#endif

/* Valgrind tells of decisions by memory that was never written, such as an old frame's. */
#if __has_include(<valgrind/valgrind.h>) && !defined(NVALGRIND)
#include <valgrind/valgrind.h>
#define RECALL_IS_WATCHED (RUNNING_ON_VALGRIND != 0)
#else
#define RECALL_IS_WATCHED false
#endif

#define RECALL_ENTRIES 256
#define RECALL_DISTANCES 2048

struct recall_entry {
    uint32_t version; /* see 2; 0: nothing was kept */
    uint32_t age;     /* of the time when it was kept */
    uint32_t most, count, own;
    uintptr_t at, caller, thread;
    uint32_t slots[RECALL_FRAMES];
    uintptr_t pcs[RECALL_FRAMES];
};

static struct recall_entry *recall_entries; /* NULL: not yet, or no memory */
static uint32_t recall_age;                 /* entries of another age are forgotten */

/* By return address: bits of it, and how far it is to the next one in words. 0: not seen yet. */
static uint64_t recall_distances[RECALL_DISTANCES];
#define DISTANCE_BITS 24
#define DISTANCE_VARIES ((UINT64_C(1) << DISTANCE_BITS) - 1)

static struct recall_entry *entry_of(struct recall_entry *all, uintptr_t at, uintptr_t caller)
{
    uint64_t hash = (at ^ caller << 20) * UINT64_C(0x9e3779b97f4a7c15);
    return &all[hash >> 56];
}

_Static_assert(RECALL_ENTRIES == 1 << (64 - 56), "the hash has as many values");

#ifdef __clang__ /* gcc has no MemorySanitizer */
#define RECALL_READS_ANYTHING __attribute__((no_sanitize("address", "thread", "memory")))
#else
#define RECALL_READS_ANYTHING __attribute__((no_sanitize("address", "thread")))
#endif

/* A return address, or what else is in its place: it may lie in a zone that AddressSanitizer has closed, or
 * never have been written. */
RECALL_READS_ANYTHING static uintptr_t recall_read(const char *place)
{
    return *(const volatile uintptr_t *)(const void *)place;
}

/* What an entry says: whoever reads something written after `version` was made odd sees it odd, or newer. */
#define READ(place) __atomic_load_n(&(place), __ATOMIC_ACQUIRE)
#define WRITE(place, value) __atomic_store_n(&(place), value, __ATOMIC_RELEASE)

/* ---- recalling ---- */

/* The entry's frames are those on the stack that ends at `end`; how many are the caller's. */
static uint32_t compare(const struct recall_entry *e, const char *at, const char *end, const void **pcs,
                        uint32_t most)
{
    uint32_t count = MIN(READ(e->count), RECALL_FRAMES), own = READ(e->own), n = 0;
    const size_t room = (size_t)(end - at) - sizeof(uintptr_t);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t slot = READ(e->slots[i]);
        uintptr_t pc = READ(e->pcs[i]);
        if (slot > room || recall_read(at + slot) != pc)
            return 0;
        if (i >= own && n < most)
            pcs[n++] = (const void *)pc; /* NOLINT(performance-no-int-to-ptr) */
    }
    return n;
}

uint32_t recall_stack(const char *at, const void *caller, const void **pcs, uint32_t most)
{
    struct recall_entry *all =
        __atomic_load_n(&recall_entries, __ATOMIC_ACQUIRE); /* pairs with entries_map */
    const char *end = all != NULL ? frame_own_end(at) : NULL;
    if (end == NULL || (size_t)(end - at) < sizeof(uintptr_t))
        return 0;
    const struct recall_entry *e = entry_of(all, (uintptr_t)at, (uintptr_t)caller);
    uint32_t version = __atomic_load_n(&e->version, __ATOMIC_ACQUIRE); /* pairs with the release in keep */
    if (version % 2 != 0 || READ(e->age) != LOAD(recall_age) || READ(e->at) != (uintptr_t)at ||
        READ(e->caller) != (uintptr_t)caller || READ(e->thread) != (uintptr_t)frame_thread() ||
        READ(e->most) != most)
        return 0;
    uint32_t count = compare(e, at, end, pcs, most);
    return LOAD(e->version) == version ? count : 0;
}

/* ---- keeping ---- */

void recall_frame(struct recall_walk *w, uintptr_t pc, uintptr_t end)
{
    uintptr_t place = end - sizeof(uintptr_t);
    if (!RECALL_WORKS || w->unsound || end <= (uintptr_t)w->at)
        return; /* the frames before the walk's own are the unwinder's */
    w->unsound = w->count == RECALL_FRAMES || place - (uintptr_t)w->at > UINT32_MAX ||
                 recall_read((const char *)place) != pc; /* NOLINT(performance-no-int-to-ptr) */
    if (w->unsound)
        return;
    w->slots[w->count] = (uint32_t)(place - (uintptr_t)w->at);
    w->pcs[w->count++] = pc;
}

/* False: it was seen at two distances, or may have been. What is seen so stays in its place for good. */
static bool distance_is_fixed(uintptr_t pc, uint64_t bytes)
{
    const uint64_t hash = pc * UINT64_C(0x9e3779b97f4a7c15);
    uint64_t *place = &recall_distances[hash % RECALL_DISTANCES], known = LOAD(*place);
    const uint64_t seen = (hash & ~DISTANCE_VARIES) | MIN(bytes / sizeof(uintptr_t), DISTANCE_VARIES);
    if (known == seen)
        return seen % (DISTANCE_VARIES + 1) != DISTANCE_VARIES;
    bool varies = ((known ^ seen) & ~DISTANCE_VARIES) == 0;
    if ((known & DISTANCE_VARIES) == DISTANCE_VARIES)
        return false;
    if (!__atomic_compare_exchange_n(place, &known, varies ? seen | DISTANCE_VARIES : seen, false,
                                     __ATOMIC_RELAXED, __ATOMIC_RELAXED))
        return false; /* another thread has written there */
    if (varies)
        ADD(recall_age, 1);
    return !varies;
}

static bool distances_are_fixed(const struct recall_walk *w)
{
    bool fixed = true;
    for (uint32_t i = 1; i < w->count; i++)
        fixed = distance_is_fixed(w->pcs[i - 1], w->slots[i] - w->slots[i - 1]) && fixed;
    return fixed;
}

static struct recall_entry *entries_map(void)
{
    struct recall_entry *none = NULL;
    struct recall_entry *all = __atomic_load_n(&recall_entries, __ATOMIC_ACQUIRE);
    if (all != NULL || RECALL_IS_WATCHED)
        return all;
    all = os_map(RECALL_ENTRIES * sizeof *all);
    if (all == NULL ||
        __atomic_compare_exchange_n(&recall_entries, &none, all, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
        return all;
    os_unmap(all, RECALL_ENTRIES * sizeof *all);
    return none;
}

static void entry_write(struct recall_entry *e, const struct recall_walk *w, const void *thread, uint32_t age)
{
    WRITE(e->age, age);
    WRITE(e->at, (uintptr_t)w->at);
    WRITE(e->caller, (uintptr_t)w->caller);
    WRITE(e->thread, (uintptr_t)thread);
    WRITE(e->most, w->most);
    WRITE(e->own, w->own);
    WRITE(e->count, w->count);
    for (uint32_t i = 0; i < w->count; i++) {
        WRITE(e->slots[i], w->slots[i]);
        WRITE(e->pcs[i], w->pcs[i]);
    }
}

void recall_keep(const struct recall_walk *w)
{
    const uint32_t age = LOAD(recall_age); /* a walk from before another's finding is not kept after it */
    bool whole = RECALL_WORKS && !w->unsound && w->count > w->own && distances_are_fixed(w);
    const void *thread = whole ? frame_owner(w->at) : NULL;
    struct recall_entry *all = thread != NULL ? entries_map() : NULL;
    if (all == NULL)
        return;
    struct recall_entry *e = entry_of(all, (uintptr_t)w->at, (uintptr_t)w->caller);
    uint32_t version = LOAD(e->version);
    if (version % 2 != 0 || !__atomic_compare_exchange_n(&e->version, &version, version + 1, false,
                                                         __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
        return; /* another thread is writing it */
    entry_write(e, w, thread, age);
    __atomic_store_n(&e->version, version + 2, __ATOMIC_RELEASE);
}
