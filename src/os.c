/* SPDX-License-Identifier: BSD-2-Clause */
#include "os.h"
#include "chance.h"
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#ifdef __linux__
#include <linux/membarrier.h>
#include <sys/syscall.h>
#endif

size_t os_page_size(void)
{
    static size_t size; /* Relaxed: all who find 0 store the same */
    size_t known = LOAD(size);
    if (known == 0) {
        known = (size_t)sysconf(_SC_PAGESIZE);
        STORE(size, known);
    }
    return known;
}

/* ---- giving pages back ---- */

#ifndef MADV_DONTNEED_LOCKED
#define MADV_DONTNEED_LOCKED 24 /* of Linux 5.18 */
#endif

/* Locked memory goes only when it is asked for by that name, and on older kernels not at all: EINVAL. */
bool os_purge(void *base, size_t bytes)
{
    int saved = errno;
    bool purged = madvise(base, bytes, MADV_DONTNEED) == 0;
#ifdef __linux__
    if (!purged && errno == EINVAL)
        purged = madvise(base, bytes, MADV_DONTNEED_LOCKED) == 0;
#endif
    errno = saved;
    return purged;
}

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23 /* of Linux 5.14 */
#endif

void os_populate(void *base, size_t bytes)
{
#ifdef __linux__
    static bool refused; /* it is asked no more. Relaxed: to ask twice does no harm */
    int saved = errno;
    if (!LOAD(refused) && madvise(base, bytes, MADV_POPULATE_WRITE) != 0)
        STORE(refused, errno == EINVAL || errno == EPERM || errno == ENOSYS);
    errno = saved;
#else
    (void)base, (void)bytes;
#endif
}

bool os_is_locked(void *base, size_t bytes)
{
    int saved = errno;
    bool locked = madvise(base, bytes, MADV_DONTNEED) != 0 && errno == EINVAL;
    errno = saved;
    return locked;
}

void os_small_pages(void *base, size_t bytes)
{
#ifdef MADV_NOHUGEPAGE
    int saved = errno;
    (void)madvise(base, bytes, MADV_NOHUGEPAGE); /* EINVAL: a kernel without huge pages */
    errno = saved;
#else
    (void)base, (void)bytes;
#endif
}

/* ---- what could not be unmapped ---- */

/*
 * Keeps ranges that could not be unmapped. munmap fails when it would split a mapping and the process has as
 * many as it may (vm.max_map_count), or where a sandbox refuses it. The memory goes back all the same, and
 * the range is kept: it serves the next reservation like it, and os_unmap_kept tries again. What says so lies
 * in the range itself. Ranges are pushed one by one or in chains, but taken off all at once: so nobody meets
 * a head that was taken off and pushed again meanwhile. The child of a fork that comes while a thread has
 * them in its hands does not see them again.
 */
struct kept {
    struct kept *next;
    size_t bytes;
    bool reserved; /* it was not opened as a whole */
    bool zero;     /* all of it reads as zero but for this header */
};

static struct kept *kept_ranges; /* Relaxed: without a look into them, to see whether there are any */

/* Pairs with the release in keep_chain: whoever takes a range off finds its header written. */
static struct kept *take_all_kept(void)
{
    return __atomic_exchange_n(&kept_ranges, NULL, __ATOMIC_ACQUIRE);
}

/* Pairs with the acquire in take_all_kept: the headers are written before anybody can take them off. */
static void keep_chain(struct kept *first)
{
    struct kept *last = first, *head = LOAD(kept_ranges);
    if (first == NULL)
        return;
    while (last->next != NULL)
        last = last->next;
    do
        last->next = head;
    while (
        !__atomic_compare_exchange_n(&kept_ranges, &head, first, true, __ATOMIC_RELEASE, __ATOMIC_RELAXED));
}

/* The range's first page is memory that may be written to. */
static void keep(void *base, size_t bytes, bool reserved)
{
    POND_ASSERT(bytes >= sizeof(struct kept));
    bool zero = os_purge(base, bytes);
    struct kept *k = base;
    *k = (struct kept){.bytes = bytes, .reserved = reserved, .zero = zero};
    keep_chain(k);
}

static bool serves(const struct kept *k, size_t bytes, size_t align, bool reserved)
{
    return k->bytes == bytes && k->reserved == reserved && k->zero && ((uintptr_t)k & (align - 1)) == 0;
}

/* A range that was kept and is like this one, all of it zero; NULL: there is none. */
static void *reuse_kept(size_t bytes, size_t align, bool reserved)
{
    if (LOAD(kept_ranges) == NULL)
        return NULL;
    struct kept *all = take_all_kept(), **at = &all;
    while (*at != NULL && !serves(*at, bytes, align, reserved))
        at = &(*at)->next;
    struct kept *found = *at;
    if (found != NULL) {
        *at = found->next;
        *found = (struct kept){.bytes = 0};
    }
    keep_chain(all);
    return found;
}

#define KEPT_TRIES 64 /* most that fail at a time: a tick is bounded */

/* Takes all of them off and tries one after the other. Those that were tried go behind the others. */
void os_unmap_kept(void)
{
    if (LOAD(kept_ranges) == NULL)
        return;
    int saved = errno;
    struct kept *left = take_all_kept(), *tried = NULL;
    for (int failures = 0; left != NULL && failures < KEPT_TRIES;) {
        struct kept *k = left;
        left = k->next;
        if (munmap(k, k->bytes) == 0)
            continue;
        k->next = tried;
        tried = k;
        failures++;
    }
    keep_chain(tried);
    keep_chain(left);
    errno = saved;
}

void os_unmap(void *base, size_t bytes)
{
    int saved = errno;
    if (munmap(base, bytes) != 0)
        keep(base, bytes, false);
    errno = saved;
}

/* Unmaps what was reserved, whatever of it is open. False: it could not be, and is kept if it can. */
static bool unreserve(void *base, size_t bytes)
{
    int saved = errno;
    bool gone = bytes == 0 || munmap(base, bytes) == 0;
    if (!gone && os_open(base, os_page_size()))
        keep(base, bytes, true);
    errno = saved;
    return gone;
}

/* ---- mapping ---- */

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0 /* of Linux 4.17; an older kernel takes the address for a wish */
#endif

/* Reserves address space at this address; 0: anywhere. NULL, and EEXIST where something is there. */
static char *reserve_at(uintptr_t address, size_t bytes)
{
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | (address != 0 ? MAP_FIXED_NOREPLACE : 0);
    void *there = (void *)address; /* NOLINT(performance-no-int-to-ptr): it leads nowhere yet */
    void *base = mmap(there, bytes, PROT_NONE, flags, -1, 0);
    return base == MAP_FAILED ? NULL : base;
}

#define RESERVE_TRIES 16

/*
 * A good place to begin a search, which goes downwards: so that neighbours are one mapping for the kernel and
 * nothing has to be cut off. It is below the last reservation, and above one that went since: else ponds that
 * come and go would wander through all of the address space. 0: where the kernel chooses. In units of the
 * smallest page: the address is that of a slab's first object, which a search for leaks must not find here.
 * Relaxed: a guess; the kernel says whether something is there.
 */
static uintptr_t reserve_below;

#define RESERVE_UNIT ((uintptr_t)4096)

/* Downwards from the guess. NULL: nothing was free within so many tries. */
static char *reserve_by_search(size_t bytes, size_t align)
{
    uintptr_t at = LOAD(reserve_below) * RESERVE_UNIT;
    for (int i = 0; i < RESERVE_TRIES && at > bytes + align; i++) {
        at = (at - bytes) & ~(align - 1);
        char *base = reserve_at(at, bytes);
        if (base == NULL && errno == EEXIST)
            continue;
        if (base == NULL || ((uintptr_t)base & (align - 1)) == 0)
            return base;
        (void)unreserve(base, bytes); /* an older kernel chose another address */
    }
    return NULL;
}

/* Reserves where the kernel chooses. What lies around the aligned part is cut off; where that fails as in
 * os_unmap it is kept. */
static char *reserve_and_cut(size_t bytes, size_t align)
{
    char *all = reserve_at(0, bytes + align);
    if (all == NULL)
        return NULL;
    size_t head = (align - ((uintptr_t)all & (align - 1))) & (align - 1);
    (void)unreserve(all + head + bytes, align - head);
    (void)unreserve(all, head);
    return all + head;
}

void *os_reserve(size_t bytes, size_t align)
{
    POND_ASSERT(is_power_of_two(align) && align >= os_page_size() && bytes > 0);
    int saved = errno;
    char *base = reuse_kept(bytes, align, true);
    if (base != NULL)
        return base;
    base = reserve_by_search(bytes, align);
    if (base == NULL)
        base = reserve_and_cut(bytes, align);
    if (base == NULL) {
        errno = ENOMEM;
        return NULL;
    }
    errno = saved;
    POND_ASSERT((uintptr_t)base % align == 0);
    os_small_pages(base, bytes);
    STORE(reserve_below, (uintptr_t)base / RESERVE_UNIT);
    return base;
}

void os_release(void *base, size_t bytes)
{
    uintptr_t end = ((uintptr_t)base + bytes) / RESERVE_UNIT;
    if (unreserve(base, bytes) && end > LOAD(reserve_below))
        STORE(reserve_below, end);
}

/* Maps the pages anew, where a sandbox refuses mprotect. That is asked first all the same: it never leaves a
 * hole where it failed. */
static bool open_anew(void *base, size_t bytes)
{
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED;
    if (mmap(base, bytes, PROT_READ | PROT_WRITE, flags, -1, 0) == MAP_FAILED)
        return false;
    os_small_pages(base, bytes);
    return true;
}

bool os_open(void *base, size_t bytes)
{
    int saved = errno;
    if (mprotect(base, bytes, PROT_READ | PROT_WRITE) == 0)
        return true;
    bool refused = errno == EPERM || errno == EACCES || errno == ENOSYS;
    errno = saved;
    if (refused && open_anew(base, bytes))
        return true;
    errno = ENOMEM;
    return false;
}

/* Has pages locked only when they are used. In a process that locks what it will map (mlockall), each would
 * be resident from the start on. */
static void lock_when_used(void *base, size_t bytes)
{
#ifdef MLOCK_ONFAULT
    int saved = errno;
    if (os_is_locked(base, bytes))
        (void)mlock2(base, bytes, MLOCK_ONFAULT); /* without it all of it is resident */
    errno = saved;
#else
    (void)base, (void)bytes;
#endif
}

/* A kept range, opened as far as `open`; its first page is so already. */
static void *reuse_part(size_t bytes, size_t open)
{
    char *base = reuse_kept(bytes, 1, open < bytes);
    if (base == NULL || open == bytes || os_open(base, open))
        return base;
    unreserve(base, bytes);
    return NULL;
}

void *os_map_part(size_t bytes, size_t open)
{
    POND_ASSERT(open > 0 && open <= bytes);
    char *base = reuse_part(bytes, open);
    if (base != NULL)
        return base;
    base = reserve_at(0, bytes);
    if (base != NULL)
        lock_when_used(base, bytes);
    if (base != NULL && os_open(base, open)) {
        os_small_pages(base, bytes);
        return base;
    }
    if (base != NULL)
        (void)unreserve(base, bytes);
    errno = ENOMEM;
    return NULL;
}

void *os_map(size_t bytes)
{
    return os_map_part(bytes, bytes);
}

void os_unmap_part(void *base, size_t bytes)
{
    unreserve(base, bytes);
}

/* ---- the barrier ---- */

#ifdef POND_FENCE
/* With POND_FENCE there is nothing to do: the owner's own fence orders its steps, see <pond/inline.h>. */
bool os_barrier_register(void)
{
    return true;
}

bool os_barrier(void)
{
    return true;
}
#else
bool os_barrier_register(void)
{
    int saved = errno;
    bool agreed = syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) == 0;
    errno = saved;
    return agreed;
}

/*
 * Has every thread pass a fence, by membarrier; there is no other way behind it. Taking a right away from a
 * page by mprotect interrupts other processors on many x86 only: where the hardware tells them to forget a
 * translation by itself (aarch64, and x86 with INVLPGB), no thread passes a fence.
 */
bool os_barrier(void)
{
    int saved = errno;
    bool passed = syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0) == 0;
    errno = saved;
    return passed;
}
#endif

#ifdef __linux__
uint32_t os_thread(void)
{
    int saved = errno;
    long number = syscall(SYS_gettid);
    errno = saved;
    return number > 0 ? (uint32_t)number : 0;
}

bool os_thread_is_gone(uint32_t thread)
{
    int saved = errno;
    bool gone = thread != 0 && syscall(SYS_tgkill, getpid(), thread, 0) != 0 && errno == ESRCH;
    errno = saved;
    return gone;
}
#else
uint32_t os_thread(void)
{
    return 0;
}

bool os_thread_is_gone(uint32_t thread)
{
    (void)thread;
    return false;
}
#endif

/* Mixes the process's number and the time: of two processes one has another number or began later, however
 * alike a fork has made them. */
uint64_t os_seed(void)
{
    struct timespec now = {.tv_sec = 0};
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    uint64_t ns = (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
    return chance_stir(chance_stir((uint64_t)getpid()) + ns);
}

uint64_t os_microseconds(void)
{
    struct timespec now = {.tv_sec = 0};
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

uint64_t os_milliseconds(void)
{
    return os_microseconds() / 1000;
}

void os_yield(void)
{
    (void)sched_yield();
}

int os_hold_cancel(void)
{
    int before = PTHREAD_CANCEL_ENABLE;
    (void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
    return before;
}

void os_allow_cancel(int before)
{
    (void)pthread_setcancelstate(before, NULL);
}

void os_nap(void)
{
    int saved = errno, cancel = os_hold_cancel();
    (void)nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
    os_allow_cancel(cancel);
    errno = saved;
}
