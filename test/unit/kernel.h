/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A kernel that refuses membarrier or gettid, naps that take no time, and counts of both. For one test file,
 * linked with -Wl,--wrap=syscall,--wrap=nanosleep,--wrap=sched_yield.
 */
#ifndef TEST_UNIT_KERNEL_H
#define TEST_UNIT_KERNEL_H

#include "test.h"

#include "threads.h"

#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <time.h>

static atomic_bool refuse_membarrier, refuse_gettid, refuse_tgkill;
static atomic_long thread_number;                                  /* what gettid says; 0: the kernel's own */
static atomic_size_t membarriers, naps, yields, asked_for_threads; /* asked for */
static _Atomic(long) last_nap;                                     /* nanoseconds wished for */
static event napping = EVENT_INIT;                                 /* set at each nap */
static atomic_bool naps_last;                                      /* a nap ends when may_wake is set */
static event may_wake = EVENT_INIT;

long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);
int __wrap_nanosleep(const struct timespec *wish, struct timespec *left);
int __real_sched_yield(void);
int __wrap_sched_yield(void);

long __wrap_syscall(long number, ...)
{
    va_list args;
    va_start(args, number);
    int command = va_arg(args, int), flags = va_arg(args, int), cpu = va_arg(args, int);
    va_end(args);
    if ((number == SYS_gettid && atomic_load(&refuse_gettid)) ||
        (number == SYS_tgkill && atomic_load(&refuse_tgkill))) {
        errno = EPERM;
        return -1;
    }
    if (number == SYS_gettid && atomic_load(&thread_number) != 0)
        return atomic_load(&thread_number);
    if (number == SYS_tgkill)
        atomic_fetch_add(&asked_for_threads, 1);
    if (number == SYS_gettid || number == SYS_tgkill)
        return __real_syscall(number, command, flags, cpu);
    must(number == SYS_membarrier, "system call %ld", number);
    atomic_fetch_add(&membarriers, 1);
    if (!atomic_load(&refuse_membarrier))
        return __real_syscall(number, command, flags, cpu);
    errno = ENOSYS;
    return -1;
}

/* Fails, as when a signal comes. */
int __wrap_nanosleep(const struct timespec *wish, struct timespec *left)
{
    pthread_testcancel(); /* as in the real one */
    (void)left;
    atomic_fetch_add(&naps, 1);
    atomic_store(&last_nap, wish->tv_sec * 1000000000 + wish->tv_nsec);
    event_set(&napping);
    if (atomic_load(&naps_last))
        event_wait(&may_wake);
    errno = EINTR;
    return -1;
}

int __wrap_sched_yield(void)
{
    atomic_fetch_add(&yields, 1);
    return __real_sched_yield();
}

#endif
