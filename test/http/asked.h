/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the tests of libpond-http share: what is answered, in the place of libpond-profile, so that an answer
 * can be as large as it likes and take until it is told to end; and clients that send what they like.
 */
#ifndef TEST_HTTP_ASKED_H
#define TEST_HTTP_ASKED_H

#include "test.h"
#include "threads.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <poll.h>
#include <pond/http.h>
#include <pond/profile_write.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* ---- what is answered ---- */

enum { LARGE = 32 << 20 };

static event go_on = EVENT_INIT;     /* /slow is answered when this has happened */
static unsigned asked, asked_slowly; /* how often anything, and /slow or /wait, was asked */

static char *repeated(size_t n)
{
    char *body = malloc(n);
    if (body != NULL)
        memset(body, 'x', n);
    return body;
}

int pond_profile_answer_sized(const char *method, const char *path, const char *query, pond_answer *a,
                              size_t bytes)
{
    must(bytes == sizeof *a, "%zu bytes", bytes);
    __atomic_fetch_add(&asked, 1, __ATOMIC_RELAXED);
    if (strcmp(path, "/slow") == 0) {
        __atomic_fetch_add(&asked_slowly, 1, __ATOMIC_RELAXED);
        event_wait(&go_on);
    }
    if (strcmp(path, "/wait") == 0) { /* as ?seconds= does */
        struct pollfd gone = {.fd = a->client, .events = POLLRDHUP};
        __atomic_fetch_add(&asked_slowly, 1, __ATOMIC_RELAXED);
        must(poll(&gone, 1, -1) == 1, "errno %d", errno);
    }
    bool nothing = strcmp(path, "/nothing") == 0, large = strcmp(path, "/large") == 0;
    a->status = nothing ? 404 : 200;
    a->type = "text/x-asked";
    a->headers = "X-First: 1\r\nX-Second: two words: and a colon\r\n";
    char text[9000];
    int length =
        snprintf(text, sizeof text, "%s %s %s %u\n", method, path, query != NULL ? query : "-", a->allow);
    a->length = large ? LARGE : (size_t)length;
    a->body = strcmp(method, "HEAD") == 0 ? NULL : large ? repeated(LARGE) : strdup(text);
    if (strcmp(path, "/no-memory") != 0)
        return 0;
    free(a->body);
    a->body = NULL;
    errno = ENOMEM;
    return -1;
}

int pond_answer_host(const char *host)
{
    return host != NULL && strncmp(host, "localhost", 9) == 0;
}

__attribute__((unused)) static void wait_until_asked(const unsigned *which, unsigned times)
{
    while (__atomic_load_n(which, __ATOMIC_RELAXED) < times)
        poll(NULL, 0, 1);
}

/* ---- clients ---- */

__attribute__((unused)) static pond_http *served(pond_http_options o)
{
    pond_http *s = pond_http_start(&o);
    must(s != NULL, "errno %d", errno);
    return s;
}

static int connect_with_room(int port, int room)
{
    struct sockaddr_in there = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    there.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    must(fd >= 0, "errno %d", errno);
    must(room == 0 || setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room) == 0, "errno %d", errno);
    must(connect(fd, (struct sockaddr *)&there, sizeof there) == 0, "errno %d", errno);
    return fd;
}

__attribute__((unused)) static int connected(int port)
{
    return connect_with_room(port, 0);
}

/* -1 and errno. */
__attribute__((unused)) static int connect_unix(const char *path)
{
    struct sockaddr_un there = {.sun_family = AF_UNIX};
    memcpy(there.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(fd, (struct sockaddr *)&there, sizeof there) == 0)
        return fd;
    close(fd);
    return -1;
}

/* As far as it is taken. */
static void tell(int fd, const char *text)
{
    for (size_t left = strlen(text); left > 0;) {
        ssize_t n = send(fd, text, left, MSG_NOSIGNAL);
        if (n <= 0)
            return;
        text += n;
        left -= (size_t)n;
    }
}

/* All that comes until the connection ends, which is closed. */
static const char *heard(int fd)
{
    static char text[65536];
    size_t used = 0;
    for (ssize_t n; (n = recv(fd, text + used, sizeof text - 1 - used, 0)) > 0; used += (size_t)n)
        must(used < sizeof text - 2, "an answer without end");
    text[used] = '\0';
    close(fd);
    return text;
}

__attribute__((unused)) static const char *answer_on(int fd, const char *request)
{
    tell(fd, request);
    return heard(fd);
}

static int status_of(const char *answer)
{
    int status = 0;
    return sscanf(answer, "HTTP/1.1 %3d", &status) == 1 ? status : 0;
}

#define GET(path) "GET " path " HTTP/1.1\r\nHost: localhost\r\n\r\n"

/* The status of what is answered to these bytes. */
__attribute__((unused)) static int status_to(pond_http *s, const char *request)
{
    return status_of(answer_on(connected(pond_http_port(s)), request));
}

/* ---- descriptors ---- */

/* How many this process has open. */
__attribute__((unused)) static unsigned descriptors(void)
{
    unsigned n = 0;
    DIR *all = opendir("/proc/self/fd");
    must(all != NULL, "errno %d", errno);
    for (const struct dirent *entry; (entry = readdir(all)) != NULL;)
        n += entry->d_name[0] != '.';
    closedir(all);
    return n - 1; /* without the directory's own */
}

#endif
