/* SPDX-License-Identifier: BSD-2-Clause */
#include "test.h"

#include "fault.h"

#include <stdatomic.h>
#include <sys/mman.h>

static struct {
    atomic_size_t uses, hits;
    atomic_size_t from, to; /* uses that fail: from <= use < to */
    atomic_int error;       /* 0: the usual one */
} faults[FAULT_CALLS];

void fault_arm(fault_call call, size_t n, bool onwards)
{
    atomic_store(&faults[call].uses, 0);
    atomic_store(&faults[call].hits, 0);
    atomic_store(&faults[call].from, n);
    atomic_store(&faults[call].to, onwards ? SIZE_MAX : n + 1);
}

void fault_disarm(fault_call call)
{
    atomic_store(&faults[call].to, 0);
}

size_t fault_uses(fault_call call)
{
    return atomic_load(&faults[call].uses);
}

size_t fault_hits(fault_call call)
{
    return atomic_load(&faults[call].hits);
}

void fault_error(fault_call call, int error)
{
    atomic_store(&faults[call].error, error);
}

static bool fails(fault_call call, int usual)
{
    size_t use = atomic_fetch_add(&faults[call].uses, 1);
    bool hit = atomic_load(&faults[call].from) <= use && use < atomic_load(&faults[call].to);
    int error = atomic_load(&faults[call].error);
    if (hit) {
        atomic_fetch_add(&faults[call].hits, 1);
        errno = error != 0 ? error : usual;
    }
    return hit;
}

static atomic_bool huge_pages;

void fault_huge_pages(void)
{
    atomic_store(&huge_pages, true);
}

/* The linker's names for the wrapped functions; there are none in tests that wrap nothing. */
#define REAL __attribute__((weak))
REAL void *__real_mmap(void *at, size_t bytes, int prot, int flags, int fd, off_t offset);
REAL int __real_munmap(void *at, size_t bytes);
REAL int __real_madvise(void *at, size_t bytes, int advice);
void *__wrap_mmap(void *at, size_t bytes, int prot, int flags, int fd, off_t offset);
int __wrap_munmap(void *at, size_t bytes);
int __wrap_madvise(void *at, size_t bytes, int advice);

void *__wrap_mmap(void *at, size_t bytes, int prot, int flags, int fd, off_t offset)
{
    if (fails(FAULT_MMAP, ENOMEM))
        return MAP_FAILED;
    void *base = __real_mmap(at, bytes, prot, flags, fd, offset);
    if (base != MAP_FAILED && atomic_load(&huge_pages))
        (void)__real_madvise(base, bytes, MADV_HUGEPAGE);
    return base;
}

int __wrap_munmap(void *at, size_t bytes)
{
    return fails(FAULT_MUNMAP, ENOMEM) ? -1 : __real_munmap(at, bytes);
}

int __wrap_madvise(void *at, size_t bytes, int advice)
{
    return fails(FAULT_MADVISE, EAGAIN) ? -1 : __real_madvise(at, bytes, advice);
}
