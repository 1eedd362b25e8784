/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Guard slots (see guard.h).
 *
 * 1. A slot is in the queue, in the hands of one take or give (GUARD_MOVING), or live. Slots leave the queue
 *    at its head and enter it at its tail, so an object that was given back traps until all other free slots
 *    were used.
 * 2. The queue alone is guarded by the lock, for a few instructions. System calls are made outside of it,
 *    by who has the slot in its hands.
 * 3. What a slot says of its object stays until the next object is there: a trap finds who got it and
 *    who put it. The handler takes no lock; it marks the slot `trapped` before it looks.
 * 4. A slot that trapped comes to the head, is closed and goes to the tail again: as long as it is open
 *    nobody gets it, and afterwards it is in quarantine once more.
 *
 * Memory. Pages stay when they are given back: to take them from the kernel anew would double what a get
 * and put cost here (4 us more of 2), and a core file shows the object as it was put. So at most
 * GUARD_SLOTS * GUARD_SLOT_BYTES (4 MiB) are resident for objects, usually a page or two for each slot, and
 * GUARD_SLOTS * RECORD_STRIDE (9 MiB) for records, a page for each slot unless snapshots need more.
 *
 * An area is a mapping of its own, which the kernel keeps apart from its neighbours since they are left out
 * of core files: mprotect of a whole mapping takes a third of the time that splitting and merging takes.
 */
#include "check.h"
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

uintptr_t guard_region = GUARD_NOWHERE;
__thread struct guard_countdown guard_countdown;

_Static_assert(WATCH_REGION == GUARD_REGION, "the front door and we ask of the same region");

static struct guard_slot guard_slots[GUARD_SLOTS];
static char *guard_records;

#define GUARD_PATTERN 0xa5
#define RECORD_STRIDE ((sizeof(struct record) + 2 * GUARD_SLOT_BYTES + 4095) & ~(size_t)4095)

/* ---- when: guard_is_due ---- */

/* xorshift64*. Seeded by where the thread's storage lies and by how many threads came before. */
static uint64_t guard_random(void)
{
    static __thread uint64_t state __attribute__((tls_model("initial-exec")));
    static uint64_t threads;
    uint64_t x = state;
    if (x == 0)
        x = (__atomic_add_fetch(&threads, 1, __ATOMIC_RELAXED) * 0x9e3779b97f4a7c15u) ^ (uintptr_t)&state;
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    state = x;
    return x * 0x2545f4914f6cdd1du;
}

/* Evenly from 1 to 2 * every - 1, so `every` in the mean. */
static int64_t guard_distance(uint64_t every)
{
    return (int64_t)(every <= 1 ? 1 : 1 + guard_random() % (2 * MIN(every, UINT32_MAX) - 1));
}

bool guard_draw(void)
{
    uint64_t every = LOAD(check_settings.guard_every);
    int64_t distance = 0;
    if (guard_countdown.every != every) {
        guard_countdown.every = every;
        distance = guard_distance(every) - 1; /* from the call before this one */
    }
    bool due = distance == 0;
    guard_countdown.left = (due ? guard_distance(every) : distance) - 1;
    return due;
}

/* ---- the queue of free slots ---- */

static struct {
    pthread_mutex_t lock;
    uint32_t head, count;
    uint16_t slots[GUARD_SLOTS];
} guard_queue = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void queue_append(const struct guard_slot *s)
{
    uint32_t tail = (guard_queue.head + guard_queue.count++) % GUARD_SLOTS;
    guard_queue.slots[tail] = (uint16_t)(s - guard_slots);
}

static struct guard_slot *queue_take(void)
{
    struct guard_slot *s = NULL;
    pthread_mutex_lock(&guard_queue.lock);
    if (guard_queue.count > 0) {
        s = &guard_slots[guard_queue.slots[guard_queue.head]];
        guard_queue.head = (guard_queue.head + 1) % GUARD_SLOTS;
        guard_queue.count--;
        __atomic_store_n(&s->state, GUARD_MOVING, __ATOMIC_RELEASE);
    }
    pthread_mutex_unlock(&guard_queue.lock);
    return s;
}

static void queue_give(struct guard_slot *s)
{
    pthread_mutex_lock(&guard_queue.lock);
    __atomic_store_n(&s->state, s->object == 0 ? GUARD_NEW : GUARD_GIVEN, __ATOMIC_RELEASE);
    queue_append(s);
    pthread_mutex_unlock(&guard_queue.lock);
}

/* ---- pages ---- */

static size_t area_bytes(void)
{
    return MAX(GUARD_SLOT_BYTES, os_page_size());
}

static uintptr_t region_start(void)
{
    return __atomic_load_n(&guard_region, __ATOMIC_ACQUIRE);
}

static uintptr_t span_of(const struct guard_slot *s)
{
    return region_start() + (size_t)(s - guard_slots) * GUARD_STRIDE;
}

static uintptr_t area_of(const struct guard_slot *s)
{
    return span_of(s) + GUARD_FRONT;
}

/* Addresses as pointers: the region is one mapping. */
static char *pointer_to(uintptr_t address)
{
    return (char *)address;
}

static bool set_rights(uintptr_t start, size_t bytes, int rights)
{
    int saved = errno;
    bool done = mprotect(pointer_to(start), bytes, rights) == 0;
    errno = saved;
    return done;
}

/* All that a trap may have opened traps again. A kernel that cannot leaves it open: a bug is missed. */
static void close_span(struct guard_slot *s)
{
    STORE(s->trapped, 0);
    (void)set_rights(span_of(s), GUARD_STRIDE, PROT_NONE);
}

struct guard_slot *guard_slot_at(uintptr_t address)
{
    return &guard_slots[(address - region_start()) / GUARD_STRIDE];
}

struct record *guard_slot_record(const struct guard_slot *s)
{
    return (struct record *)(void *)(guard_records + (size_t)(s - guard_slots) * RECORD_STRIDE);
}

bool guard_in_area(uintptr_t address)
{
    return address - area_of(guard_slot_at(address)) < area_bytes();
}

bool guard_open(uintptr_t address)
{
    struct guard_slot *s = guard_slot_at(address);
    size_t page = os_page_size();
    STORE(s->trapped, 1);
    return guard_in_area(address) ? set_rights(area_of(s), area_bytes(), PROT_READ | PROT_WRITE)
                                  : set_rights(address & ~(page - 1), page, PROT_READ | PROT_WRITE);
}

/* ---- an object in its area ---- */

/* Where the object's neighbours that do not trap begin and end. */
struct slack {
    char *front, *object, *end, *behind;
};

static struct slack slack_of(const struct guard_slot *s)
{
    uintptr_t area = area_of(s), end = s->object + s->size, limit = area + area_bytes();
    return (struct slack){.front = pointer_to(s->object - MIN(GUARD_SLACK, s->object - area)),
                          .object = pointer_to(s->object),
                          .end = pointer_to(end),
                          .behind = pointer_to(limit - end < POND_MAX_ALIGN ? limit : end + GUARD_SLACK)};
}

/* At the area's beginning an underflow traps, at its end an overflow. */
static uintptr_t slot_place(const struct guard_slot *s, size_t size, size_t align)
{
    uintptr_t area = area_of(s);
    if ((guard_random() >> 32 & 1) != 0)
        return area;
    return (area + area_bytes() - size) & ~(uintptr_t)(MAX(align, 1) - 1);
}

static void slot_fill(const struct guard_slot *s)
{
    struct slack k = slack_of(s);
    memset(k.front, GUARD_PATTERN, (size_t)(k.object - k.front));
    memset(k.object, 0, s->size);
    memset(k.end, GUARD_PATTERN, (size_t)(k.behind - k.end));
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

/* ---- take and give ---- */

/* The slot that has waited longest, or NULL. One that trapped goes to the tail, and the next is asked. */
static struct guard_slot *take_closed(void)
{
    struct guard_slot *s = queue_take();
    for (int tries = 0; s != NULL && LOAD(s->trapped) != 0; tries++) {
        close_span(s);
        queue_give(s);
        s = tries < 2 ? queue_take() : NULL;
    }
    return s;
}

void *guard_take(struct pond *p, size_t size, size_t align)
{
    if (size > GUARD_SLOT_BYTES || region_start() == GUARD_NOWHERE)
        return NULL;
    struct guard_slot *s = take_closed();
    if (s == NULL)
        return NULL;
    if (!set_rights(area_of(s), area_bytes(), PROT_READ | PROT_WRITE)) {
        queue_give(s);
        return NULL;
    }
    STORE(s->object, slot_place(s, size, align));
    STORE(s->size, size);
    STORE(s->owner, p);
    slot_fill(s);
    *guard_slot_record(s) = (struct record){.generation = RECORD_ALWAYS};
    __atomic_store_n(&s->state, GUARD_LIVE, __ATOMIC_RELEASE);
    return pointer_to(s->object);
}

void guard_give(void *memory)
{
    struct guard_slot *s = guard_slot_at((uintptr_t)memory);
    __atomic_store_n(&s->state, GUARD_MOVING, __ATOMIC_RELEASE);
    if (LOAD(s->trapped) != 0)
        close_span(s);
    else
        (void)set_rights(area_of(s), area_bytes(), PROT_NONE);
    queue_give(s);
}

/* ---- who asks ---- */

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

void guard_walk(struct pond *p, record_visitor *visit, void *ctx)
{
    for (struct guard_slot *s = guard_slots; s < guard_slots + GUARD_SLOTS; s++)
        if (__atomic_load_n(&s->state, __ATOMIC_ACQUIRE) == GUARD_LIVE && LOAD(s->owner) == p)
            visit(p, pointer_to(LOAD(s->object)), guard_slot_record(s), ctx);
}

void guard_forget(struct pond *p)
{
    for (struct guard_slot *s = guard_slots; s < guard_slots + GUARD_SLOTS; s++)
        if (LOAD(s->owner) == p)
            STORE(s->owner, NULL);
}

/* ---- start, fork ---- */

static char *reserve_space(size_t bytes, int rights)
{
    void *base = mmap(NULL, bytes, rights, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return base == MAP_FAILED ? NULL : base;
}

/* What lies between two areas is no use in a core file; and see the top. Without it all works, slower. */
static void set_areas_apart(char *region)
{
    size_t gap = GUARD_STRIDE - area_bytes();
    (void)madvise(region, GUARD_FRONT, MADV_DONTDUMP);
    for (size_t i = 1; i < GUARD_SLOTS; i++)
        (void)madvise(region + i * GUARD_STRIDE + GUARD_FRONT - gap, gap, MADV_DONTDUMP);
    (void)madvise(region + GUARD_REGION - gap + GUARD_FRONT, gap - GUARD_FRONT, MADV_DONTDUMP);
}

static bool map_slots(void)
{
    char *region = reserve_space(GUARD_REGION, PROT_NONE);
    char *records = reserve_space(GUARD_SLOTS * RECORD_STRIDE, PROT_READ | PROT_WRITE);
    if (region == NULL || records == NULL) {
        if (region != NULL)
            os_unmap(region, GUARD_REGION);
        if (records != NULL)
            os_unmap(records, GUARD_SLOTS * RECORD_STRIDE);
        return false;
    }
    int saved = errno;
    set_areas_apart(region);
    errno = saved;
    guard_records = records;
    for (size_t i = 0; i < GUARD_SLOTS; i++)
        queue_append(&guard_slots[i]);
    __atomic_store_n(&guard_region, (uintptr_t)region, __ATOMIC_RELEASE);
    return true;
}

bool guard_start(void)
{
    pthread_mutex_lock(&guard_queue.lock);
    bool there = region_start() != GUARD_NOWHERE;
    bool started = there || map_slots();
    if (started && !there)
        trap_install();
    pthread_mutex_unlock(&guard_queue.lock);
    if (!started)
        errno = ENOMEM;
    return started;
}

void guard_fork_prepare(void)
{
    pthread_mutex_lock(&guard_queue.lock);
}

/* Slots that threads of the parent had in their hands at that moment are in nobody's here. */
void guard_fork_done(bool child)
{
    for (struct guard_slot *s = guard_slots; child && s < guard_slots + GUARD_SLOTS; s++)
        if (s->state == GUARD_MOVING) {
            close_span(s);
            s->state = s->object == 0 ? GUARD_NEW : GUARD_GIVEN;
            queue_append(s);
        }
    pthread_mutex_unlock(&guard_queue.lock);
}
