/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What leads to the live objects of ponds. A word of memory leads to an object when it is the address of one
 * of its bytes.
 *
 *   1. It begins in all memory that is not the library's own, in the registers of all threads, and in objects
 *      that may be in somebody's hands though they are not known to be live; and goes on in live objects that
 *      were reached. Idle objects lead nowhere, nor do magazines, records and copies of an idle object's
 *      bytes.
 *   2. It errs on one side: what was freed, and dead frames of stacks, lead to objects, too. What is said to
 *      be lost is so, unless its address is kept in a way that is no address (compressed, encrypted, in a
 *      file).
 *   3. All is read in a copy of the process, made while all locks of the library are held and all other
 *      threads stand still: nothing is on its way from one place to another.
 */
#include "reach.h"
#include "full.h"
#include "guard.h"
#include "table.h"
#include <sys/mman.h>

struct reach_span {
    uintptr_t start, end;
};

/* ---- sorting: in a copy, where nothing may be allocated ---- */

/* Elements begin with the address by which they are sorted. */
static uintptr_t *sort_at(void *base, size_t bytes, size_t i)
{
    return (uintptr_t *)(void *)((char *)base + i * bytes);
}

static void sort_swap(void *base, size_t bytes, size_t i, size_t k)
{
    unsigned char kept[sizeof(struct reach_node)];
    POND_ASSERT(bytes <= sizeof(kept));
    memcpy(kept, sort_at(base, bytes, i), bytes);
    memcpy(sort_at(base, bytes, i), sort_at(base, bytes, k), bytes);
    memcpy(sort_at(base, bytes, k), kept, bytes);
}

static void sort_sift(void *base, size_t bytes, size_t root, size_t count)
{
    for (size_t child; (child = 2 * root + 1) < count; root = child) {
        child += child + 1 < count && *sort_at(base, bytes, child) < *sort_at(base, bytes, child + 1);
        if (*sort_at(base, bytes, root) >= *sort_at(base, bytes, child))
            return;
        sort_swap(base, bytes, root, child);
    }
}

static bool sort_is_done(void *base, size_t bytes, size_t count)
{
    size_t i = 1;
    while (i < count && *sort_at(base, bytes, i - 1) <= *sort_at(base, bytes, i))
        i++;
    return i >= count;
}

void reach_sort(void *base, size_t bytes, size_t count)
{
    if (sort_is_done(base, bytes, count))
        return;
    for (size_t root = count / 2; root-- > 0;)
        sort_sift(base, bytes, root, count);
    for (size_t end = count; end-- > 1;) {
        sort_swap(base, bytes, 0, end);
        sort_sift(base, bytes, 0, end);
    }
}

/* How many of the elements begin at this address or before. */
static size_t sort_count(void *base, size_t bytes, size_t count, uintptr_t address)
{
    size_t from = 0;
    while (from < count) {
        size_t middle = from + (count - from) / 2;
        if (*sort_at(base, bytes, middle) <= address)
            from = middle + 1;
        else
            count = middle;
    }
    return from;
}

/* ---- live objects ---- */

#define REACH_OPEN 4096 /* bytes of an object whose end nobody knows, unless another one begins there */

static void reach_add(struct reach *r, struct pond *p, void *obj, size_t size, const struct record *record)
{
    uint32_t state = record != NULL ? record_state(check_of(p), record) : RECORD_UNKNOWN;
    r->got_lately = r->got_lately || (state != RECORD_UNKNOWN && record->forks == event_forks());
    if (state == RECORD_IDLE || state == RECORD_DROPPED)
        return;
    r->full = r->full || r->count == r->room;
    if (r->full)
        return;
    struct reach_node *n = &r->nodes[r->count++];
    *n = (struct reach_node){.start = (uintptr_t)obj, .pond = p, .open = size == 0};
    n->end = n->start + MAX(size, 1);
    n->created = p->object_bytes == 0;
    n->live = state == RECORD_LIVE && watch_of(p) == &watch_full;
    if (n->live) {
        n->got = record->got;
        n->forks = record->forks;
    }
}

static void reach_slab_object(struct reach *r, struct pond *p, struct slab *s, size_t object)
{
    const char *record = check_of(p) != NULL ? s->annex : NULL;
    if (record != NULL)
        record += object * check_of(p)->record_bytes;
    reach_add(r, p, s->base + object * p->object_bytes + p->front_bytes, p->options.size,
              (const struct record *)(const void *)record);
}

/* Adds the pond's objects in slabs. The newest slab comes first, which mostly is the order of addresses
   (os_reserve): so there is less to sort. */
static void reach_slabs(struct reach *r, struct pond *p)
{
    for (struct slab *s = p->slabs.last; s != NULL; s = s->prior)
        for (size_t object = 0; object < s->room; object++)
            if (bit_is_set(s->taken, object))
                reach_slab_object(r, p, s, object);
}

static void reach_recorded(struct pond *p, void *obj, struct record *record, void *ctx)
{
    const pond_type *type = p->options.type;
    size_t size = type != NULL ? type->size : p->options.size;
    reach_add(ctx, p, obj, size, record);
}

static void reach_pond(struct reach *r, struct pond *p)
{
    reach_slabs(r, p);
    if (check_of(p) == NULL)
        return;
    guard_walk(p, reach_recorded, r);
    record_walk_table(p, reach_recorded, r);
}

/* Sorts the objects by address, and says where those end of which nobody knows it. */
static void reach_order(struct reach *r)
{
    reach_sort(r->nodes, sizeof(r->nodes[0]), r->count);
    uintptr_t next = UINTPTR_MAX;
    r->low = r->created_low = UINTPTR_MAX;
    for (size_t i = r->count; i-- > 0;) {
        struct reach_node *n = &r->nodes[i];
        if (n->open)
            n->end = MIN(n->start + REACH_OPEN, next);
        if (i > 0 && r->nodes[i - 1].start != n->start)
            next = n->start;
        r->low = MIN(r->low, n->start);
        r->high = MAX(r->high, n->end);
        r->created_low = n->created ? MIN(r->created_low, n->start) : r->created_low;
        r->created_high = n->created ? MAX(r->created_high, n->end) : r->created_high;
    }
}

/* ---- reached ---- */

static void reach_mark(struct reach *r, size_t i)
{
    POND_ASSERT(i < r->count);
    struct reach_node *n = &r->nodes[i];
    if (n->reached)
        return;
    n->reached = true;
    n->framed = r->frames;
    n->next = r->todo;
    r->todo = (uint32_t)(i + 1);
}

/*
 * True: the word may be a pointer to an object. Most are none, so that is asked first. Many point to other
 * memory, and to the same of it: what was no slab is remembered.
 */
static bool reach_may_be(struct reach *r, uintptr_t word)
{
    if (word < r->low || word >= r->high)
        return false;
    const void *address = (const void *)word;
    if ((word >= r->created_low && word < r->created_high) || guard_owns(address))
        return true;
    uintptr_t block = word / SLAB_UNIT, *other = &r->others[block % REACH_OTHERS];
    if (*other == block)
        return false;
    if (slab_of(address) != NULL)
        return true;
    *other = block;
    return false;
}

#define REACH_NESTED                                                                                         \
    4 /* objects that one address may lie in: what create makes of another pond's objects                    \
       */

static void reach_word(uintptr_t word, void *ctx)
{
    struct reach *r = ctx;
    if (!reach_may_be(r, word))
        return;
    size_t i = sort_count(r->nodes, sizeof(r->nodes[0]), r->count, word);
    for (int nested = 0; i-- > 0 && nested < REACH_NESTED; nested++)
        if (word < r->nodes[i].end)
            reach_mark(r, i);
}

/* Follows the words of reached objects to other objects. Those of an object without a known end are looked at
 * with the memory around it. */
static void reach_through(struct reach *r)
{
    while (r->todo != 0) {
        const struct reach_node *n = &r->nodes[r->todo - 1];
        r->todo = n->next;
        if (!n->open)
            regions_words(&r->regions, n->start, n->end, reach_word, r);
    }
}

static bool reach_all(const struct reach *r)
{
    size_t i = 0;
    while (i < r->count && (r->nodes[i].reached || !r->nodes[i].live))
        i++;
    return i == r->count;
}

/* ---- memory that leads nowhere ---- */

static void hole_add(struct reach *r, const void *memory, size_t bytes)
{
    if (r->holes != NULL && r->hole_count < r->hole_room)
        r->holes[r->hole_count] = (struct reach_span){(uintptr_t)memory, (uintptr_t)memory + bytes};
    r->hole_count++;
}

static void hole_visit(const void *memory, size_t bytes, void *ctx)
{
    hole_add(ctx, memory, bytes);
}

static void hole_slab(const struct slab *s, void *ctx)
{
    hole_add(ctx, s->base, s->bytes);
    hole_add(ctx, s, s->header_bytes);
    if (s->annex != NULL)
        hole_add(ctx, s->annex, s->annex_bytes);
}

/* Bytes that the library's own frames take at most, which begin where this thread's frames end. */
#define REACH_FRAMES ((size_t)8 << 10)

static void hole_all(struct reach *r)
{
    r->hole_count = 0;
    slab_each_mapped(hole_slab, r);
    guard_own_memory(hole_visit, r);
    hole_add(r, r, r->bytes);
    hole_add(r, (const char *)r->stack - REACH_FRAMES, REACH_FRAMES);
    if (r->holes != NULL)
        hole_add(r, r->holes, r->hole_room * sizeof(r->holes[0]));
    for (size_t i = 0; i < r->count; i++)
        if (r->nodes[i].created && !r->nodes[i].open)
            hole_add(r, (const void *)r->nodes[i].start, r->nodes[i].end - r->nodes[i].start);
}

/* Notes all memory that leads nowhere: it is counted first. False: there is no memory to note it. */
static bool hole_find_all(struct reach *r)
{
    hole_all(r);
    size_t bytes = rounded_up((r->hole_count + 1) * sizeof(r->holes[0]), os_page_size());
    r->holes = os_map(bytes);
    r->hole_room = bytes / sizeof(r->holes[0]);
    if (r->holes == NULL)
        return false;
    hole_all(r);
    reach_sort(r->holes, sizeof(r->holes[0]), r->hole_count);
    return true;
}

/* Looks at a mapping but for the holes in it, which may lie in one another. */
static void reach_region(uintptr_t from, uintptr_t to, bool shared, void *ctx)
{
    struct reach *r = ctx;
    size_t i = sort_count(r->holes, sizeof(r->holes[0]), r->hole_count, from);
    for (size_t k = i; k-- > 0 && i - k <= REACH_NESTED;)
        from = MAX(from, MIN(r->holes[k].end, to));
    for (; i < r->hole_count && r->holes[i].start < to; i++) {
        if (r->holes[i].start > from)
            regions_written(&r->regions, from, r->holes[i].start, shared, reach_word, r);
        from = MAX(from, MIN(r->holes[i].end, to));
    }
    if (from < to)
        regions_written(&r->regions, from, to, shared, reach_word, r);
}

/* ---- in the copy ---- */

static void reach_roots(struct reach *r)
{
    uintptr_t registers = (uintptr_t)r->halt.registers;
    regions_words(&r->regions, registers, registers + r->halt.bytes, reach_word, r);
    for (size_t i = 0; i < r->count; i++)
        if (!r->nodes[i].live)
            reach_mark(r, i);
}

/* Does the whole search, in the copy. Files are read last: a program may have many of them, and little is
   known to the kernel alone. */
static void reach_work(void *arg)
{
    struct reach *r = arg;
    for (struct pond *p = registry_first(); p != NULL; p = registry_after(p))
        reach_pond(r, p);
    reach_order(r);
    if (r->full || !hole_find_all(r) || !regions_each(&r->regions, r->stack, &r->frames_end, reach_region, r))
        return;
    reach_roots(r);
    reach_through(r);
    if (!reach_all(r)) {
        regions_waited(reach_word, r);
        reach_through(r);
    }
    r->frames = true;
    reach_region(r->stack, r->frames_end, false, r);
    reach_through(r);
    r->done = true;
}

/* ---- in the process itself ---- */

static struct reach *reach_map(void)
{
    uint64_t objects = 0;
    for (struct pond *p = registry_first(); p != NULL; p = registry_after(p))
        objects += LOAD(p->objects); /* Relaxed: all locks are taken */
    if (objects >= MIN(UINT32_MAX, SIZE_MAX / sizeof(struct reach_node) / 2))
        return NULL;
    size_t room = (size_t)objects;
    size_t bytes = rounded_up(sizeof(struct reach) + room * sizeof(struct reach_node), os_page_size());
    struct reach *r =
        mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (r == MAP_FAILED)
        return NULL;
    r->bytes = bytes;
    r->nodes = (struct reach_node *)(r + 1);
    r->room = room;
    return r;
}

#define REACH_MILLISECONDS 60000

struct reach *reach_look(const void *stack)
{
    pid_t halter, looker = 0;
    registry_freeze();
    struct reach *r = reach_map();
    if (r != NULL) {
        r->stack = (uintptr_t)stack;
        if (halt_begin(&r->halt, &halter))
            looker = apart_begin(reach_work, r);
        halt_end(&r->halt, halter);
    }
    registry_thaw();
    apart_end(looker, REACH_MILLISECONDS);
    return r;
}

void reach_end(struct reach *r)
{
    if (r != NULL)
        (void)munmap(r, r->bytes);
}
