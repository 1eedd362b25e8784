// SPDX-License-Identifier: BSD-2-Clause
// Who is connected, and for how long yet. libmicrohttpd's own timeout begins anew with each byte, so whoever
// sends or takes one now and then would stay for ever; here a request and an answer have so much time as a
// whole.
#include "server.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

enum {
    USUAL_CONNECTIONS = 16,
    USUAL_SECONDS = 10,
    // Where others wait to get in: who has sent no request for so long is ended, who has not taken an answer
    // likewise. On TCP a connection comes with the first bytes of its request (listen.c): the others of a
    // usual one are there.
    TCP_SENDS_CROWDED = 10,
    UNIX_SENDS_CROWDED = 250,
    TAKES_CROWDED = 1000
};

int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

bool visitors_start(struct visitors *all, const pond_http_options *o)
{
    all->most = o->connections != 0 ? o->connections : USUAL_CONNECTIONS;
    all->patience = (int64_t)(o->timeout_seconds != 0 ? o->timeout_seconds : USUAL_SECONDS) * 1000;
    all->crowded = o->unix_path == NULL ? TCP_SENDS_CROWDED : UNIX_SENDS_CROWDED;
    all->slots = calloc(2 * all->most, sizeof *all->slots);
    if (all->slots == NULL)
        errno = ENOMEM;
    return all->slots != NULL;
}

struct visitor *visitors_enter(struct visitors *all, int fd)
{
    struct visitor *v = all->slots;
    while (v->visit != VISIT_NONE)
        v++;
    v->fd = fd;
    visitor_now(v, VISIT_SENDS);
    return v;
}

struct visitor *visitors_find(struct visitors *all, int fd)
{
    for (struct visitor *v = all->slots; v < all->slots + 2 * all->most; v++)
        if (v->visit != VISIT_NONE && v->fd == fd)
            return v;
    return NULL;
}

void visitor_now(struct visitor *v, enum visit visit)
{
    if (v->visit == VISIT_ENDED)
        return;
    v->visit = visit;
    v->since = now_ms();
}

void visitor_leave(struct visitor *v)
{
    v->visit = VISIT_NONE;
}

// The daemon sees that nothing more comes or goes, and closes it.
static void end(struct visitor *v)
{
    (void)shutdown(v->fd, SHUT_RDWR);
    v->visit = VISIT_ENDED;
}

// When it is to be ended; INT64_MAX: never, for it waits for us.
static int64_t ends_at(const struct visitors *all, const struct visitor *v, bool crowded)
{
    if (v->visit == VISIT_SENDS)
        return v->since + (crowded ? all->crowded : all->patience);
    if (v->visit == VISIT_TAKES)
        return v->since + (crowded && all->patience > TAKES_CROWDED ? TAKES_CROWDED : all->patience);
    return INT64_MAX;
}

// The one to be ended first; NULL: nobody.
static struct visitor *first_of(const struct visitors *all, bool crowded)
{
    struct visitor *first = NULL;
    for (struct visitor *v = all->slots; v < all->slots + 2 * all->most; v++) {
        int64_t at = ends_at(all, v, crowded);
        if (at != INT64_MAX && (first == NULL || at < ends_at(all, first, crowded)))
            first = v;
    }
    return first;
}

// How many are here, and how many were ended and are not gone.
static void count(const struct visitors *all, size_t *here, size_t *ended)
{
    *here = *ended = 0;
    for (size_t i = 0; i < 2 * all->most; i++) {
        *ended += all->slots[i].visit == VISIT_ENDED;
        *here += all->slots[i].visit != VISIT_NONE && all->slots[i].visit != VISIT_ENDED;
    }
}

bool visitors_have_room(const struct visitors *all)
{
    size_t here, ended;
    count(all, &here, &ended);
    return here < all->most && here + ended < 2 * all->most;
}

void visitors_end_all(struct visitors *all)
{
    for (struct visitor *v = all->slots; v < all->slots + 2 * all->most; v++)
        if (v->visit != VISIT_NONE)
            end(v);
}

bool visitors_make_room(struct visitors *all)
{
    size_t here, ended;
    count(all, &here, &ended);
    if (here < all->most && here + ended < 2 * all->most)
        return true;
    struct visitor *v = ended < all->most ? first_of(all, true) : NULL;
    if (v == NULL || ends_at(all, v, true) > now_ms())
        return false;
    end(v);
    return true;
}

void visitors_end_late(struct visitors *all)
{
    int64_t now = now_ms();
    for (struct visitor *v = all->slots; v < all->slots + 2 * all->most; v++)
        if (ends_at(all, v, false) <= now)
            end(v);
}

int64_t visitors_next(const struct visitors *all, bool crowded)
{
    const struct visitor *v = first_of(all, crowded);
    int64_t left = v != NULL ? ends_at(all, v, crowded) - now_ms() : -1;
    return v == NULL || left >= 0 ? left : 0;
}
