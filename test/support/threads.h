/* SPDX-License-Identifier: BSD-2-Clause */
/* Threads that a test moves step by step, and threads that all start at once. */
#ifndef TEST_SUPPORT_THREADS_H
#define TEST_SUPPORT_THREADS_H

#include <pthread.h>
#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Something that happens once: set by one thread, waited for by any. */
typedef struct test_event { /* the library has a struct event of its own */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool happened;
} event;

#define EVENT_INIT                                                                                           \
    {                                                                                                        \
        PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false                                           \
    }

void event_set(event *e);
void event_wait(event *e);
void event_clear(event *e); /* so that it can happen again */

/* A thread that does what it is told, and else sleeps. */
typedef struct worker worker;

worker *worker_start(void);
void worker_begin(worker *w, void (*step)(void *arg), void *arg);
void worker_wait(worker *w);                                   /* until the step is done */
void worker_do(worker *w, void (*step)(void *arg), void *arg); /* both of these */
void worker_end(worker *w);                                    /* the thread exits and is joined */
pthread_t worker_thread(const worker *w);

/* Runs body(0..n-1, arg) on n threads that start together, and joins them. */
void crew_run(unsigned n, void (*body)(unsigned index, void *arg), void *arg);

/* Runs body(arg) on a new thread and joins it. */
void thread_run(void *(*body)(void *arg), void *arg);

#ifdef __cplusplus
}
#endif

#endif
