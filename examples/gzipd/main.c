/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gzipd: a small web server that compresses what it serves, and the demonstration of pond in a real
 * program. Each request takes a deflate stream, an output buffer and a request context from a pond
 * and puts them back; --alloc=malloc makes and frees all three for each request.
 *
 *     main.c      starts and ends everything; attends to connections and signals
 *     options.c   the command line
 *     pools.c     the three ponds, and what stands in for them with --alloc=malloc
 *     ticker.c    the thread that ticks
 *     profile.c   heap profiles of the ponds, in files
 *     sight.c     what the ponds do, served by libpond-http
 *     plant.c     faults on purpose, for demonstrations
 *     listen.c    the socket and the threads that serve, by libmicrohttpd
 *     serve.c     a request and its answer
 *     files.c     paths, types, Accept-Encoding
 *     compress.c  a file into a buffer, by zlib
 *     ../server/  what it shares with respd: common options, all ponds at once, sampling switched
 */
#define _GNU_SOURCE 1
#include "../server/sampling.h"
#include "listen.h"
#include "plant.h"
#include "pools.h"
#include "profile.h"
#include "sight.h"
#include "ticker.h"
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

/*
 * The signals are blocked in all threads and this one reads them from a descriptor, so that what they
 * do is ordinary code: no function of pond, and not printf, may be called from a handler.
 */
static int open_signals(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGUSR2);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &set, NULL); /* every thread started from here on inherits it */
    signal(SIGPIPE, SIG_IGN);               /* a client that has gone is write's error, not our end */
    int fd = signalfd(-1, &set, SFD_CLOEXEC);
    if (fd < 0)
        fprintf(stderr, "gzipd: cannot wait for signals: %s.\n", strerror(errno));
    return fd;
}

/* False: it is time to end. */
static bool on_signal(int signals)
{
    struct signalfd_siginfo got;
    if (read(signals, &got, sizeof(got)) != sizeof(got))
        return false;
    switch (got.ssi_signo) {
    case SIGUSR1:
        pools_report();
        plant_report();
        profile_write();
        return true;
    case SIGUSR2:
        sampling_switch();
        return true;
    default:
        return false;
    }
}

/* Returns when a signal says so. */
static void attend(struct server *s, int signals)
{
    struct pollfd ready[] = {{.fd = signals, .events = POLLIN}, {.fd = s->socket, .events = POLLIN}};
    bool going = true;
    while (going) {
        int n = poll(ready, 2, ready[1].fd < 0 ? 100 : -1);
        bool room = n <= 0 || ready[1].revents == 0 || listen_accept(s);
        ready[1].fd = room ? s->socket : -1; /* without room, connections wait for a tenth of a second */
        going = n <= 0 || ready[0].revents == 0 || on_signal(signals);
    }
}

static bool serve(const struct options *o, int signals)
{
    struct server s;
    if (!listen_start(&s, o))
        return false;
    printf("gzipd: serving %s on http://127.0.0.1:%u/\n", o->root, listen_port(&s));
    fflush(stdout);
    bool sighted = sight_start(o->sight);
    if (sighted)
        attend(&s, signals);
    sight_stop();
    listen_stop(&s);
    return sighted;
}

/* With malloc nothing is idle, so nothing has to age. */
static bool serve_and_tick(const struct options *o, int signals)
{
    if (!o->server.pooled)
        return serve(o, signals);
    if (!ticker_start(o->server.tick_ms)) {
        fprintf(stderr, "gzipd: cannot start a thread: %s.\n", strerror(errno));
        return false;
    }
    bool served = serve(o, signals);
    ticker_stop();
    return served;
}

int main(int argc, char **argv)
{
    struct options o;
    options_read(&o, argc, argv);
    int signals = open_signals();
    if (signals < 0 || !pools_open(&o))
        return 1;
    profile_begin(o.profile);
    if (!plant_start()) {
        fprintf(stderr, "gzipd: cannot plant a fault: %s.\n", strerror(errno));
        return 1;
    }
    bool served = serve_and_tick(&o, signals);
    bool closed = pools_close(); /* after the last request: nothing may be live now */
    return served && closed ? 0 : 1;
}
