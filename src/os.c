/* SPDX-License-Identifier: BSD-2-Clause */
#include "os.h"
#include <errno.h>
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
    static size_t size;
    size_t known = LOAD(size);
    if (known == 0) {
        known = (size_t)sysconf(_SC_PAGESIZE);
        STORE(size, known);
    }
    return known;
}

void *os_map(size_t bytes)
{
    void *base =
        mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (base == MAP_FAILED) {
        errno = ENOMEM;
        return NULL;
    }
    return base;
}

void *os_map_aligned(size_t bytes, size_t align)
{
    char *base = os_map(bytes + align);
    if (base == NULL)
        return NULL;
    size_t head = (align - ((uintptr_t)base & (align - 1))) & (align - 1);
    if (head > 0)
        os_unmap(base, head);
    os_unmap(base + head + bytes, align - head);
    return base + head;
}

/* munmap fails when it would split a mapping and the process has too many: the memory goes all the same. */
void os_unmap(void *base, size_t bytes)
{
    int saved = errno;
    if (munmap(base, bytes) != 0)
        (void)madvise(base, bytes, MADV_DONTNEED);
    errno = saved;
}

bool os_purge(void *base, size_t bytes)
{
    int saved = errno;
    bool purged = madvise(base, bytes, MADV_DONTNEED) == 0;
    errno = saved;
    return purged;
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

#ifdef POND_FENCE
/* The owner's own fence is the other half: see <pond/inline.h>. */
bool os_barrier_register(void)
{
    return true;
}

void os_barrier(void) {}
#else
static char *barrier_page; /* for a kernel that refuses after it had agreed */

bool os_barrier_register(void)
{
    int saved = errno;
    bool agreed = syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) == 0;
    if (agreed && barrier_page == NULL)
        barrier_page = os_map(os_page_size());
    errno = saved;
    return agreed && barrier_page != NULL;
}

/*
 * Taking a right away from a page that is present makes the kernel interrupt every processor that
 * runs a thread of this process, which is the same fence, dearer.
 */
static void barrier_by_protection(void)
{
    (void)mprotect(barrier_page, os_page_size(), PROT_READ | PROT_WRITE);
    __atomic_store_n(barrier_page, 1, __ATOMIC_SEQ_CST);
    (void)mprotect(barrier_page, os_page_size(), PROT_READ);
}

void os_barrier(void)
{
    int saved = errno;
    if (syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0) != 0)
        barrier_by_protection();
    errno = saved;
}
#endif

void os_yield(void)
{
    (void)sched_yield();
}

void os_nap(void)
{
    int saved = errno;
    (void)nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
    errno = saved;
}
