/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One thread accepts and deals the connections out in turn, so that every loop has as many. With a socket
 * per loop (SO_REUSEPORT) the kernel would deal by the hash of the addresses: fifty clients, unevenly.
 */
#define _GNU_SOURCE 1
#include "listen.h"
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* The size of the send buffer is what accepted sockets inherit. */
static bool bind_and_listen(int fd, const struct server_options *o)
{
    const int yes = 1;
    const struct sockaddr_in here = {
        .sin_family = AF_INET, .sin_port = htons(o->port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (o->send_buffer > 0 && setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &o->send_buffer, sizeof(int)) != 0)
        return false;
    return setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) == 0 &&
           bind(fd, (const void *)&here, sizeof(here)) == 0 && listen(fd, SOMAXCONN) == 0;
}

/* -1 and errno. */
static int open_socket(const struct server_options *o)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind_and_listen(fd, o))
        return fd;
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

static void on_ready(uv_poll_t *ready, int status, int events);

static void on_again(uv_timer_t *again)
{
    struct server *s = again->data;
    uv_poll_start(&s->ready, UV_READABLE, on_ready);
}

/* Without descriptors or memory, connections wait for a tenth of a second. */
static void on_ready(uv_poll_t *ready, int status, int events)
{
    (void)status, (void)events;
    struct server *s = ready->data;
    for (int i = 0; i < 64; i++) {
        int fd = accept4(s->socket, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) {
            if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
                uv_poll_stop(ready);
                uv_timer_start(&s->again, on_again, 100, 0);
            }
            return;
        }
        worker_take(&s->workers[s->next], fd);
        s->next = (s->next + 1) % s->threads;
    }
}

static bool start_threads(struct server *s, unsigned threads)
{
    s->workers = calloc(threads, sizeof(*s->workers));
    for (s->threads = 0; s->workers != NULL && s->threads < threads; s->threads++)
        if (!worker_start(&s->workers[s->threads]))
            return false;
    return s->workers != NULL;
}

static void stop_threads(struct server *s)
{
    for (unsigned i = 0; i < s->threads; i++)
        worker_stop(&s->workers[i]);
    free(s->workers);
    close(s->socket);
}

bool listen_start(struct server *s, uv_loop_t *loop, const struct server_options *o)
{
    *s = (struct server){.socket = open_socket(o)};
    if (s->socket < 0) {
        fprintf(stderr, "respd: cannot listen on port %u: %s.\n", o->port, strerror(errno));
        return false;
    }
    if (!start_threads(s, o->threads) || uv_poll_init(loop, &s->ready, s->socket) != 0) {
        fprintf(stderr, "respd: cannot start %u threads.\n", o->threads);
        stop_threads(s);
        return false;
    }
    uv_timer_init(loop, &s->again);
    s->ready.data = s->again.data = s;
    uv_poll_start(&s->ready, UV_READABLE, on_ready);
    return true;
}

uint16_t listen_port(const struct server *s)
{
    struct sockaddr_in here = {0};
    socklen_t size = sizeof(here);
    getsockname(s->socket, (void *)&here, &size);
    return ntohs(here.sin_port);
}

void listen_stop(struct server *s)
{
    uv_close((uv_handle_t *)&s->ready, NULL);
    uv_close((uv_handle_t *)&s->again, NULL);
    stop_threads(s);
}
