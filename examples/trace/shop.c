/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A shop on the web whose sessions begin to leak one day: shop [TICK [TICKS]]. From that tick on (250; 0:
 * never) one session in six is never ended. Visitors come in waves of 50 ticks, so what is in use rises and
 * falls all the time, and no single figure shows it. The trace does: POND_PROFILE=trace ./shop 2>&1 | growth
 */
#include "../claim.h"
#include <pond/pond.h>

enum { MOST_VISITORS = 200, MOST_SESSIONS = 20000, WAVE = 50 };

struct session {
    unsigned ends; /* the tick in which it does; 0: never */
    char basket[252];
};

static pond *connections, *requests, *sessions;
static void *visitors[MOST_VISITORS];
static struct session *open_sessions[MOST_SESSIONS];
static size_t visitor_count, session_count;

static unsigned chance(unsigned n)
{
    static unsigned state = 1;
    state = state * 1103515245 + 12345;
    return (state >> 16) % n;
}

static void visitors_come_and_go(unsigned tick)
{
    unsigned wave = tick % WAVE < WAVE / 2 ? tick % WAVE : WAVE - tick % WAVE;
    size_t wanted = 40 + 4 * wave + chance(10);
    while (visitor_count < wanted)
        CLAIM((visitors[visitor_count++] = pond_get(connections)) != NULL);
    while (visitor_count > wanted)
        pond_put(connections, visitors[--visitor_count]);
}

static void answer_requests(void)
{
    for (size_t i = 0; i < visitor_count; i++) {
        void *request = pond_get(requests);
        CLAIM(request != NULL);
        pond_put(requests, request);
    }
}

static void log_in(unsigned tick, unsigned fault)
{
    for (size_t i = 0; i < visitor_count / 8 && session_count < MOST_SESSIONS; i++) {
        struct session *s = pond_get(sessions);
        CLAIM(s != NULL);
        s->ends = tick + 5 + chance(10);
        if (fault > 0 && tick >= fault && chance(6) == 0)
            s->ends = 0;
        open_sessions[session_count++] = s;
    }
}

static void log_out(unsigned tick, bool all)
{
    for (size_t i = 0; i < session_count;) {
        struct session *s = open_sessions[i];
        if (!all && (s->ends == 0 || s->ends > tick)) {
            i++;
            continue;
        }
        open_sessions[i] = open_sessions[--session_count];
        pond_put(sessions, s);
    }
}

int main(int argc, char **argv)
{
    unsigned fault = argc > 1 ? (unsigned)atoi(argv[1]) : 250,
             ticks = argc > 2 ? (unsigned)atoi(argv[2]) : 600;
    connections = pond_create(&(pond_options){.name = "connections", .size = 512});
    requests = pond_create(&(pond_options){.name = "requests", .size = 1024});
    sessions = pond_create(&(pond_options){.name = "sessions", .size = sizeof(struct session)});
    CLAIM(connections != NULL && requests != NULL && sessions != NULL);
    for (unsigned tick = 1; tick <= ticks; tick++) { /* a second each, in a server */
        visitors_come_and_go(tick);
        answer_requests();
        log_in(tick, fault);
        log_out(tick, false);
        pond_epoch_advance();
    }
    while (visitor_count > 0)
        pond_put(connections, visitors[--visitor_count]);
    log_out(0, true);
    CLAIM(pond_destroy(connections) == 0 && pond_destroy(requests) == 0 && pond_destroy(sessions) == 0);
    return 0;
}
