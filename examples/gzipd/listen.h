/* SPDX-License-Identifier: BSD-2-Clause */
/* The listening socket and the threads that serve what comes in there. */
#ifndef GZIPD_LISTEN_H
#define GZIPD_LISTEN_H

#include "options.h"
#include "serve.h"

struct server {
    struct site site;
    int socket;                  /* listens; not blocking */
    unsigned threads, next;      /* how many, and whose turn it is */
    struct MHD_Daemon **daemons; /* libmicrohttpd's; each is one thread */
};

/* Opens the site and the socket and starts the threads. False: it was reported, and nothing is left open. */
bool listen_start(struct server *s, const struct options *o);

/* The port that is listened on. */
uint16_t listen_port(const struct server *s);

/*
 * Takes a connection, if there is one, and gives it to the next thread. False: descriptors or memory
 * are out, and it is no use to try again at once.
 */
bool listen_accept(struct server *s);

/* Ends all connections and threads: every request and answer is closed when it returns. */
void listen_stop(struct server *s);

#endif
