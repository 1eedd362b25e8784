/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Keeps walks with the place of each return address on the stack. A walk is the same again if the same thread
 * begins one at the same address and finds all return addresses in their places.
 *
 * Invariants
 *   1. Only a thread's own stack is looked at, from the frame of the walk to the stack's end: all of it is
 *      mapped, whatever an entry says.
 *   2. An entry is written by one thread at a time, which makes `version` odd meanwhile. Whoever reads
 *      believes what it read if `version` was even and the same before and after.
 *   3. From a return address to the next one it is as far each time, but in functions with alloca or arrays
 *      of variable length. These could make up for each other's sizes, with return addresses of earlier calls
 *      left in the gaps. So a walk with a return address that was ever seen at two distances is not kept, and
 *      when one is first seen so all that was kept is forgotten, see `age`.
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
#define RECALL_FRAMES 64 /* most of a walk, those of the library's own functions among them */
#define RECALL_DISTANCES 2048

struct recall_entry {
    uint32_t version; /* see 2; 0: nothing was kept */
    uint32_t age;     /* of the time when it was kept */
    uint32_t most, count, own;
    uintptr_t at, caller, thread;
    uint32_t slots[RECALL_FRAMES]; /* bytes from `at` to the return address */
    uintptr_t pcs[RECALL_FRAMES];
};

static struct recall_entry *recall_entries; /* NULL: not yet, or no memory */
static uint32_t recall_age; /* entries of another age are forgotten. Relaxed: see recall_end */

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

/* Reads a return address, or what else is in its place: that may lie in a zone that AddressSanitizer has
 * closed, or never have been written. */
RECALL_READS_ANYTHING static uintptr_t recall_read(const char *place)
{
    return *(const volatile uintptr_t *)(const void *)place;
}

/*
 * Accesses to what an entry says. READ's acquire pairs with WRITE's release: whoever reads something that was
 * written after `version` was made odd, then loads `version` odd or newer, and believes nothing of it.
 */
#define READ(place) __atomic_load_n(&(place), __ATOMIC_ACQUIRE)
#define WRITE(place, value) __atomic_store_n(&(place), value, __ATOMIC_RELEASE)

/* ---- recalling ---- */

/* Compares the entry's frames with the stack, which ends at `end`. How many are the caller's; 0: one differs.
 * Pairs with WRITE in recall_frame and recall_end, as said at READ. */
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

/*
 * `version` is loaded first and last. The first load pairs with the release in recall_end: an entry that is
 * even is whole. The last one, behind READ's acquires, sees what a writer did who came in between.
 */
uint32_t recall_stack(const char *at, const void *caller, const void **pcs, uint32_t most)
{
    struct recall_entry *all =
        __atomic_load_n(&recall_entries, __ATOMIC_ACQUIRE); /* pairs with entries_map: they are all zero */
    const char *end = all != NULL ? frame_own_end(at) : NULL;
    if (end == NULL || (size_t)(end - at) < sizeof(uintptr_t))
        return 0;
    const struct recall_entry *e = entry_of(all, (uintptr_t)at, (uintptr_t)caller);
    uint32_t version = __atomic_load_n(&e->version, __ATOMIC_ACQUIRE);
    if (version % 2 != 0 || READ(e->age) != LOAD(recall_age) || READ(e->at) != (uintptr_t)at ||
        READ(e->caller) != (uintptr_t)caller || READ(e->thread) != (uintptr_t)frame_thread() ||
        READ(e->most) != most)
        return 0;
    uint32_t count = compare(e, at, end, pcs, most);
    return LOAD(e->version) == version ? count : 0;
}

/* ---- keeping ---- */

/* Maps the entries once. Pairs with recall_stack's load, and with itself on another thread: whoever finds
 * entries finds them zero. */
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

/*
 * Takes the entry for this walk, unless another thread is writing it. Where a thread has not asked yet how
 * far its stack reaches (frame_owner), nothing is kept: that takes memory of malloc, and this may be in a
 * signal handler.
 *
 * The exchange makes `version` odd. It pairs with another writer's release in recall_end: of two writers one
 * takes the entry; and with recall_stack's last load, through WRITE: no reader believes what it read of both.
 */
struct recall_walk recall_begin(const char *at, const void *caller, uint32_t most)
{
    struct recall_walk w = {.at = at, .age = LOAD(recall_age)};
    bool known = RECALL_WORKS && caller != NULL && frame_is_own(at);
    struct recall_entry *all = known ? entries_map() : NULL;
    struct recall_entry *e = all != NULL ? entry_of(all, (uintptr_t)at, (uintptr_t)caller) : NULL;
    uint32_t version = e != NULL ? LOAD(e->version) : 1;
    if (version % 2 != 0 || !__atomic_compare_exchange_n(&e->version, &version, version + 1, false,
                                                         __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
        return w;
    w.entry = e;
    WRITE(e->at, (uintptr_t)at);
    WRITE(e->caller, (uintptr_t)caller);
    WRITE(e->thread, (uintptr_t)frame_thread());
    WRITE(e->most, most);
    return w;
}

/* Writes a frame down. Pairs with READ in compare: see there. */
void recall_frame(struct recall_walk *w, uintptr_t pc, uintptr_t end, bool own)
{
    uintptr_t place = end - sizeof(uintptr_t);
    if (w->entry == NULL || w->unsound || end <= (uintptr_t)w->at)
        return; /* the frames before the walk's own are the unwinder's */
    w->unsound = w->count == RECALL_FRAMES || place - (uintptr_t)w->at > UINT32_MAX ||
                 recall_read((const char *)place) != pc; /* NOLINT(performance-no-int-to-ptr) */
    if (w->unsound)
        return;
    POND_ASSERT(w->count < RECALL_FRAMES && w->own <= w->count && LOAD(w->entry->version) % 2 != 0);
    WRITE(w->entry->slots[w->count], (uint32_t)(place - (uintptr_t)w->at));
    WRITE(w->entry->pcs[w->count], pc);
    w->count++;
    w->own += own;
}

/*
 * Notes how far it is from this return address to the next one. False: it was seen at two distances, or may
 * have been; that stays in its place for good. Relaxed: each word is right by itself, and tells of no other.
 */
static bool distance_is_fixed(uintptr_t pc, uint64_t words)
{
    const uint64_t hash = pc * UINT64_C(0x9e3779b97f4a7c15);
    uint64_t *place = &recall_distances[hash % RECALL_DISTANCES], known = LOAD(*place);
    const uint64_t seen = (hash & ~DISTANCE_VARIES) | MIN(words, DISTANCE_VARIES);
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

static bool distances_are_fixed(const struct recall_entry *e, uint32_t count)
{
    bool fixed = true;
    for (uint32_t i = 1; i < count; i++)
        fixed =
            distance_is_fixed(e->pcs[i - 1], (e->slots[i] - e->slots[i - 1]) / sizeof(uintptr_t)) && fixed;
    return fixed;
}

/*
 * Makes the entry whole. It gets the age that was when the walk began: if a return address was found at two
 * distances meanwhile, the entry is forgotten already. Pairs with the acquire of `version` in recall_stack,
 * which finds all of the walk written, and in recall_begin, where the next writer comes after this one.
 */
void recall_end(const struct recall_walk *w, bool found)
{
    struct recall_entry *e = w->entry;
    if (e == NULL)
        return;
    POND_ASSERT(LOAD(e->version) % 2 != 0 && w->own <= w->count && w->count <= RECALL_FRAMES);
    bool whole = found && !w->unsound && w->count > w->own && distances_are_fixed(e, w->count);
    WRITE(e->age, w->age);
    WRITE(e->own, w->own);
    WRITE(e->count, whole ? w->count : 0);
    __atomic_store_n(&e->version, LOAD(e->version) + 1, __ATOMIC_RELEASE);
}
