/* SPDX-License-Identifier: BSD-2-Clause */
/* The library's clock, which stands still until the test moves it. For tests linked with
   -Wl,--wrap=clock_gettime. */
#ifndef TEST_SUPPORT_CLOCK_H
#define TEST_SUPPORT_CLOCK_H

#include <stdint.h>
#include <time.h>

static uint64_t clock_now; /* milliseconds; 0: it is the real one */

int __real_clock_gettime(clockid_t id, struct timespec *t);
int __wrap_clock_gettime(clockid_t id, struct timespec *t);

int __wrap_clock_gettime(clockid_t id, struct timespec *t)
{
    uint64_t now = __atomic_load_n(&clock_now, __ATOMIC_RELAXED);
    if (now == 0 || id != CLOCK_MONOTONIC)
        return __real_clock_gettime(id, t);
    t->tv_sec = (time_t)(now / 1000);
    t->tv_nsec = (long)(now % 1000) * 1000000;
    return 0;
}

static void clock_pass(uint64_t milliseconds)
{
    __atomic_fetch_add(&clock_now, milliseconds, __ATOMIC_RELAXED);
}

static void clock_freeze(void)
{
    clock_pass(1000000);
}

#endif
