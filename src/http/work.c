// SPDX-License-Identifier: BSD-2-Clause
// Who makes the answers. There are two of them because one answer may take a minute (?seconds=60), for which
// no other request is to wait: of these there is one at a time, who asks for another is told so at once.
#include "server.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

static void answer(struct work *w, struct request *r)
{
    r->answer.allow = w->allow;
    r->failed = pond_profile_answer(r->method, r->path, r->query, &r->answer) != 0;
}

static struct request *take(struct work *w)
{
    pthread_mutex_lock(&w->lock);
    while (w->first == NULL && !w->over)
        pthread_cond_wait(&w->more, &w->lock);
    struct request *r = w->over ? NULL : w->first;
    if (r != NULL && (w->first = r->next) == NULL)
        w->last = &w->first;
    pthread_mutex_unlock(&w->lock);
    return r;
}

static void give(struct work *w, struct request *r)
{
    static const uint64_t one = 1;
    pthread_mutex_lock(&w->lock);
    r->next = w->done;
    w->done = r;
    pthread_mutex_unlock(&w->lock);
    ssize_t n = write(w->wake, &one, sizeof one);
    (void)n; // it is full: the host looks anyway
}

static void *run(void *work)
{
    struct work *w = work;
    for (struct request *r; (r = take(w)) != NULL;) {
        answer(w, r);
        give(w, r);
    }
    return NULL;
}

bool work_start(struct work *w)
{
    w->last = &w->first;
    w->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (w->wake < 0)
        return false;
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->more, NULL);
    int error = 0;
    while (w->workers < WORKERS && error == 0) {
        error = pthread_create(&w->threads[w->workers], NULL, run, w);
        if (error == 0)
            (void)pthread_setname_np(w->threads[w->workers++], "pond-http");
    }
    if (error == 0)
        return true;
    work_stop(w);
    close(w->wake);
    errno = error;
    return false;
}

void work_ask(struct work *w, struct request *r)
{
    pthread_mutex_lock(&w->lock);
    r->next = NULL;
    *w->last = r;
    w->last = &r->next;
    pthread_cond_signal(&w->more);
    pthread_mutex_unlock(&w->lock);
}

struct request *work_done(struct work *w)
{
    pthread_mutex_lock(&w->lock);
    struct request *r = w->done;
    w->done = NULL;
    pthread_mutex_unlock(&w->lock);
    return r;
}

void work_stop(struct work *w)
{
    pthread_mutex_lock(&w->lock);
    w->over = true;
    pthread_cond_broadcast(&w->more);
    pthread_mutex_unlock(&w->lock);
    while (w->workers > 0)
        pthread_join(w->threads[--w->workers], NULL);
}
