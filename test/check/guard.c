/* SPDX-License-Identifier: BSD-2-Clause */
// link: -Wl,--wrap=mmap,--wrap=munmap,--wrap=madvise,--wrap=mprotect
/* The room guard: the slots. What happens when they trap is in guard_trap.c, which get is due in due.c. */
#include "test.h"

#include "../../src/check/guard.h"
#include "fault.h"
#include "threads.h"

#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

TestSuite(guard, .timeout = TEST_ALARM);

/* Slots look at the owner's address alone. */
static char owners[2];
#define OWNER(i) ((struct pond *)(void *)&owners[i])

static atomic_bool refuse_mprotect;

int __real_mprotect(void *at, size_t bytes, int prot);
int __wrap_mprotect(void *at, size_t bytes, int prot);

int __wrap_mprotect(void *at, size_t bytes, int prot)
{
    if (!atomic_load(&refuse_mprotect))
        return __real_mprotect(at, bytes, prot);
    errno = ENOMEM;
    return -1;
}

static void start(void)
{
    cr_assert(guard_start(), "errno %d", errno);
}

static void *take(size_t size)
{
    void *obj = guard_take(OWNER(0), size, 8);
    cr_assert_not_null(obj);
    return obj;
}

/* ---- an object in a slot ---- */

static size_t bytes_in_front(const void *obj)
{
    return (uintptr_t)obj % os_page_size();
}

static size_t bytes_behind(const void *obj, size_t size)
{
    size_t page = os_page_size();
    return (page - ((uintptr_t)obj + size) % page) % page;
}

static bool all_bytes(const void *obj, size_t size, unsigned char value)
{
    const unsigned char *bytes = obj;
    for (size_t i = 0; i < size; i++)
        if (bytes[i] != value)
            return false;
    return true;
}

static void try_size(size_t size, size_t align)
{
    unsigned first = 0, last = 0;
    for (int i = 0; i < 64; i++) {
        char *obj = guard_take(OWNER(0), size, align);
        cr_assert_not_null(obj);
        cr_assert_eq((uintptr_t)obj % align, 0, "size %zu align %zu", size, align);
        cr_assert(all_bytes(obj, size, 0), "size %zu align %zu", size, align);
        first += bytes_in_front(obj) == 0;
        last += bytes_behind(obj, size) < align;
        cr_assert(bytes_in_front(obj) == 0 || bytes_behind(obj, size) < align);
        memset(obj, 0xff, size);
        guard_give(obj);
    }
    cr_assert(first > 8 && last > 8, "size %zu align %zu: %u at the start, %u at the end", size, align, first,
              last);
}

Test(guard, an_object_is_zero_and_aligned_at_either_end_of_its_pages)
{
    static const size_t sizes[] = {1,
                                   8,
                                   24,
                                   64,
                                   100,
                                   4095,
                                   4096,
                                   4097,
                                   10000,
                                   GUARD_SLOT_BYTES,
                                   GUARD_SLOT_BYTES + 1,
                                   100000,
                                   GUARD_LARGE_BYTES};
    start();
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
        for (size_t align = 1; align <= POND_MAX_ALIGN; align *= 8)
            try_size(sizes[i], align);
}

Test(guard, what_is_too_big_is_refused_and_errno_kept)
{
    start();
    errno = 77;
    cr_assert_null(guard_take(OWNER(0), GUARD_LARGE_BYTES + 1, 8));
    cr_assert_eq(errno, 77);
    cr_assert_not_null(guard_take(OWNER(0), GUARD_LARGE_BYTES, 8));
}

/* The slack as the object lies at its area's start, and at its end. */
Test(guard, bytes_written_next_to_an_object_are_seen)
{
    ptrdiff_t offset = 0;
    size_t bytes = 0;
    unsigned behind = 0, front = 0;
    start();
    for (int i = 0; i < 64; i++) {
        char *obj = take(40);
        cr_assert(guard_slack_is_clean(obj, &offset, &bytes));
        memset(obj, 0x5a, 40);
        cr_assert(guard_slack_is_clean(obj, &offset, &bytes), "the object itself");
        if (bytes_in_front(obj) == 0) {
            memset(obj + 40, 0, 3);
            cr_assert(!guard_slack_is_clean(obj, &offset, &bytes));
            cr_assert(offset == 40 && bytes == 3, "%td %zu", offset, bytes);
            behind++;
        } else {
            obj[-1] = 0;
            cr_assert(!guard_slack_is_clean(obj, &offset, &bytes));
            cr_assert(offset == -1 && bytes == 1, "%td %zu", offset, bytes);
            front++;
        }
        guard_give(obj);
    }
    cr_assert(behind > 8 && front > 8);
}

/* 100 bytes at an alignment of 64: 28 bytes between the end of the object and that of its page. */
Test(guard, bytes_that_alignment_leaves_at_the_end_are_seen)
{
    start();
    char *obj;
    while (bytes_in_front(obj = guard_take(OWNER(0), 100, 64)) == 0)
        guard_give(obj);
    ptrdiff_t offset;
    size_t bytes;
    cr_assert(guard_slack_is_clean(obj, &offset, &bytes));
    obj[127] = 0;
    cr_assert(!guard_slack_is_clean(obj, &offset, &bytes));
    cr_assert(offset == 127 && bytes == 1, "%td %zu", offset, bytes);
}

/* ---- records ---- */

static struct record *find(const void *address, const void **object, struct pond **owner)
{
    *object = NULL;
    *owner = NULL;
    return guard_record(address, object, owner);
}

Test(guard, a_record_is_found_by_any_address_of_its_object)
{
    const void *object;
    struct pond *owner;
    start();
    char *obj = take(100), *other = take(100);
    struct record *r = find(obj, &object, &owner);
    cr_assert(r != NULL && object == obj && owner == OWNER(0));
    cr_assert(find(obj + 99, &object, &owner) == r && object == obj);
    cr_assert(find(other, &object, &owner) != r && object == other);
    cr_assert_null(find(obj + 100, &object, &owner));
    cr_assert_null(find(obj - 1, &object, &owner));
    cr_assert_null(find(&owner, &object, &owner));
    cr_assert_null(find((void *)(guard_region + GUARD_REGION - 1), &object, &owner), "never used");
}

Test(guard, a_record_is_zero_for_a_new_object_and_stays_after_it)
{
    const void *object;
    struct pond *owner;
    start();
    for (int i = 0; i < 3 * GUARD_SLOTS; i++) {
        size_t size = i % 2 == 0 ? GUARD_SLOT_BYTES : 20000; /* of a slot of either class */
        char *obj = take(size);
        struct record *r = find(obj, &object, &owner);
        cr_assert_eq(r->generation, RECORD_ALWAYS);
        r->generation = 0;
        cr_assert(all_bytes(r, sizeof(*r), 0));
        memset(r, 0xff, sizeof(*r) + size);
        guard_give(obj);
        cr_assert_eq(find(obj, &object, &owner), r);
        cr_assert(all_bytes(r, sizeof(*r) + size, 0xff));
    }
}

Test(guard, a_pond_that_ended_is_not_named)
{
    const void *object;
    struct pond *owner;
    start();
    char *obj = take(64), *other = guard_take(OWNER(1), 64, 8);
    guard_give(obj);
    guard_give(other);
    guard_forget(OWNER(0));
    cr_assert(find(obj, &object, &owner) != NULL && owner == NULL);
    cr_assert(find(other, &object, &owner) != NULL && owner == OWNER(1));
}

struct walked {
    struct pond *pond;
    size_t count;
    void *objects[GUARD_SLOTS];
};

static void note(struct pond *p, void *obj, struct record *r, void *ctx)
{
    const void *object;
    struct pond *owner;
    struct walked *w = ctx;
    cr_assert_eq(p, w->pond);
    cr_assert_eq(find(obj, &object, &owner), r);
    w->objects[w->count++] = obj;
}

Test(guard, a_walk_meets_the_live_objects_of_one_pond)
{
    struct walked w = {.pond = OWNER(0)};
    start();
    void *first = take(64), *given = take(64), *last = take(20000);
    void *other = guard_take(OWNER(1), 64, 8);
    guard_give(given);
    guard_walk(OWNER(0), note, &w);
    cr_assert_eq(w.count, 2);
    cr_assert(w.objects[0] == first && w.objects[1] == last && other != NULL);
}

Test(guard, nothing_is_owned_before_the_start)
{
    const void *object;
    struct pond *owner;
    cr_assert(!guard_owns(NULL) && !guard_owns(&owner) && !guard_owns((void *)(UINTPTR_MAX / 2)));
    cr_assert_null(guard_take(OWNER(0), 8, 8));
    cr_assert_null(find(&owner, &object, &owner));
    start();
    char *obj = take(8);
    cr_assert(guard_owns(obj) && !guard_owns(&owner) && !guard_owns(NULL));
}

/* ---- how many there are, and which is next ---- */

static const void *slot_of(const void *obj)
{
    return guard_slot_at((uintptr_t)obj);
}

/* Takes until no slot is left for that size; returns how many it were. */
static size_t take_all_of(size_t size, void **objs)
{
    size_t n = 0;
    while (n <= GUARD_SLOTS && (objs[n] = guard_take(OWNER(0), size, 8)) != NULL)
        n++;
    return n;
}

static size_t take_all(void **objs)
{
    return take_all_of(64, objs);
}

Test(guard, all_slots_live_is_no_slot)
{
    void *objs[GUARD_SLOTS + 1];
    start();
    cr_assert_eq(take_all(objs), GUARD_SLOTS);
    errno = 77;
    cr_assert_null(guard_take(OWNER(0), 64, 8));
    cr_assert_eq(errno, 77);
    guard_give(objs[100]);
    cr_assert_eq(slot_of(take(64)), slot_of(objs[100]));
}

Test(guard, large_objects_have_slots_of_their_own)
{
    void *objs[GUARD_SLOTS + 1], *small[GUARD_SLOTS + 1];
    start();
    cr_assert_eq(take_all_of(GUARD_SLOT_BYTES + 1, objs), GUARD_LARGE_SLOTS);
    cr_assert_eq(take_all_of(GUARD_SLOT_BYTES, small), GUARD_SLOTS);
    guard_give(objs[5]);
    guard_give(small[7]);
    cr_assert_eq(slot_of(take(GUARD_LARGE_BYTES)), slot_of(objs[5]));
    cr_assert_eq(slot_of(take(1)), slot_of(small[7]));
    cr_assert_null(guard_take(OWNER(0), GUARD_LARGE_BYTES, 8));
}

Test(guard, slots_come_back_in_the_order_they_were_given)
{
    void *objs[GUARD_SLOTS + 1];
    start();
    cr_assert_eq(take_all(objs), GUARD_SLOTS);
    for (size_t i = 0; i < GUARD_SLOTS; i++)
        guard_give(objs[i * 37 % GUARD_SLOTS]);
    for (size_t i = 0; i < GUARD_SLOTS; i++)
        cr_assert_eq(slot_of(take(64)), slot_of(objs[i * 37 % GUARD_SLOTS]), "%zu", i);
}

Test(guard, a_slot_that_was_given_waits_for_all_others)
{
    start();
    void *first = take(64);
    guard_give(first);
    for (int i = 1; i < GUARD_SLOTS; i++) {
        void *obj = take(64);
        cr_assert_neq(slot_of(obj), slot_of(first));
        guard_give(obj);
    }
    cr_assert_eq(slot_of(take(64)), slot_of(first));
}

static atomic_int holders[GUARD_SLOTS + GUARD_LARGE_SLOTS];

static void take_and_give(unsigned index, void *arg)
{
    (void)arg;
    for (int i = 0; i < TEST_TIMES(4000); i++) {
        uint32_t *obj = guard_take(OWNER(index % 2), (index % 3 == 0 ? GUARD_SLOT_BYTES + 4 : 64) + index, 4);
        must(obj != NULL && *obj == 0, "thread %u", index);
        size_t slot = (size_t)(guard_slot_at((uintptr_t)obj) - guard_slot_at(guard_region));
        must(atomic_fetch_add(&holders[slot], 1) == 0, "slot %zu is in two hands", slot);
        *obj = index + 1;
        sched_yield();
        must(*obj == index + 1, "thread %u", index);
        atomic_fetch_sub(&holders[slot], 1);
        guard_give(obj);
    }
}

Test(guard, a_slot_is_in_one_threads_hands)
{
    start();
    crew_run(6, take_and_give, NULL);
    void *objs[GUARD_SLOTS + 1];
    cr_assert_eq(take_all(objs), GUARD_SLOTS, "none is lost");
    cr_assert_eq(take_all_of(20000, objs), GUARD_LARGE_SLOTS, "none is lost");
}

/* ---- fork ---- */

static void use_in_child(void *arg)
{
    char **objs = arg;
    must(memcmp(objs[0], "parent", 7) == 0, "the child reads what it inherited");
    strcpy(objs[0], "child");
    guard_give(objs[0]);
    void *all[GUARD_SLOTS + 1];
    must(take_all(all) == GUARD_SLOTS - 1, "one is live");
}

Test(guard, a_child_has_the_slots_as_copies)
{
    start();
    char *objs[2] = {take(64), take(64)};
    strcpy(objs[0], "parent");
    guard_fork_prepare();
    pid_t child = fork();
    guard_fork_done(child == 0);
    if (child == 0) {
        use_in_child(objs);
        _exit(0);
    }
    int status;
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert_eq(status, 0);
    cr_assert_str_eq(objs[0], "parent");
    cr_assert_neq(slot_of(take(64)), slot_of(objs[0]));
}

static atomic_bool stop;

static void take_and_give_on(void *arg)
{
    (void)arg;
    while (!atomic_load(&stop)) {
        guard_give(guard_take(OWNER(0), 64, 8));
        guard_give(guard_take(OWNER(0), 20000, 8));
    }
}

/* Whatever the other thread was at when the process was forked, the child has every slot but a live one. */
Test(guard, a_child_loses_no_slot_to_threads_it_has_not)
{
    start();
    worker *w = worker_start();
    worker_begin(w, take_and_give_on, NULL);
    for (int i = 0; i < TEST_TIMES(200); i++) {
        guard_fork_prepare();
        pid_t child = fork();
        guard_fork_done(child == 0);
        if (child == 0) {
            struct walked live = {.pond = OWNER(0)};
            guard_walk(OWNER(0), note, &live);
            void *all[GUARD_SLOTS + 1];
            size_t free_slots = take_all(all) + take_all_of(20000, all);
            _exit(free_slots + live.count == GUARD_SLOTS + GUARD_LARGE_SLOTS ? 0 : 1);
        }
        int status;
        cr_assert_eq(waitpid(child, &status, 0), child);
        cr_assert_eq(status, 0, "%#x", (unsigned)status);
    }
    atomic_store(&stop, true);
    worker_end(w);
}

/* ---- no memory ---- */

/* Either of the two mappings that a start needs. */
Test(guard, no_address_space_is_no_guard)
{
    for (size_t n = 0; n < 2; n++) {
        fault_arm(FAULT_MMAP, n, false);
        errno = 0;
        cr_assert(!guard_start());
        cr_assert_eq(errno, ENOMEM);
        cr_assert_null(guard_take(OWNER(0), 64, 8));
        fault_disarm(FAULT_MMAP);
    }
    atomic_store(&refuse_mprotect, true);
    cr_assert(!guard_start() && errno == ENOMEM);
    atomic_store(&refuse_mprotect, false);
    start();
    guard_give(take(64));
    start();
    guard_give(take(64));
}

Test(guard, a_kernel_that_opens_no_page_costs_no_slot)
{
    start();
    void *live = take(64);
    atomic_store(&refuse_mprotect, true);
    errno = 77;
    cr_assert_null(guard_take(OWNER(0), 64, 8));
    cr_assert_null(guard_take(OWNER(0), 20000, 8));
    guard_give(live);
    cr_assert_eq(errno, 77);
    atomic_store(&refuse_mprotect, false);
    void *objs[GUARD_SLOTS + 1];
    cr_assert_eq(take_all_of(20000, objs), GUARD_LARGE_SLOTS);
    cr_assert_eq(take_all(objs), GUARD_SLOTS);
    for (size_t i = 0; i < GUARD_SLOTS; i++)
        cr_assert(all_bytes(objs[i], 64, 0));
}
