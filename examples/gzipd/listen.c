/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One libmicrohttpd daemon, which is one thread with an epoll set, for each thread that serves; the
 * connections are dealt out in turn. libmicrohttpd's own thread pool would let whichever thread wakes
 * first take ten connections in a row, which leaves other threads without work.
 */
#define _GNU_SOURCE 1
#include "listen.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int open_socket(uint16_t port, int send_buffer)
{
    const int yes = 1;
    const struct sockaddr_in here = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    /* accepted sockets inherit the size of the send buffer */
    if ((send_buffer == 0 || setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &send_buffer, sizeof(send_buffer)) == 0) &&
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) == 0 &&
        bind(fd, (const void *)&here, sizeof(here)) == 0 && listen(fd, SOMAXCONN) == 0)
        return fd;
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

static bool start_threads(struct server *s, unsigned threads)
{
    s->daemons = calloc(threads, sizeof(struct MHD_Daemon *));
    for (s->threads = 0; s->daemons != NULL && s->threads < threads; s->threads++) {
        s->daemons[s->threads] =
            MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_NO_LISTEN_SOCKET | MHD_USE_ITC, 0, NULL,
                             NULL, serve_request, &s->site, MHD_OPTION_NOTIFY_COMPLETED, serve_request_end,
                             &s->site, MHD_OPTION_CONNECTION_TIMEOUT, 30u, MHD_OPTION_END);
        if (s->daemons[s->threads] == NULL)
            return false;
    }
    return s->daemons != NULL;
}

bool listen_start(struct server *s, const struct options *o)
{
    *s = (struct server){.site = {.log = o->log}, .socket = -1};
    s->site.root = open(o->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (s->site.root < 0)
        fprintf(stderr, "gzipd: cannot serve %s: %s.\n", o->root, strerror(errno));
    else if ((s->socket = open_socket(o->server.port, o->server.send_buffer)) < 0)
        fprintf(stderr, "gzipd: cannot listen on port %u: %s.\n", o->server.port, strerror(errno));
    else if (!start_threads(s, o->server.threads))
        fprintf(stderr, "gzipd: cannot start %u threads.\n", o->server.threads);
    else
        return true;
    listen_stop(s);
    return false;
}

uint16_t listen_port(const struct server *s)
{
    struct sockaddr_in here = {0};
    socklen_t size = sizeof(here);
    getsockname(s->socket, (void *)&here, &size);
    return ntohs(here.sin_port);
}

bool listen_accept(struct server *s)
{
    struct sockaddr_in from;
    socklen_t size = sizeof(from);
    int fd = accept4(s->socket, (void *)&from, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) /* else it has gone already, or it was another thread's signal */
        return errno != EMFILE && errno != ENFILE && errno != ENOBUFS && errno != ENOMEM;
    /* When this thread has all the connections it can hold, the daemon closes it. */
    MHD_add_connection(s->daemons[s->next], fd, (const void *)&from, size);
    s->next = (s->next + 1) % s->threads;
    return true;
}

void listen_stop(struct server *s)
{
    if (s->socket >= 0)
        close(s->socket);
    for (unsigned i = 0; i < s->threads; i++)
        MHD_stop_daemon(s->daemons[i]);
    free(s->daemons);
    if (s->site.root >= 0)
        close(s->site.root);
}
