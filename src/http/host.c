// SPDX-License-Identifier: BSD-2-Clause
// The thread that has the sockets. It sleeps until somebody connects, libmicrohttpd has something to do, an
// answer is made or somebody's time is over. While it does anything with a descriptor it holds the server's
// lock, which takes less than a millisecond: a fork waits so long, and its child knows each descriptor.
#include "server.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { NO_DESCRIPTORS_MS = 100 };

static int64_t sooner(int64_t a, int64_t b)
{
    return a < 0 || (b >= 0 && b < a) ? b : a;
}

// Milliseconds; -1: without end.
static int how_long(const struct pond_http *s)
{
    MHD_UNSIGNED_LONG_LONG daemons;
    int64_t wait = visitors_next(&s->visitors, s->crowded);
    if (MHD_get_timeout(s->daemon, &daemons) == MHD_YES)
        wait = sooner(wait, daemons < INT_MAX ? (int64_t)daemons : INT_MAX);
    if (s->accept_after != 0) {
        int64_t left = s->accept_after - now_ms();
        wait = sooner(wait, left > 0 ? left : 0);
    }
    return (int)(wait < INT_MAX ? wait : INT_MAX);
}

static void sleep_until_something(const struct pond_http *s)
{
    bool full = (s->crowded && !visitors_have_room(&s->visitors)) || s->accept_after != 0;
    struct pollfd ready[] = {{.fd = s->work.wake, .events = POLLIN},
                             {.fd = s->epoll, .events = POLLIN},
                             {.fd = full ? -1 : s->place.fd, .events = POLLIN}};
    uint64_t times;
    if (poll(ready, 3, how_long(s)) > 0 && ready[0].revents != 0) {
        ssize_t n = read(s->work.wake, &times, sizeof times);
        (void)n;
    }
}

// False: there is none, or it is no use to try again at once.
static bool accept_one(struct pond_http *s)
{
    struct sockaddr_storage from;
    socklen_t size = sizeof from;
    int fd = accept4(s->place.fd, (struct sockaddr *)&from, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
            s->accept_after = now_ms() + NO_DESCRIPTORS_MS;
        return errno == ECONNABORTED || errno == EINTR;
    }
    struct visitor *v = visitors_enter(&s->visitors, fd);
    if (MHD_add_connection(s->daemon, fd, (struct sockaddr *)&from, size) != MHD_YES)
        v->visit = VISIT_NONE; // it was closed
    return true;
}

// So many at most before what they have sent is looked at.
static void accept_all(struct pond_http *s)
{
    if (s->accept_after > now_ms())
        return;
    s->accept_after = 0;
    s->crowded = false;
    for (size_t i = 0; i < s->visitors.most; i++) {
        struct pollfd somebody = {.fd = s->place.fd, .events = POLLIN};
        if (poll(&somebody, 1, 0) <= 0)
            return;
        s->crowded = !visitors_make_room(&s->visitors);
        if (s->crowded || !accept_one(s))
            return;
    }
}

static void resume_all(struct request *r)
{
    while (r != NULL) {
        struct request *next = r->next; // from here on it may be gone
        r->stage = REQUEST_ANSWERED;
        MHD_resume_connection(r->connection);
        r = next;
    }
}

void *host_run(void *server)
{
    struct pond_http *s = server;
    for (bool over = false; !over;) {
        sleep_until_something(s);
        pthread_mutex_lock(&s->lock);
        over = s->over;
        if (over) {
            visitors_end_all(&s->visitors);
        } else {
            resume_all(work_done(&s->work));
            accept_all(s);
            (void)MHD_run(s->daemon);
            visitors_end_late(&s->visitors);
        }
        pthread_mutex_unlock(&s->lock);
    }
    return NULL;
}
