/* SPDX-License-Identifier: BSD-2-Clause */
#define _POSIX_C_SOURCE 200809L
#include "ticker.h"
#include <errno.h>
#include <pond/pond.h>
#include <pthread.h>
#include <time.h>

static pthread_t thread;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t stopped;
static bool stop;
static unsigned period; /* milliseconds */

static struct timespec later(struct timespec t)
{
    t.tv_sec += period / 1000;
    t.tv_nsec += (long)(period % 1000) * 1000000;
    if (t.tv_nsec >= 1000000000) {
        t.tv_nsec -= 1000000000;
        t.tv_sec++;
    }
    return t;
}

/* The lock is free during the tick: destroy hooks run there. */
static void *tick(void *arg)
{
    struct timespec next;
    clock_gettime(CLOCK_MONOTONIC, &next);
    pthread_mutex_lock(&lock);
    while (!stop) {
        next = later(next);
        while (!stop && pthread_cond_timedwait(&stopped, &lock, &next) != ETIMEDOUT)
            ;
        pthread_mutex_unlock(&lock);
        pond_epoch_advance();
        pthread_mutex_lock(&lock);
    }
    pthread_mutex_unlock(&lock);
    return arg;
}

bool ticker_start(unsigned milliseconds)
{
    pthread_condattr_t monotonic;
    period = milliseconds;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&stopped, &monotonic);
    pthread_condattr_destroy(&monotonic);
    errno = pthread_create(&thread, NULL, tick, NULL);
    return errno == 0;
}

void ticker_stop(void)
{
    pthread_mutex_lock(&lock);
    stop = true;
    pthread_cond_signal(&stopped);
    pthread_mutex_unlock(&lock);
    pthread_join(thread, NULL);
}
