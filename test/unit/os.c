/* SPDX-License-Identifier: BSD-2-Clause */
// link: -Wl,--wrap=mmap,--wrap=munmap,--wrap=madvise,--wrap=mprotect
// link: -Wl,--wrap=syscall,--wrap=nanosleep,--wrap=sched_yield
/* The room os: memory from the kernel, and the barrier that every thread passes. */
#include "test.h"

#include "../../src/os.h"
#include "fault.h"
#include "kernel.h"
#include "memory.h"
#include "pages.h"

#include <stdio.h>
#include <string.h>

TestSuite(os, .timeout = TEST_ALARM);

/* ---- memory ---- */

Test(os, page_size_is_the_kernels)
{
    cr_assert_eq(os_page_size(), (size_t)sysconf(_SC_PAGESIZE));
    cr_assert_eq(os_page_size(), (size_t)sysconf(_SC_PAGESIZE), "the second time");
}

Test(os, map_gives_whole_zeroed_pages)
{
    size_t bytes = 5 * os_page_size();
    char *base = os_map(bytes);
    cr_assert_not_null(base);
    cr_assert_eq((uintptr_t)base % os_page_size(), 0);
    cr_assert(bytes_are(base, bytes, 0));
    memset(base, 0x5a, bytes);
    os_unmap(base, bytes);
    cr_assert_not(page_mapped(base));
    cr_assert_not(page_mapped(base + bytes - 1));
}

/* Address space is all that it takes until it is written to. */
Test(os, map_takes_no_memory_yet)
{
    pages_are_small();
    size_t bytes = 64 * os_page_size();
    char *base = os_map(bytes);
    cr_assert_not_null(base);
    base[7 * os_page_size()] = 1;
    for (size_t page = 0; page < 64; page++)
        cr_assert_eq(page_resident(base + page * os_page_size()), page == 7, "page %zu", page);
    os_unmap(base, bytes);
}

Test(os, map_refused_is_enomem)
{
    errno = 0;
    size_t too_much = SIZE_MAX / 4 * 3 & ~(os_page_size() - 1);
    cr_assert_null(os_map(too_much));
    cr_assert_eq(errno, ENOMEM);
    errno = 0;
    cr_assert_null(os_reserve(too_much, 1 << 22));
    cr_assert_eq(errno, ENOMEM);
    fault_arm(FAULT_MMAP, 0, true);
    errno = 0;
    cr_assert_null(os_reserve(4096, 4096));
    cr_assert_eq(errno, ENOMEM);
    cr_assert_gt(fault_hits(FAULT_MMAP), 0);
    fault_disarm(FAULT_MMAP);
}

ParameterizedTestParameters(os, reserve_keeps_what_was_asked_for)
{
    static size_t shifts[] = {12, 13, 16, 21, 22, 26};
    return cr_make_param_array(size_t, shifts, sizeof shifts / sizeof *shifts);
}

/* In the second half of the times the place behind the last one is taken. */
ParameterizedTest(size_t *shift, os, reserve_keeps_what_was_asked_for)
{
    enum { TIMES = 8 };
    size_t align = (size_t)1 << *shift, bytes = 3 * os_page_size();
    char *bases[TIMES], *between[TIMES] = {NULL};
    size_t before = memory_mapped();
    for (int i = 0; i < TIMES; i++) {
        bases[i] = os_reserve(bytes, align);
        cr_assert_not_null(bases[i]);
        cr_assert_eq((uintptr_t)bases[i] & (align - 1), 0, "%p for %zu", (void *)bases[i], align);
        if (i >= TIMES / 2)
            between[i] = os_map(20 * align);
    }
    for (int i = 0; i < TIMES; i++)
        if (between[i] != NULL)
            os_unmap(between[i], 20 * align);
    cr_assert_eq(memory_mapped() - before, TIMES * bytes, "what lies around it is not kept");
    for (int i = 0; i < TIMES; i++)
        os_release(bases[i], bytes);
    cr_assert_eq(memory_mapped(), before);
}

/* Then they are one mapping for the kernel. */
Test(os, reservations_lie_side_by_side)
{
    enum { TIMES = 20 };
    size_t unit = (size_t)64 << 10;
    int apart = 0;
    char *lower = os_reserve(unit, unit);
    for (int i = 0; i < TIMES; i++) {
        size_t bytes = unit << i % 4 * 2;
        char *base = os_reserve(bytes, unit);
        cr_assert_eq((uintptr_t)base & (unit - 1), 0);
        apart += base + bytes != lower;
        lower = base;
    }
    cr_assert_leq(apart, 3, "%d times there was something else in between", apart);
}

Test(os, what_is_reserved_is_opened_step_by_step)
{
    size_t page = os_page_size(), bytes = 8 * page;
    char *base = os_reserve(bytes, page);
    errno = 4711;
    cr_assert(os_open(base, page));
    cr_assert(os_open(base + page, 2 * page));
    cr_assert_eq(errno, 4711);
    cr_assert(bytes_are(base, 3 * page, 0));
    memset(base, 1, 3 * page);
    cr_assert(os_open(base + 3 * page, 5 * page));
    cr_assert(bytes_are(base, 3 * page, 1) && bytes_are(base + 3 * page, 5 * page, 0));
    os_release(base, bytes);
    errno = 0;
    cr_assert_not(os_open(base, page), "nothing is reserved there");
    cr_assert_eq(errno, ENOMEM);
}

Test(os, unmap_keeps_errno)
{
    char *base = os_map(os_page_size());
    errno = 4711;
    os_unmap(base, os_page_size());
    cr_assert_eq(errno, 4711);
    cr_assert_not(page_mapped(base));
}

/* As when it would split a mapping and the process has as many as it may. */
Test(os, unmap_refused_gives_the_memory_back_all_the_same)
{
    size_t bytes = 4 * os_page_size();
    char *base = os_map(bytes);
    memset(base, 1, bytes);
    fault_arm(FAULT_MUNMAP, 0, true);
    errno = 4711;
    os_unmap(base, bytes);
    fault_disarm(FAULT_MUNMAP);
    cr_assert_eq(fault_hits(FAULT_MUNMAP), 1);
    cr_assert_eq(errno, 4711);
    for (size_t i = os_page_size(); i < bytes; i += os_page_size()) /* the first tells that it is kept */
        cr_assert_not(page_resident(base + i));
}

static atomic_int refuse_mprotect; /* with this error */

int __real_mprotect(void *at, size_t bytes, int prot);
int __wrap_mprotect(void *at, size_t bytes, int prot);

int __wrap_mprotect(void *at, size_t bytes, int prot)
{
    int error = atomic_load(&refuse_mprotect);
    if (error == 0)
        return __real_mprotect(at, bytes, prot);
    errno = error;
    return -1;
}

Test(os, a_sandbox_that_refuses_mprotect_leaves_another_way)
{
    size_t page = os_page_size();
    atomic_store(&refuse_mprotect, EPERM);
    char *base = os_reserve(4 * page, page), *any = os_map(2 * page);
    errno = 4711;
    cr_assert(os_open(base, page) && os_open(base + page, page));
    cr_assert_eq(errno, 4711);
    memset(base, 1, 2 * page);
    memset(any, 1, 2 * page);
    atomic_store(&refuse_mprotect, ENOMEM);
    errno = 0;
    cr_assert_not(os_open(base + 2 * page, page), "there is no memory");
    cr_assert_eq(errno, ENOMEM);
    cr_assert(bytes_are(base, 2 * page, 1));
    os_release(base, 4 * page);
    os_unmap(any, 2 * page);
}

/* A range that stays mapped serves whoever asks for one like it, and goes when the system lets it. */
Test(os, unmap_refused_is_tried_again)
{
    size_t bytes = 4 * os_page_size(), before = memory_mapped();
    char *base = os_map(bytes), *other = os_map(2 * bytes);
    memset(base, 1, bytes);
    fault_arm(FAULT_MUNMAP, 0, true);
    os_unmap(base, bytes);
    os_unmap(other, 2 * bytes);
    errno = 4711;
    os_unmap_kept();
    cr_assert_eq(errno, 4711);
    cr_assert(page_mapped(base) && page_mapped(other), "it is refused still");
    cr_assert_eq((char *)os_map(bytes), base);
    cr_assert(bytes_are(base, bytes, 0));
    os_unmap(base, bytes);
    fault_disarm(FAULT_MUNMAP);
    os_unmap_kept();
    cr_assert_not(page_mapped(base) || page_mapped(other));
    cr_assert_eq(memory_mapped(), before);
}

Test(os, release_refused_is_tried_again)
{
    size_t bytes = (size_t)1 << 22, before = memory_mapped();
    char *base = os_reserve(bytes, bytes);
    cr_assert(os_open(base, os_page_size()));
    *base = 1;
    fault_arm(FAULT_MUNMAP, 0, true);
    os_release(base, bytes);
    cr_assert_neq((char *)os_map(bytes), base, "what is reserved is no memory");
    cr_assert_eq((char *)os_reserve(bytes, bytes), base);
    cr_assert_eq(*base, 0);
    os_release(base, bytes);
    fault_disarm(FAULT_MUNMAP);
    os_unmap_kept();
    cr_assert_not(page_mapped(base));
    cr_assert_eq(memory_mapped(), before + bytes, "what was mapped above");
}

/* Slabs that come and go for years stay where they are: the page map keeps a leaf for each 32 GiB they were
 * in. */
Test(os, reservations_that_come_and_go_stay_in_their_place)
{
    size_t bytes = (size_t)1 << 22;
    uintptr_t lowest = UINTPTR_MAX, highest = 0;
    for (int i = 0; i < 500; i++) {
        void *pair[] = {os_reserve(bytes, bytes), os_reserve(bytes, bytes)};
        lowest = MIN(lowest, MIN((uintptr_t)pair[0], (uintptr_t)pair[1]));
        highest = MAX(highest, MAX((uintptr_t)pair[0], (uintptr_t)pair[1]));
        os_release(pair[i % 2], bytes);
        os_release(pair[1 - i % 2], bytes);
    }
    cr_assert_leq(highest - lowest, 64 * bytes, "%zu slabs", (size_t)((highest - lowest) / bytes));
}

/* Where there is no room at the wished place and what lies around the range cannot be cut off. */
Test(os, a_reservation_that_cannot_be_cut_leaves_nothing_behind)
{
    size_t bytes = os_page_size(), align = (size_t)1 << 28, before = memory_mapped();
    for (size_t n = 0; n < 4; n++) {
        fault_arm(FAULT_MUNMAP, n, true);
        void *base = os_reserve(bytes, align);
        fault_disarm(FAULT_MUNMAP);
        if (base != NULL)
            os_release(base, bytes);
        os_unmap_kept();
        cr_assert_eq(memory_mapped(), before, "%zu calls were not refused", n);
    }
}

/* Locked on a kernel before 5.18, or refused by a sandbox: such memory is not handed out as zero. */
Test(os, what_could_not_be_purged_serves_nobody)
{
    size_t bytes = 4 * os_page_size();
    char *base = os_map(bytes);
    memset(base, 1, bytes);
    fault_arm(FAULT_MUNMAP, 0, true);
    fault_arm(FAULT_MADVISE, 0, true);
    os_unmap(base, bytes);
    fault_disarm(FAULT_MADVISE);
    fault_disarm(FAULT_MUNMAP);
    char *fresh = os_map(bytes);
    cr_assert_neq(fresh, base);
    os_unmap(fresh, bytes);
    os_unmap_kept();
    cr_assert_not(page_mapped(base));
}

static void map_and_unmap(unsigned index, void *unused)
{
    (void)unused;
    for (unsigned i = 0; i < TEST_TIMES(2000); i++) {
        size_t bytes = (1 + (i + index) % 3) * os_page_size();
        char *base = os_map(bytes);
        must(base != NULL && bytes_are(base, bytes, 0), "%p is not zero", (void *)base);
        memset(base, (int)index + 1, bytes);
        os_unmap(base, bytes);
        if (i % 64 == index)
            os_unmap_kept();
    }
}

Test(os, many_threads_keep_and_reuse)
{
    fault_arm(FAULT_MUNMAP, 0, true);
    crew_run(4, map_and_unmap, NULL);
    fault_disarm(FAULT_MUNMAP);
}

Test(os, purged_pages_are_gone_and_read_as_zero)
{
    pages_are_small();
    size_t page = os_page_size();
    char *base = os_map(4 * page);
    memset(base, 0x5a, 4 * page);
    errno = 4711;
    cr_assert(os_purge(base + page, 2 * page));
    cr_assert_eq(errno, 4711);
    cr_assert(page_resident(base) && !page_resident(base + page));
    cr_assert(!page_resident(base + 2 * page) && page_resident(base + 3 * page));
    cr_assert(bytes_are(base, page, 0x5a));
    cr_assert(bytes_are(base + page, 2 * page, 0));
    cr_assert(bytes_are(base + 3 * page, page, 0x5a));
    os_unmap(base, 4 * page);
}

Test(os, purge_says_when_it_failed)
{
    size_t page = os_page_size();
    char *base = os_map(page);
    memset(base, 0x5a, page);
    errno = 4711;
    fault_arm(FAULT_MADVISE, 0, true);
    cr_assert_not(os_purge(base, page));
    fault_disarm(FAULT_MADVISE);
    cr_assert_eq(errno, 4711);
    cr_assert(bytes_are(base, page, 0x5a));
    os_unmap(base, page);
}

/* The flags of the mapping that holds the address, as smaps lists them; empty: none does. */
static void mapping_flags(const void *address, char *flags, int room)
{
    char line[512];
    bool here = false;
    *flags = '\0';
    FILE *maps = fopen("/proc/self/smaps", "re");
    cr_assert_not_null(maps);
    while (fgets(line, sizeof line, maps) != NULL) {
        unsigned long from, to;
        if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
            here = from <= (uintptr_t)address && (uintptr_t)address < to;
        else if (here && strncmp(line, "VmFlags:", 8) == 0)
            snprintf(flags, (size_t)room, "%s", line + 8);
    }
    fclose(maps);
}

static void expect_small_pages(const void *address)
{
    char flags[512];
    mapping_flags(address, flags, sizeof flags);
    if (access("/sys/kernel/mm/transparent_hugepage/enabled", F_OK) == 0)
        cr_assert_not_null(strstr(flags, " nh"), "%s", flags);
}

Test(os, no_huge_page_is_put_in_what_is_mapped)
{
    size_t bytes = (size_t)4 << 20;
    errno = 4711;
    char *any = os_map(bytes), *aligned = os_reserve(bytes, bytes);
    cr_assert_eq(errno, 4711);
    expect_small_pages(any);
    expect_small_pages(aligned);
    expect_small_pages(aligned + bytes - 1);
    os_unmap(any, bytes);
    os_release(aligned, bytes);
}

/* EINVAL: a kernel that has no huge pages. */
Test(os, a_kernel_without_huge_pages_maps_all_the_same)
{
    fault_arm(FAULT_MADVISE, 0, true);
    errno = 4711;
    char *base = os_map(os_page_size());
    fault_disarm(FAULT_MADVISE);
    cr_assert_eq(errno, 4711);
    cr_assert(bytes_are(base, os_page_size(), 0));
    os_unmap(base, os_page_size());
}

Test(os, a_nap_is_a_tenth_of_a_millisecond)
{
    errno = 4711;
    os_nap();
    os_yield();
    cr_assert_eq(errno, 4711);
    cr_assert_eq(atomic_load(&last_nap), 100000);
    cr_assert(atomic_load(&naps) == 1 && atomic_load(&yields) == 1);
}

/* ---- the barrier ---- */

Test(os, barrier_register_tells_whether_there_is_one)
{
    errno = 4711;
    cr_assert(os_barrier_register());
    cr_assert(os_barrier_register(), "again, as in a forked child");
    atomic_store(&refuse_membarrier, true);
#ifdef POND_FENCE
    cr_assert(os_barrier_register(), "the owner's fence needs no kernel");
    cr_assert_eq(atomic_load(&membarriers), 0);
#else
    cr_assert_not(os_barrier_register());
    cr_assert_eq(atomic_load(&membarriers), 3);
#endif
    cr_assert_eq(errno, 4711);
}

Test(os, barrier_says_when_the_kernel_refuses_it)
{
    cr_assert(os_barrier_register());
    errno = 4711;
    cr_assert(os_barrier());
    atomic_store(&refuse_membarrier, true);
    cr_assert_eq(os_barrier(), POND_FENCED, "the owner's fence needs no kernel");
    cr_assert_eq(errno, 4711);
}

static void *number_of(void *number)
{
    *(uint32_t *)number = os_thread();
    return NULL;
}

Test(os, a_thread_has_a_number_and_may_be_gone)
{
    uint32_t number;
    cr_assert_eq(os_thread(), os_thread());
    cr_assert_not(os_thread_is_gone(os_thread()));
    thread_run(number_of, &number);
    cr_assert_neq(number, os_thread());
    errno = 4711;
    while (!os_thread_is_gone(number)) /* pthread_join may be a little before it */
        os_yield();
    cr_assert_not(os_thread_is_gone(0), "there is no knowing");
    cr_assert_eq(errno, 4711);
}

Test(os, a_kernel_that_does_not_say_whether_a_thread_is_there)
{
    atomic_store(&refuse_tgkill, true);
    errno = 4711;
    cr_assert_not(os_thread_is_gone(os_thread()), "it is there");
    cr_assert_eq(errno, 4711);
}

Test(os, a_kernel_that_refuses_says_no_number)
{
    atomic_store(&refuse_gettid, true);
    errno = 4711;
    cr_assert_eq(os_thread(), 0);
    cr_assert_eq(errno, 4711);
}

/*
 * The gate's question to the barrier: two threads each store and then read what the other stores, one
 * with no fence and one with os_barrier between. Never do both read the old.
 */
typedef struct dekker {
    _Alignas(64) atomic_int owner_is_in;
    _Alignas(64) atomic_int closed;
    _Alignas(64) atomic_size_t round;
    _Alignas(64) atomic_int owner_saw;
    atomic_size_t owner_done;
    size_t rounds;
} dekker;

static void await(atomic_size_t *figure, size_t value)
{
    for (unsigned spins = 0; atomic_load_explicit(figure, memory_order_acquire) != value; spins++)
        if (spins % 1000 == 999)
            os_yield();
}

static void dekker_owner(dekker *d)
{
    for (size_t round = 1; round <= d->rounds; round++) {
        await(&d->round, round);
        atomic_store_explicit(&d->owner_is_in, 1, memory_order_relaxed);
        atomic_signal_fence(memory_order_seq_cst);
        int saw = atomic_load_explicit(&d->closed, memory_order_relaxed);
        atomic_store_explicit(&d->owner_saw, saw, memory_order_relaxed);
        atomic_store_explicit(&d->owner_done, round, memory_order_release);
    }
}

static void dekker_closer(dekker *d)
{
    for (size_t round = 1; round <= d->rounds; round++) {
        atomic_store_explicit(&d->owner_is_in, 0, memory_order_relaxed);
        atomic_store_explicit(&d->closed, 0, memory_order_relaxed);
        atomic_store_explicit(&d->round, round, memory_order_release);
        for (size_t delay = 0; delay < round % 256; delay++)
            atomic_signal_fence(memory_order_seq_cst);
        atomic_store_explicit(&d->closed, 1, memory_order_relaxed);
        atomic_signal_fence(memory_order_seq_cst);
        must(os_barrier(), "refused");
        int saw = atomic_load_explicit(&d->owner_is_in, memory_order_relaxed);
        await(&d->owner_done, round);
        int owner_saw = atomic_load_explicit(&d->owner_saw, memory_order_relaxed);
        must(saw == 1 || owner_saw == 1, "round %zu: neither saw the other", round);
    }
}

static void dekker_body(unsigned index, void *arg)
{
    if (index == 0)
        dekker_owner((dekker *)arg);
    else
        dekker_closer((dekker *)arg);
}

Test(os, every_thread_passes_the_barrier)
{
#ifdef POND_FENCE
    cr_skip_test("a build with fences has no barrier");
#endif
    static dekker d;
    d.rounds = TEST_TIMES(40000);
    cr_assert(os_barrier_register());
    crew_run(2, dekker_body, &d);
}

/* A thread that was cancelled before naps and goes on. */
static void *nap_cancelled(void *napped)
{
    must(pthread_cancel(pthread_self()) == 0, "pthread_cancel");
    os_nap();
    os_yield();
    *(bool *)napped = true;
    pthread_testcancel();
    return NULL;
}

Test(os, a_nap_is_not_cancelled)
{
    pthread_t thread;
    bool napped = false;
    void *end = NULL;
    must(pthread_create(&thread, NULL, nap_cancelled, &napped) == 0, "pthread_create");
    (void)pthread_join(thread, &end);
    cr_assert(napped);
    cr_assert_eq(end, PTHREAD_CANCELED);
}
