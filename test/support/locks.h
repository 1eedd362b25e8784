/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Something happens just before a thread takes a lock: for tests of what may come between a thread's looking
 * and its locking, linked with
 *
 *     -Wl,--wrap=pthread_mutex_lock
 */
#ifndef TEST_SUPPORT_LOCKS_H
#define TEST_SUPPORT_LOCKS_H

#include <pthread.h>

/* before_lock is called before the last of so many locks that this thread takes from now on. */
static _Thread_local int locks_left;
static _Thread_local void (*before_lock)(void);

int __real_pthread_mutex_lock(pthread_mutex_t *m);
int __wrap_pthread_mutex_lock(pthread_mutex_t *m);

int __wrap_pthread_mutex_lock(pthread_mutex_t *m)
{
    if (locks_left > 0 && --locks_left == 0)
        before_lock();
    return __real_pthread_mutex_lock(m);
}

#endif
