// SPDX-License-Identifier: BSD-2-Clause
// The front door: servers are started and stopped here, and left behind by forks.
#define POND_LIBRARY_ 1 // pond_http_start is what is defined here
#include "server.h"

#include "../sized.h"
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

// ---- all servers of this process, and forks ----

static pthread_mutex_t all_lock = PTHREAD_MUTEX_INITIALIZER; // before that of a server
static struct pond_http *all;

// With both locks no descriptor of a server is just being opened or closed.
static void fork_begins(void)
{
    pthread_mutex_lock(&all_lock);
    for (struct pond_http *s = all; s != NULL; s = s->next)
        pthread_mutex_lock(&s->lock);
}

static void fork_ends(void)
{
    for (struct pond_http *s = all; s != NULL; s = s->next)
        pthread_mutex_unlock(&s->lock);
    pthread_mutex_unlock(&all_lock);
}

static void close_copy(int fd)
{
    if (fd >= 0)
        close(fd);
}

// The child has copies of the descriptors, and none of the threads. libmicrohttpd's daemon cannot be stopped
// here: it would end the parent's connections. Its memory stays, and is reached from here.
static void child_begins(void)
{
    for (struct pond_http *s = all; s != NULL; s = s->next) {
        if (s->parents)
            continue;
        s->parents = true;
        close_copy(s->place.fd);
        close_copy(s->work.wake);
        close_copy(s->epoll);
        for (size_t i = 0; i < 2 * s->visitors.most; i++)
            if (s->visitors.slots[i].visit != VISIT_NONE)
                close_copy(s->visitors.slots[i].fd);
    }
    fork_ends();
}

static int fork_error;
static void hear_forks(void)
{
    fork_error = pthread_atfork(fork_begins, fork_ends, child_begins);
}

static void enter(struct pond_http *s)
{
    s->next = all;
    all = s;
}

static void leave(struct pond_http *s)
{
    struct pond_http **at = &all;
    while (*at != s)
        at = &(*at)->next;
    *at = s->next;
}

// ---- start ----

static void on_visit(void *cls, struct MHD_Connection *c, void **context,
                     enum MHD_ConnectionNotificationCode what)
{
    struct pond_http *s = cls;
    (void)context;
    if (what != MHD_CONNECTION_NOTIFY_CLOSED)
        return;
    const union MHD_ConnectionInfo *about = MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct visitor *v = about != NULL ? visitors_find(&s->visitors, about->connect_fd) : NULL;
    if (v != NULL)
        visitor_leave(v);
}

static void say_nothing(void *cls, const char *format, va_list values)
{
    (void)cls, (void)format, (void)values;
}

static bool start_daemon(struct pond_http *s)
{
    s->daemon = MHD_start_daemon(MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME, 0, NULL,
                                 NULL, request_come, s, MHD_OPTION_EXTERNAL_LOGGER, say_nothing, NULL,
                                 MHD_OPTION_URI_LOG_CALLBACK, request_begin, s, MHD_OPTION_NOTIFY_COMPLETED,
                                 request_end, s, MHD_OPTION_NOTIFY_CONNECTION, on_visit, s,
                                 MHD_OPTION_CONNECTION_LIMIT, (unsigned)(2 * s->visitors.most),
                                 MHD_OPTION_CONNECTION_TIMEOUT, 0u, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
                                 (size_t)16 << 10, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
    const union MHD_DaemonInfo *info =
        s->daemon != NULL ? MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_EPOLL_FD) : NULL;
    if (info == NULL) {
        errno = ENOMEM;
        return false;
    }
    s->epoll = info->epoll_fd;
    return true;
}

// The signals of the program are not for these threads, but for those that a thread brings about itself.
static void keep_signals_away(sigset_t *before)
{
    static const int own[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT};
    sigset_t others;
    sigfillset(&others);
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        sigdelset(&others, own[i]);
    pthread_sigmask(SIG_BLOCK, &others, before);
}

static bool start_threads(struct pond_http *s)
{
    sigset_t before;
    keep_signals_away(&before);
    bool done = work_start(&s->work);
    if (done) {
        int error = pthread_create(&s->host, NULL, host_run, s);
        if (error == 0)
            (void)pthread_setname_np(s->host, "pond-http");
        else {
            work_stop(&s->work);
            close(s->work.wake);
            errno = error;
            done = false;
        }
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return done;
}

static bool start_rest(struct pond_http *s, const pond_http_options *o)
{
    if (!visitors_start(&s->visitors, o))
        return false;
    if (start_daemon(s) && start_threads(s))
        return true;
    int error = errno;
    if (s->daemon != NULL)
        MHD_stop_daemon(s->daemon);
    free(s->visitors.slots);
    errno = error;
    return false;
}

// With the lock of all of them: a fork waits.
static struct pond_http *start(const pond_http_options *o)
{
    struct pond_http *s = calloc(1, sizeof *s);
    if (s == NULL)
        return NULL;
    s->flags = o->flags;
    s->work.allow = ((o->flags & POND_HTTP_MAY_TICK) != 0 ? POND_ANSWER_MAY_TICK : 0) |
                    ((o->flags & POND_HTTP_MAY_REFINE) != 0 ? POND_ANSWER_MAY_REFINE : 0);
    pthread_mutex_init(&s->lock, NULL);
    if (place_open(&s->place, o)) {
        if (start_rest(s, o)) {
            enter(s);
            return s;
        }
        int error = errno;
        place_close(&s->place);
        errno = error;
    }
    free(s);
    return NULL;
}

static bool are_valid(const pond_http_options *o)
{
    const unsigned known = POND_HTTP_MAY_TICK | POND_HTTP_ANY_HOST | POND_HTTP_MAY_REFINE;
    return o != NULL && (o->flags & ~known) == 0 && o->connections <= 1024 && o->timeout_seconds <= 3600 &&
           (o->unix_path == NULL || (o->port == 0 && o->address == NULL));
}

static pond_http *start_with(const pond_http_options *options)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    int cancel, saved = errno;
    pthread_once(&once, hear_forks);
    if (!are_valid(options) || fork_error != 0) {
        errno = fork_error != 0 ? fork_error : EINVAL;
        return NULL;
    }
    (void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
    pthread_mutex_lock(&all_lock);
    struct pond_http *s = start(options);
    int error = errno;
    pthread_mutex_unlock(&all_lock);
    (void)pthread_setcancelstate(cancel, NULL);
    errno = s != NULL ? saved : error;
    return s;
}

pond_http *pond_http_start_sized(const pond_http_options *options, size_t bytes)
{
    pond_http_options known = {.port = 0};
    if (options != NULL && !sized_take(&known, sizeof known, options, bytes)) {
        errno = E2BIG;
        return NULL;
    }
    return start_with(options != NULL ? &known : NULL);
}

pond_http *pond_http_start(const pond_http_options *options)
{
    return pond_http_start_sized(options, SIZE_UP_TO(pond_http_options, timeout_seconds));
}

int pond_http_port(const pond_http *server)
{
    return server != NULL && !server->parents ? server->place.port : 0;
}

// ---- stop ----

// What is suspended has to go on before the daemon may be stopped.
static void resume_each(struct request *r)
{
    for (struct request *next; r != NULL; r = next) {
        next = r->next;
        MHD_resume_connection(r->connection);
    }
}

static void stop(struct pond_http *s)
{
    static const uint64_t one = 1;
    pthread_mutex_lock(&s->lock);
    s->over = true;
    pthread_mutex_unlock(&s->lock);
    ssize_t n = write(s->work.wake, &one, sizeof one);
    (void)n; // it is full: the host looks anyway
    pthread_join(s->host, NULL);
    work_stop(&s->work);
    pthread_mutex_lock(&all_lock);
    resume_each(s->work.first);
    resume_each(s->work.done);
    MHD_stop_daemon(s->daemon);
    place_close(&s->place);
    close(s->work.wake);
    leave(s);
    pthread_mutex_unlock(&all_lock);
    free(s->visitors.slots);
    free(s);
}

void pond_http_stop(pond_http *server)
{
    int cancel, saved = errno;
    if (server == NULL || server->parents)
        return;
    (void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
    stop(server);
    (void)pthread_setcancelstate(cancel, NULL);
    errno = saved;
}
