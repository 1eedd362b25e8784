/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE 1
#include "worker.h"
#include "serve.h"
#include <stdlib.h>
#include <unistd.h>

static void stop_here(struct worker *w)
{
    serve_end(w->connections);
    uv_close((uv_handle_t *)&w->wake, NULL); /* the last handle: the loop ends */
}

/* Takes over what the accepting thread left here. */
static void on_wake(uv_async_t *wake)
{
    struct worker *w = wake->data;
    uv_mutex_lock(&w->lock);
    int *sockets = w->sockets;
    size_t count = w->count;
    bool stop = w->stop;
    w->sockets = NULL;
    w->count = w->room = 0;
    uv_mutex_unlock(&w->lock);
    for (size_t i = 0; i < count; i++)
        serve_connection(&w->loop, sockets[i], &w->connections);
    free(sockets);
    if (stop)
        stop_here(w);
}

static void run(void *arg)
{
    struct worker *w = arg;
    uv_run(&w->loop, UV_RUN_DEFAULT);
}

bool worker_start(struct worker *w)
{
    *w = (struct worker){0};
    if (uv_loop_init(&w->loop) != 0)
        return false;
    if (uv_mutex_init(&w->lock) == 0) {
        if (uv_async_init(&w->loop, &w->wake, on_wake) == 0) {
            w->wake.data = w;
            if (uv_thread_create(&w->thread, run, w) == 0)
                return true;
            uv_close((uv_handle_t *)&w->wake, NULL);
            uv_run(&w->loop, UV_RUN_DEFAULT);
        }
        uv_mutex_destroy(&w->lock);
    }
    uv_loop_close(&w->loop);
    return false;
}

/* With the lock held. */
static bool room_for_one(struct worker *w)
{
    if (w->count < w->room)
        return true;
    size_t room = w->room > 0 ? 2 * w->room : 16;
    int *sockets = realloc(w->sockets, room * sizeof(*sockets));
    if (sockets == NULL)
        return false;
    w->sockets = sockets;
    w->room = room;
    return true;
}

void worker_take(struct worker *w, int socket)
{
    uv_mutex_lock(&w->lock);
    bool taken = room_for_one(w);
    if (taken)
        w->sockets[w->count++] = socket;
    uv_mutex_unlock(&w->lock);
    if (taken)
        uv_async_send(&w->wake);
    else
        close(socket);
}

void worker_stop(struct worker *w)
{
    uv_mutex_lock(&w->lock);
    w->stop = true;
    uv_mutex_unlock(&w->lock);
    uv_async_send(&w->wake);
    uv_thread_join(&w->thread);
    uv_loop_close(&w->loop);
    uv_mutex_destroy(&w->lock);
}
