/* SPDX-License-Identifier: BSD-2-Clause */
// link: -Wl,--wrap=mmap,--wrap=munmap,--wrap=madvise
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
    cr_assert_null(os_map((size_t)1 << 62));
    cr_assert_eq(errno, ENOMEM);
    errno = 0;
    cr_assert_null(os_map_aligned((size_t)1 << 62, 1 << 22));
    cr_assert_eq(errno, ENOMEM);
    fault_arm(FAULT_MMAP, 0, false);
    errno = 0;
    cr_assert_null(os_map_aligned(4096, 4096));
    cr_assert_eq(errno, ENOMEM);
    cr_assert_eq(fault_hits(FAULT_MMAP), 1);
}

ParameterizedTestParameters(os, map_aligned_keeps_what_was_asked_for)
{
    static size_t shifts[] = {12, 13, 16, 21, 22, 26};
    return cr_make_param_array(size_t, shifts, sizeof shifts / sizeof *shifts);
}

ParameterizedTest(size_t *shift, os, map_aligned_keeps_what_was_asked_for)
{
    enum { TIMES = 8 };
    size_t align = (size_t)1 << *shift, bytes = 3 * os_page_size();
    char *bases[TIMES];
    size_t before = memory_mapped();
    for (int i = 0; i < TIMES; i++) {
        bases[i] = os_map_aligned(bytes, align);
        cr_assert_not_null(bases[i]);
        cr_assert_eq((uintptr_t)bases[i] & (align - 1), 0, "%p for %zu", (void *)bases[i], align);
        cr_assert(bytes_are(bases[i], bytes, 0));
    }
    cr_assert_eq(memory_mapped() - before, TIMES * bytes, "what lies around it is not kept");
    for (int i = 0; i < TIMES; i++)
        os_unmap(bases[i], bytes);
    cr_assert_eq(memory_mapped(), before);
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
    for (size_t i = 0; i < bytes; i += os_page_size())
        cr_assert_not(page_resident(base + i));
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
    char *any = os_map(bytes), *aligned = os_map_aligned(bytes, bytes);
    cr_assert_eq(errno, 4711);
    expect_small_pages(any);
    expect_small_pages(aligned);
    expect_small_pages(aligned + bytes - 1);
    os_unmap(any, bytes);
    os_unmap(aligned, bytes);
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
