/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a kernel with pages of 64 KiB answers, as aarch64 and POWER may have it: a range begins at a whole
 * page, or it is EINVAL, and goes as far as its last page does. A test that includes this first has it in the
 * place of the C library's, beneath what else it wraps.
 */
#ifndef TEST_SUPPORT_LARGE_PAGES_H
#define TEST_SUPPORT_LARGE_PAGES_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif

#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LARGE_PAGE ((size_t)65536)

long sysconf(int name)
{
    static long (*next)(int);
    if (name == _SC_PAGESIZE)
        return (long)LARGE_PAGE;
    if (next == NULL)
        *(void **)&next = dlsym(RTLD_NEXT, "sysconf");
    return next(name);
}

static size_t whole_pages(size_t bytes)
{
    return (bytes + LARGE_PAGE - 1) & ~(LARGE_PAGE - 1);
}

/* The same on a range. */
static int on_pages(long call, const void *at, size_t bytes, long how)
{
    if ((uintptr_t)at % LARGE_PAGE == 0)
        return (int)syscall(call, at, whole_pages(bytes), how);
    errno = EINVAL;
    return -1;
}

static void *map_pages(void *at, size_t bytes, int rights, int flags, int fd, off_t offset)
{
    long base = syscall(SYS_mmap, at, bytes, rights, flags, fd, offset);
    return (void *)base; /* MAP_FAILED is -1 */
}

/* Wherever the kernel likes: what is too much at both ends is cut off. */
void *mmap(void *at, size_t bytes, int rights, int flags, int fd, off_t offset)
{
    bool fixed = (flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) != 0;
    bytes = whole_pages(bytes);
    if (fixed && (uintptr_t)at % LARGE_PAGE != 0) {
        errno = EINVAL;
        return MAP_FAILED;
    }
    if (fixed)
        return map_pages(at, bytes, rights, flags, fd, offset);
    char *base = map_pages(NULL, bytes + LARGE_PAGE, rights, flags, fd, offset);
    if (base == MAP_FAILED)
        return base;
    size_t head = -(uintptr_t)base % LARGE_PAGE;
    if (head > 0)
        (void)syscall(SYS_munmap, base, head);
    (void)syscall(SYS_munmap, base + head + bytes, LARGE_PAGE - head);
    return base + head;
}

int munmap(void *at, size_t bytes)
{
    return on_pages(SYS_munmap, at, bytes, 0);
}

int mprotect(void *at, size_t bytes, int rights)
{
    return on_pages(SYS_mprotect, at, bytes, rights);
}

int madvise(void *at, size_t bytes, int advice)
{
    return on_pages(SYS_madvise, at, bytes, advice);
}

int mlock2(const void *at, size_t bytes, unsigned flags)
{
    return on_pages(SYS_mlock2, at, bytes, (long)flags);
}

#endif
