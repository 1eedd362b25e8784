/* SPDX-License-Identifier: BSD-2-Clause */
#include "os.h"
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
    os_small_pages(base, bytes);
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
 * There is no other way behind it. Taking a right away from a page by mprotect interrupts other processors on
 * many x86 only: where the hardware tells them to forget a translation by itself (aarch64, and x86 with
 * INVLPGB), no thread passes a fence.
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

uint64_t os_milliseconds(void)
{
    struct timespec now = {.tv_sec = 0};
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
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
