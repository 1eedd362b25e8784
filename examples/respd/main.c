/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * respd: a small server that speaks Redis' protocol and echoes, and the demonstration of pond where objects
 * are cheap: a command is answered in about a microsecond, so what its objects cost is seen. Connections,
 * read buffers, requests and batches of replies come from ponds; --alloc=malloc makes and frees all of them.
 *
 *     main.c      starts and ends everything; signals and ticks
 *     options.c   the command line
 *     pools.c     the ponds, and what stands in for them with --alloc=malloc
 *     buffers.c   those of buffers
 *     listen.c    the socket; deals connections out
 *     worker.c    a thread with a libuv loop
 *     serve.c     a connection: read, answer, write
 *     command.c   what each command is answered
 *     resp.c      bytes to commands
 *     sight.c     what the ponds do, answered by this loop
 *     head.c      bytes to a request of HTTP
 *     ../server/  what it shares with gzipd: common options, all ponds at once, sampling switched
 */
#define _GNU_SOURCE 1
#include "../server/sampling.h"
#include "listen.h"
#include "sight.h"
#include <signal.h>
#include <stdio.h>

enum { SIGNALS = 4 };

/* What the main thread's loop waits for. */
struct attention {
    uv_signal_t signals[SIGNALS];
    uv_timer_t tick;
};

static void on_end(uv_signal_t *signal, int number)
{
    (void)number;
    uv_stop(signal->loop);
}

static void on_report(uv_signal_t *signal, int number)
{
    (void)signal, (void)number;
    pools_report();
}

static void on_switch(uv_signal_t *signal, int number)
{
    (void)signal, (void)number;
    sampling_switch();
}

static void on_tick(uv_timer_t *tick)
{
    (void)tick;
    pond_epoch_advance();
}

static void attend(struct attention *a, uv_loop_t *loop, const struct server_options *o)
{
    static const int numbers[SIGNALS] = {SIGINT, SIGTERM, SIGUSR1, SIGUSR2};
    static const uv_signal_cb calls[SIGNALS] = {on_end, on_end, on_report, on_switch};
    for (int i = 0; i < SIGNALS; i++) {
        uv_signal_init(loop, &a->signals[i]);
        uv_signal_start(&a->signals[i], calls[i], numbers[i]);
    }
    uv_timer_init(loop, &a->tick);
    if (o->pooled) /* with malloc nothing is idle, so nothing has to age */
        uv_timer_start(&a->tick, on_tick, o->tick_ms, o->tick_ms);
}

static void close_attention(struct attention *a)
{
    for (int i = 0; i < SIGNALS; i++)
        uv_close((uv_handle_t *)&a->signals[i], NULL);
    uv_close((uv_handle_t *)&a->tick, NULL);
}

/* False: it was reported. */
static bool open_sight(struct sight *s, uv_loop_t *loop, const struct options *o)
{
    if (!o->sighted)
        return true;
    if (!sight_start(s, loop, o->sight_port))
        return false;
    printf("respd: pages on the ponds are at http://127.0.0.1:%u/debug/pond\n", sight_port(s));
    fflush(stdout);
    return true;
}

static bool serve(uv_loop_t *loop, const struct options *o)
{
    struct server s;
    struct sight sight = {.open = false};
    struct attention a;
    attend(&a, loop, &o->server);
    bool started = listen_start(&s, loop, &o->server);
    if (started) {
        printf("respd: serving on redis://127.0.0.1:%u/\n", listen_port(&s));
        fflush(stdout);
        started = open_sight(&sight, loop, o);
        if (started)
            uv_run(loop, UV_RUN_DEFAULT); /* until on_end */
        sight_stop(&sight);
        listen_stop(&s);
    }
    close_attention(&a);
    uv_run(loop, UV_RUN_DEFAULT); /* what was closed */
    return started;
}

int main(int argc, char **argv)
{
    struct options o;
    uv_loop_t loop;
    options_read(&o, argc, argv);
    signal(SIGPIPE, SIG_IGN); /* a client that has gone is write's error, not our end */
    if (uv_loop_init(&loop) != 0) {
        fputs("respd: cannot make an event loop.\n", stderr);
        return 1;
    }
    if (!pools_open(&o.server))
        return 1;
    bool served = serve(&loop, &o);
    bool closed = pools_close(); /* after the last connection: nothing may be live now */
    return uv_loop_close(&loop) == 0 && served && closed ? 0 : 1;
}
