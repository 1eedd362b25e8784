/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Guard slots (see guard.h).
 *
 * 1. A slot is in the queue, in the hands of one take or give (GUARD_MOVING), or live. Slots leave the queue
 *    at its head and enter it at its tail, so an object that was given back traps until all other free slots
 *    were used.
 * 2. The queue alone is guarded by the lock, for a few instructions. System calls are made outside of it,
 *    by whoever has the slot in its hands.
 * 3. What a slot says of its object stays until the next object is there: a trap finds which
 *    threads got it and put it. The handler takes no lock; it marks the slot `trapped` before it looks.
 * 4. A slot that trapped comes to the head, is closed and goes to the tail again: as long as it is open
 *    nobody gets it, and afterwards it is in quarantine once more.
 *
 * Memory. The slots take GUARD_REGION (84 MiB) of address space, their records 22 MiB more; nothing of a
 * large slot is writable before it is used. Pages stay when they are given back: to take them from the kernel
 * anew would double what a get and put cost here (4 us more of 2), and a core file shows the object as it was
 * put, but for its declared secrets (secret_wipe). So resident for objects are at most GUARD_SLOTS *
 * GUARD_SLOT_BYTES (4 MiB), usually a page or two for each slot, and GUARD_LARGE_SLOTS * GUARD_LARGE_BYTES
 * (16 MiB), if there are objects of that size; for records a page for each slot, and with `reset` a snapshot
 * of the object: 5 MiB and 16 MiB at most.
 *
 * An area is a mapping of its own, which the kernel keeps apart from its neighbours since they are left out
 * of core files: mprotect of a whole mapping takes a third of the time that splitting and merging takes. Of a
 * large slot's area only the pages that the object touches are opened, so that an access behind them traps as
 * well: to split the mapping is little beside the zeroing of such an object.
 */
#include "guard.h"
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

uintptr_t guard_region = GUARD_NOWHERE;

_Static_assert(WATCH_REGION == GUARD_REGION, "the front door and we ask of the same region");

#define GUARD_ALL_SLOTS (GUARD_SLOTS + GUARD_LARGE_SLOTS)

static struct guard_slot guard_slots[GUARD_ALL_SLOTS];
static char *guard_records;

#define GUARD_PATTERN 0xa5

/* ---- two classes of slots ---- */

/* A record's bytes[] are a snapshot: an object in a slot is never idle, and so never poisoned. */
#define RECORD_STRIDE ((sizeof(struct record) + GUARD_SLOT_BYTES + 4095) & ~(size_t)4095)
#define RECORDS (GUARD_SLOTS * RECORD_STRIDE)

/* Those of large slots are opened one by one: their strides are of whole pages, however large pages are. */
#define RECORD_LARGE_STRIDE (GUARD_LARGE_BYTES + GUARD_FRONT)
#define RECORDS_ALL (RECORDS + GUARD_FRONT + GUARD_LARGE_SLOTS * RECORD_LARGE_STRIDE)

static struct guard_class {
    size_t most;  /* bytes of an object, and of the area at the smallest page size */
    size_t first; /* the first slot's number */
    size_t slots;
    size_t region, stride; /* the first slot's place in the region, and from one to the next */
    size_t record, record_stride;
    /* The queue of free slots. */
    uint32_t head, count;
    uint16_t queue[GUARD_SLOTS];
} guard_classes[] = {
    {.most = GUARD_SLOT_BYTES, .slots = GUARD_SLOTS, .stride = GUARD_STRIDE, .record_stride = RECORD_STRIDE},
    {.most = GUARD_LARGE_BYTES,
     .first = GUARD_SLOTS,
     .slots = GUARD_LARGE_SLOTS,
     .region = GUARD_SLOTS * GUARD_STRIDE,
     .stride = GUARD_LARGE_STRIDE,
     .record = (RECORDS + GUARD_FRONT - 1) & ~(GUARD_FRONT - 1),
     .record_stride = RECORD_LARGE_STRIDE}};

/* The class of objects of that size; NULL: they are too big. */
static struct guard_class *guard_class_for(size_t size)
{
    struct guard_class *c = &guard_classes[size > GUARD_SLOT_BYTES];
    return size <= c->most ? c : NULL;
}

static struct guard_class *guard_class_of(const struct guard_slot *s)
{
    return &guard_classes[s - guard_slots >= GUARD_SLOTS];
}

static bool is_large(const struct guard_slot *s)
{
    return guard_class_of(s) != guard_classes;
}

/* The slot's number within its class, from 0 on. */
static size_t index_of(const struct guard_slot *s)
{
    return (size_t)(s - guard_slots) - guard_class_of(s)->first;
}

/* ---- the queue of free slots ---- */

static pthread_mutex_t guard_lock = PTHREAD_MUTEX_INITIALIZER;

static void queue_append(const struct guard_slot *s)
{
    struct guard_class *c = guard_class_of(s);
    POND_ASSERT(c->count < c->slots);
    c->queue[(c->head + c->count++) % c->slots] = (uint16_t)(s - guard_slots);
}

static struct guard_slot *queue_take(struct guard_class *c)
{
    struct guard_slot *s = NULL;
    pthread_mutex_lock(&guard_lock);
    if (c->count > 0) {
        s = &guard_slots[c->queue[c->head]];
        POND_ASSERT(s->state == GUARD_NEW || s->state == GUARD_GIVEN);
        c->head = (uint32_t)((c->head + 1) % c->slots);
        c->count--;
        __atomic_store_n(&s->state, GUARD_MOVING, __ATOMIC_RELEASE); /* Pairs with trapped_in_slot */
    }
    pthread_mutex_unlock(&guard_lock);
    return s;
}

static void queue_give(struct guard_slot *s)
{
    pthread_mutex_lock(&guard_lock);
    POND_ASSERT(s->state == GUARD_MOVING);
    /* Pairs with trapped_in_slot and guard_walk: the slot's object is another one from the next take on. */
    __atomic_store_n(&s->state, s->object == 0 ? GUARD_NEW : GUARD_GIVEN, __ATOMIC_RELEASE);
    queue_append(s);
    pthread_mutex_unlock(&guard_lock);
}

/* ---- pages ---- */

/* Some pages of a slot. */
struct pages {
    uintptr_t start;
    size_t bytes;
};

static uintptr_t region_start(void)
{
    return __atomic_load_n(&guard_region, __ATOMIC_ACQUIRE); /* Pairs with map_slots */
}

static struct pages span_of(const struct guard_slot *s)
{
    const struct guard_class *c = guard_class_of(s);
    return (struct pages){region_start() + c->region + index_of(s) * c->stride, c->stride};
}

static struct pages area_of(const struct guard_slot *s)
{
    return (struct pages){span_of(s).start + GUARD_FRONT, MAX(guard_class_of(s)->most, os_page_size())};
}

/* The pages that are opened for an object there: see the top. A trap's handler may ask for an object that is
 * just being changed for another: nothing beyond the area is opened for it. */
static struct pages pages_of(const struct guard_slot *s, uintptr_t object, size_t size)
{
    struct pages area = area_of(s);
    if (!is_large(s))
        return area;
    uintptr_t page = os_page_size(), start = object & ~(page - 1);
    uintptr_t end = MIN(rounded_up(object + size, page), area.start + area.bytes);
    return (struct pages){start, end - start};
}

static struct pages pages_now(const struct guard_slot *s)
{
    return pages_of(s, LOAD(s->object), LOAD(s->size));
}

/* Addresses as pointers: the region is one mapping. */
static char *pointer_to(uintptr_t address)
{
    return (char *)address;
}

static bool set_rights(struct pages pages, int rights)
{
    int saved = errno;
    bool done = mprotect(pointer_to(pages.start), pages.bytes, rights) == 0;
    errno = saved;
    return done;
}

/* Has all trap again that a trap may have opened. A kernel that cannot do it leaves it open: then a bug is
   missed. */
static void close_span(struct guard_slot *s)
{
    STORE(s->trapped, 0);
    (void)set_rights(span_of(s), PROT_NONE);
}

struct guard_slot *guard_slot_at(uintptr_t address)
{
    size_t offset = address - region_start();
    POND_ASSERT(offset < GUARD_REGION);
    const struct guard_class *c = &guard_classes[offset >= guard_classes[1].region];
    return &guard_slots[c->first + (offset - c->region) / c->stride];
}

struct record *guard_slot_record(const struct guard_slot *s)
{
    const struct guard_class *c = guard_class_of(s);
    return (struct record *)(void *)(guard_records + c->record + index_of(s) * c->record_stride);
}

/* The record of a large object can be written to only as far as its snapshot goes. */
static bool open_record(const struct guard_slot *s, size_t size)
{
    size_t bytes = rounded_up(sizeof(struct record) + size, os_page_size());
    return !is_large(s) ||
           set_rights((struct pages){(uintptr_t)guard_slot_record(s), bytes}, PROT_READ | PROT_WRITE);
}

bool guard_in_area(uintptr_t address)
{
    struct pages pages = pages_now(guard_slot_at(address));
    return address - pages.start < pages.bytes;
}

bool guard_open(uintptr_t address)
{
    struct guard_slot *s = guard_slot_at(address);
    size_t page = os_page_size();
    STORE(s->trapped, 1);
    struct pages one = {address & ~(page - 1), page};
    return set_rights(guard_in_area(address) ? pages_now(s) : one, PROT_READ | PROT_WRITE);
}

/* ---- an object in its area ---- */

/* Where the object's neighbours that do not trap begin and end. */
struct slack {
    char *front, *object, *end, *behind;
};

static struct slack slack_of(const struct guard_slot *s)
{
    struct pages pages = pages_now(s);
    uintptr_t end = s->object + s->size, limit = pages.start + pages.bytes;
    return (struct slack){.front = pointer_to(s->object - MIN(GUARD_SLACK, s->object - pages.start)),
                          .object = pointer_to(s->object),
                          .end = pointer_to(end),
                          .behind = pointer_to(limit - end < POND_MAX_ALIGN ? limit : end + GUARD_SLACK)};
}

/* At the area's beginning an underflow traps, at its end an overflow. */
static uintptr_t slot_place(const struct guard_slot *s, size_t size, size_t align)
{
    struct pages area = area_of(s);
    if ((guard_random() >> 32 & 1) != 0)
        return area.start;
    return (area.start + area.bytes - size) & ~(uintptr_t)(MAX(align, 1) - 1);
}

static void slack_fill(const struct guard_slot *s)
{
    struct slack k = slack_of(s);
    memset(k.front, GUARD_PATTERN, (size_t)(k.object - k.front));
    memset(k.end, GUARD_PATTERN, (size_t)(k.behind - k.end));
}

static void slot_fill(const struct guard_slot *s)
{
    slack_fill(s);
    memset(slack_of(s).object, 0, s->size);
}

/* False: *first to *last were written. */
static bool slack_is_filled(const char *start, const char *end, const char **first, const char **last)
{
    while (start < end && (unsigned char)*start == GUARD_PATTERN)
        start++;
    while (start < end && (unsigned char)end[-1] == GUARD_PATTERN)
        end--;
    *first = start;
    *last = end - 1;
    return start == end;
}

bool guard_slack_is_clean(const void *memory, ptrdiff_t *offset, size_t *bytes)
{
    struct slack k = slack_of(guard_slot_at((uintptr_t)memory));
    const char *first, *last;
    if (slack_is_filled(k.end, k.behind, &first, &last) && slack_is_filled(k.front, k.object, &first, &last))
        return true;
    *offset = first - k.object;
    *bytes = (size_t)(last - first) + 1;
    return false;
}

void guard_mend_slack(const void *memory)
{
    slack_fill(guard_slot_at((uintptr_t)memory));
}

/* ---- take and give ---- */

/* The slot that has waited longest, or NULL. One that trapped goes to the tail, and the next is asked. */
static struct guard_slot *take_closed(struct guard_class *c)
{
    struct guard_slot *s = queue_take(c);
    for (int tries = 0; s != NULL && LOAD(s->trapped) != 0; tries++) {
        close_span(s);
        queue_give(s);
        s = tries < 2 ? queue_take(c) : NULL;
    }
    return s;
}

void *guard_take(struct pond *p, size_t size, size_t align)
{
    struct guard_class *c = guard_class_for(size);
    struct guard_slot *s = c != NULL && region_start() != GUARD_NOWHERE ? take_closed(c) : NULL;
    if (s == NULL)
        return NULL;
    uintptr_t object = slot_place(s, size, align);
    POND_ASSERT(object % MAX(align, 1) == 0 && object >= area_of(s).start &&
                object + size <= area_of(s).start + area_of(s).bytes);
    if (!open_record(s, size) || !set_rights(pages_of(s, object, size), PROT_READ | PROT_WRITE)) {
        queue_give(s);
        return NULL;
    }
    STORE(s->object, object);
    STORE(s->size, size);
    STORE(s->owner, p);
    slot_fill(s);
    *guard_slot_record(s) = (struct record){.generation = RECORD_ALWAYS};
    __atomic_store_n(&s->state, GUARD_LIVE, __ATOMIC_RELEASE); /* Pairs with guard_walk and trapped_in_slot */
    return pointer_to(object);
}

void guard_give(void *memory)
{
    struct guard_slot *s = guard_slot_at((uintptr_t)memory);
    POND_ASSERT(s->state == GUARD_LIVE && s->object == (uintptr_t)memory);
    __atomic_store_n(&s->state, GUARD_MOVING, __ATOMIC_RELEASE); /* Pairs with trapped_in_slot */
    if (LOAD(s->trapped) != 0)
        close_span(s);
    else
        (void)set_rights(pages_now(s), PROT_NONE);
    queue_give(s);
}

/* ---- looking objects up ---- */

struct record *guard_record(const void *address, const void **object, struct pond **owner)
{
    if (!guard_owns(address))
        return NULL;
    const struct guard_slot *s = guard_slot_at((uintptr_t)address);
    uintptr_t start = LOAD(s->object);
    if (start == 0 || (uintptr_t)address - start >= MAX(LOAD(s->size), 1))
        return NULL;
    *object = pointer_to(start);
    *owner = LOAD(s->owner);
    return guard_slot_record(s);
}

struct pond *watch_owner_at(const void *address)
{
    const void *object;
    struct pond *owner = NULL;
    if (!guard_owns(address))
        return NULL;
    check_lock();
    bool there = guard_record(address, &object, &owner) != NULL &&
                 /* Relaxed: an address that the caller may use is that of an object it has */
                 LOAD(guard_slot_at((uintptr_t)address)->state) == GUARD_LIVE;
    check_unlock();
    return there ? owner : NULL;
}

void guard_walk(struct pond *p, record_visitor *visit, void *ctx)
{
    for (struct guard_slot *s = guard_slots; s < guard_slots + GUARD_ALL_SLOTS; s++)
        /* Pairs with guard_take: the object, its owner and its record are seen. */
        if (__atomic_load_n(&s->state, __ATOMIC_ACQUIRE) == GUARD_LIVE && LOAD(s->owner) == p)
            visit(p, pointer_to(LOAD(s->object)), guard_slot_record(s), ctx);
}

void guard_own_memory(void (*visit)(const void *memory, size_t bytes, void *ctx), void *ctx)
{
    visit(guard_slots, sizeof(guard_slots), ctx);
    if (region_start() == GUARD_NOWHERE)
        return;
    visit(pointer_to(region_start()), GUARD_REGION, ctx);
    visit(guard_records, RECORDS_ALL, ctx);
}

void guard_forget(struct pond *p)
{
    for (struct guard_slot *s = guard_slots; s < guard_slots + GUARD_ALL_SLOTS; s++)
        if (LOAD(s->owner) == p)
            STORE(s->owner, NULL);
}

/* ---- start, fork ---- */

static char *reserve_space(size_t bytes)
{
    void *base = mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (base == MAP_FAILED)
        return NULL;
    os_small_pages(base, bytes);
    return base;
}

/* Leaves what lies between areas out of core files, which has the kernel keep areas apart: see the top. Where
   it is refused all works, but slower. */
static void set_areas_apart(void)
{
    int saved = errno;
    uintptr_t gap = region_start();
    for (const struct guard_slot *s = guard_slots; s < guard_slots + GUARD_ALL_SLOTS; s++) {
        struct pages area = area_of(s);
        (void)madvise(pointer_to(gap), area.start - gap, MADV_DONTDUMP);
        gap = area.start + area.bytes;
    }
    (void)madvise(pointer_to(gap), region_start() + GUARD_REGION - gap, MADV_DONTDUMP);
    errno = saved;
}

static char *map_records(void)
{
    char *records = reserve_space(RECORDS_ALL);
    if (records == NULL || set_rights((struct pages){(uintptr_t)records, RECORDS}, PROT_READ | PROT_WRITE))
        return records;
    os_unmap(records, RECORDS_ALL);
    return NULL;
}

static bool map_slots(void)
{
    char *region = reserve_space(GUARD_REGION);
    guard_records = region != NULL ? map_records() : NULL;
    if (guard_records == NULL) {
        if (region != NULL)
            os_unmap(region, GUARD_REGION);
        return false;
    }
    watch_mapped(region, GUARD_REGION);
    __atomic_store_n(&guard_region, (uintptr_t)region, __ATOMIC_RELEASE); /* Pairs with region_start */
    set_areas_apart();
    for (size_t i = 0; i < GUARD_ALL_SLOTS; i++)
        queue_append(&guard_slots[i]);
    return true;
}

bool guard_start(void)
{
    pthread_mutex_lock(&guard_lock);
    bool there = region_start() != GUARD_NOWHERE;
    bool started = there || map_slots();
    if (started && !there) {
        guard_seed();
        trap_install();
    }
    pthread_mutex_unlock(&guard_lock);
    if (!started)
        errno = ENOMEM;
    return started;
}

void guard_fork_prepare(void)
{
    pthread_mutex_lock(&guard_lock);
}

/* Ends what guard_fork_prepare began. In the child it takes back the slots that other threads of the parent
   had in their hands, for they are in nobody's here. */
void guard_fork_done(bool child)
{
    for (struct guard_slot *s = guard_slots; child && s < guard_slots + GUARD_ALL_SLOTS; s++)
        if (s->state == GUARD_MOVING) {
            close_span(s);
            s->state = s->object == 0 ? GUARD_NEW : GUARD_GIVEN;
            queue_append(s);
        }
    pthread_mutex_unlock(&guard_lock);
}
