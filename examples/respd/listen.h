/* SPDX-License-Identifier: BSD-2-Clause */
/* The listening socket, and the threads its connections are dealt out to. */
#ifndef RESPD_LISTEN_H
#define RESPD_LISTEN_H

#include "worker.h"

struct server {
    int socket;
    uv_poll_t ready;        /* the socket has a connection */
    uv_timer_t again;       /* descriptors were out: when to try again */
    unsigned threads, next; /* how many, and whose turn it is */
    struct worker *workers;
};

/* Opens the socket and starts the threads. False: it was reported, and nothing is left open. */
bool listen_start(struct server *s, uv_loop_t *loop, const struct server_options *o);

/* The port that is listened on. */
uint16_t listen_port(const struct server *s);

/* Ends all connections and threads. The loop has to run once more for its handles. */
void listen_stop(struct server *s);

#endif
