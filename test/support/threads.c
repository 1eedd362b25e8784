/* SPDX-License-Identifier: BSD-2-Clause */
#include "test.h"

#include "threads.h"

#include <stdlib.h>

void event_set(event *e)
{
    pthread_mutex_lock(&e->lock);
    e->happened = true;
    pthread_cond_broadcast(&e->changed);
    pthread_mutex_unlock(&e->lock);
}

void event_wait(event *e)
{
    pthread_mutex_lock(&e->lock);
    while (!e->happened)
        pthread_cond_wait(&e->changed, &e->lock);
    pthread_mutex_unlock(&e->lock);
}

void event_clear(event *e)
{
    pthread_mutex_lock(&e->lock);
    e->happened = false;
    pthread_mutex_unlock(&e->lock);
}

struct worker {
    pthread_t thread;
    event todo, done;
    void (*step)(void *arg); /* NULL: the thread is to exit */
    void *arg;
};

static void *worker_main(void *self)
{
    worker *w = (worker *)self;
    for (;;) {
        event_wait(&w->todo);
        event_clear(&w->todo);
        if (w->step == NULL)
            return NULL;
        w->step(w->arg);
        event_set(&w->done);
    }
}

worker *worker_start(void)
{
    static const event fresh = EVENT_INIT;
    worker *w = (worker *)malloc(sizeof *w);
    must(w != NULL, "no memory for a worker");
    w->todo = w->done = fresh;
    int error = pthread_create(&w->thread, NULL, worker_main, w);
    must(error == 0, "pthread_create: %d", error);
    return w;
}

void worker_begin(worker *w, void (*step)(void *arg), void *arg)
{
    w->step = step;
    w->arg = arg;
    event_clear(&w->done);
    event_set(&w->todo);
}

void worker_wait(worker *w)
{
    event_wait(&w->done);
}

void worker_do(worker *w, void (*step)(void *arg), void *arg)
{
    worker_begin(w, step, arg);
    worker_wait(w);
}

void worker_end(worker *w)
{
    worker_begin(w, NULL, NULL);
    pthread_join(w->thread, NULL);
    free(w);
}

pthread_t worker_thread(const worker *w)
{
    return w->thread;
}

typedef struct crew {
    pthread_barrier_t start;
    void (*body)(unsigned index, void *arg);
    void *arg;
} crew;

typedef struct crew_member {
    crew *crew;
    pthread_t thread;
    unsigned index;
} crew_member;

static void *crew_main(void *self)
{
    crew_member *m = (crew_member *)self;
    pthread_barrier_wait(&m->crew->start);
    m->crew->body(m->index, m->crew->arg);
    return NULL;
}

void crew_run(unsigned n, void (*body)(unsigned index, void *arg), void *arg)
{
    crew all = {.body = body, .arg = arg};
    crew_member *members = (crew_member *)calloc(n, sizeof *members);
    must(members != NULL, "no memory for %u threads", n);
    pthread_barrier_init(&all.start, NULL, n);
    for (unsigned i = 0; i < n; i++) {
        members[i].crew = &all;
        members[i].index = i;
        int error = pthread_create(&members[i].thread, NULL, crew_main, &members[i]);
        must(error == 0, "pthread_create: %d", error);
    }
    for (unsigned i = 0; i < n; i++)
        pthread_join(members[i].thread, NULL);
    pthread_barrier_destroy(&all.start);
    free(members);
}

void thread_run(void *(*body)(void *arg), void *arg)
{
    pthread_t thread;
    int error = pthread_create(&thread, NULL, body, arg);
    must(error == 0, "pthread_create: %d", error);
    pthread_join(thread, NULL);
}
