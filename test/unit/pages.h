/* SPDX-License-Identifier: BSD-2-Clause */
/* What the kernel says about single pages. */
#ifndef TEST_UNIT_PAGES_H
#define TEST_UNIT_PAGES_H

#include "test.h"

#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

/* Is there memory behind the page that holds this address? False also where nothing is mapped. */
static inline bool page_resident(const void *address)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    unsigned char state = 0;
    return mincore((void *)((uintptr_t)address & ~(page - 1)), 1, &state) == 0 && (state & 1) != 0;
}

static inline bool page_mapped(const void *address)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    unsigned char state;
    return mincore((void *)((uintptr_t)address & ~(page - 1)), 1, &state) == 0 || errno != ENOMEM;
}

/* From here on a page is resident exactly when it was written to: no huge page brings its neighbours. */
static inline void pages_are_small(void)
{
    must(prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0) == 0, "prctl: errno %d", errno);
}

/* Are all n bytes of this value? Each is compared with the one before it. */
static inline bool bytes_are(const void *from, size_t n, int value)
{
    const char *bytes = (const char *)from;
    return n == 0 || (*bytes == (char)value && memcmp(bytes, bytes + 1, n - 1) == 0);
}

#endif
