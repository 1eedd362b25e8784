/* SPDX-License-Identifier: BSD-2-Clause */
/* A thread with an event loop. */
#ifndef RESPD_WORKER_H
#define RESPD_WORKER_H

#include "pools.h"

struct worker {
    uv_loop_t loop;
    uv_thread_t thread;
    uv_async_t wake; /* something below has changed */
    uv_mutex_t lock; /* of the next three */
    int *sockets;    /* accepted, not yet taken over */
    size_t count, room;
    bool stop;
    struct connection *connections; /* the thread's own */
};

/* False: there is no thread or descriptor to be had, and nothing is left open. */
bool worker_start(struct worker *w);

/* Gives it an accepted socket. It is closed when memory is out. */
void worker_take(struct worker *w, int socket);

/* Ends its connections and the thread: all that it had open is closed when it returns. */
void worker_stop(struct worker *w);

#endif
