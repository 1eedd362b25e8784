// SPDX-License-Identifier: BSD-2-Clause
// Where a server listens: a port of one address, or a unix socket.
#include "server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

// ---- TCP ----

union address {
    struct sockaddr any;
    struct sockaddr_in four;
    struct sockaddr_in6 six;
};

// Its size; 0: it is none.
static socklen_t parse_address(union address *a, const char *text, uint16_t port)
{
    *a = (union address){.six = {.sin6_family = AF_INET6}};
    if (inet_pton(AF_INET6, text, &a->six.sin6_addr) == 1) {
        a->six.sin6_port = htons(port);
        return sizeof a->six;
    }
    *a = (union address){.four = {.sin_family = AF_INET, .sin_port = htons(port)}};
    return inet_pton(AF_INET, text, &a->four.sin_addr) == 1 ? sizeof a->four : 0;
}

// A connection is accepted when it has brought something, or not for so many seconds: till then it costs
// nothing.
static bool listen_tcp(struct place *p, union address *a, socklen_t size, int seconds)
{
    const int yes = 1;
    p->fd = socket(a->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (p->fd < 0 || setsockopt(p->fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0 ||
        setsockopt(p->fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, &seconds, sizeof seconds) != 0 ||
        bind(p->fd, &a->any, size) != 0 || listen(p->fd, SOMAXCONN) != 0 ||
        getsockname(p->fd, &a->any, &size) != 0)
        return false;
    p->port = ntohs(a->any.sa_family == AF_INET ? a->four.sin_port : a->six.sin6_port);
    return true;
}

static bool open_tcp(struct place *p, const pond_http_options *o)
{
    union address a;
    const char *text = o->address != NULL ? o->address : "127.0.0.1";
    socklen_t size = parse_address(&a, text, o->port);
    if (size == 0) {
        errno = EINVAL;
        return false;
    }
    if (o->address != NULL)
        (void)snprintf(p->address, sizeof p->address, a.any.sa_family == AF_INET6 ? "[%s]" : "%s", text);
    return listen_tcp(p, &a, size, o->timeout_seconds != 0 ? (int)o->timeout_seconds : 10);
}

// ---- unix sockets ----

// Between bind and listen a server looks like one that has gone, so whoever looks for one holds the
// directory's lock. -1: it is not to be had, as where the directory cannot be read; then two that start at
// once can disturb each other.
static int lock_directory(const char *path)
{
    char *copy = strdup(path);
    int fd = copy != NULL ? open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    free(copy);
    for (int i = 0; fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0; i++) {
        struct timespec moment = {.tv_nsec = 10000000};
        if (errno != EWOULDBLOCK || i == 100) { // a second: anybody may hold it for ever
            close(fd);
            return -1;
        }
        (void)clock_nanosleep(CLOCK_MONOTONIC, 0, &moment, NULL);
    }
    return fd;
}

// A socket of this user's on which nobody listens.
static bool is_left_behind(const struct sockaddr_un *at)
{
    struct stat about;
    if (lstat(at->sun_path, &about) != 0 || !S_ISSOCK(about.st_mode) || about.st_uid != geteuid())
        return false;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    bool refused =
        fd >= 0 && connect(fd, (const struct sockaddr *)at, sizeof *at) != 0 && errno == ECONNREFUSED;
    if (fd >= 0)
        close(fd);
    return refused;
}

static bool bind_unix(int fd, const struct sockaddr_un *at)
{
    const struct sockaddr *name = (const struct sockaddr *)at;
    if (bind(fd, name, sizeof *at) == 0)
        return true;
    if (errno != EADDRINUSE)
        return false;
    if (!is_left_behind(at)) {
        errno = EADDRINUSE;
        return false;
    }
    return unlink(at->sun_path) == 0 && bind(fd, name, sizeof *at) == 0;
}

// The mode that a socket has before it is bound is that of its file from the first moment on, less the
// umask's bits. So the process's umask, which other threads make files with, is not touched.
static bool listen_unix(struct place *p, const struct sockaddr_un *at)
{
    struct stat about;
    p->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (p->fd < 0 || fchmod(p->fd, 0600) != 0 || !bind_unix(p->fd, at))
        return false;
    if (lstat(at->sun_path, &about) != 0)
        return false;
    p->device = about.st_dev;
    p->inode = about.st_ino;
    p->path = strdup(at->sun_path);
    if (p->path == NULL)
        (void)unlink(at->sun_path);
    if (p->path != NULL && (about.st_mode & 0177) != 0) { // a file system that knows better: nobody is let in
        errno = EPERM;
        return false;
    }
    return p->path != NULL && listen(p->fd, SOMAXCONN) == 0;
}

static bool open_unix(struct place *p, const char *path)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof at.sun_path || *path == '\0') {
        errno = *path == '\0' ? EINVAL : ENAMETOOLONG;
        return false;
    }
    memcpy(at.sun_path, path, strlen(path) + 1);
    int lock = lock_directory(path);
    bool done = listen_unix(p, &at);
    int error = errno;
    if (lock >= 0)
        close(lock);
    errno = error;
    return done;
}

// ---- both ----

bool place_open(struct place *place, const pond_http_options *o)
{
    *place = (struct place){.fd = -1};
    if (o->unix_path != NULL ? open_unix(place, o->unix_path) : open_tcp(place, o))
        return true;
    int error = errno;
    place_close(place);
    errno = error;
    return false;
}

void place_close(struct place *place)
{
    struct stat about;
    if (place->path != NULL && lstat(place->path, &about) == 0 && about.st_dev == place->device &&
        about.st_ino == place->inode)
        (void)unlink(place->path);
    free(place->path);
    if (place->fd >= 0)
        close(place->fd);
}
