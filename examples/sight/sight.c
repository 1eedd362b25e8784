/*
 * What the ponds do, answered on a plain socket: pond_profile_answer says what to send, and no library for
 * HTTP is needed. One client at a time, with some seconds for all of its request and its answer.
 *
 *     sight PORT|PATH   serves on 127.0.0.1 (0: a port that is free), or on a unix socket of this
 *                       user's alone, until it is killed
 *     sight             asks itself, and checks the answers
 */
#define _GNU_SOURCE 1
#include "../claim.h"
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <pond/profile_write.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* ---- the server ---- */

enum { SECONDS = 5 };

static bool ready(int fd, short what, time_t until)
{
    struct pollfd p = {.fd = fd, .events = what};
    time_t left = until - time(NULL);
    return left > 0 && poll(&p, 1, (int)left * 1000) == 1;
}

/* All of the request's lines, up to the empty one. */
static bool read_head(int fd, char *head, size_t room)
{
    time_t until = time(NULL) + SECONDS;
    size_t used = 0;
    while (used + 1 < room && ready(fd, POLLIN, until)) {
        ssize_t n = recv(fd, head + used, room - used - 1, MSG_DONTWAIT);
        if (n <= 0)
            return false;
        used += (size_t)n;
        head[used] = '\0';
        if (strstr(head, "\r\n\r\n") != NULL)
            return true;
    }
    return false;
}

static bool write_all(int fd, const char *text, size_t size)
{
    time_t until = time(NULL) + SECONDS;
    for (size_t done = 0; done < size;) {
        ssize_t n =
            ready(fd, POLLOUT, until) ? send(fd, text + done, size - done, MSG_DONTWAIT | MSG_NOSIGNAL) : -1;
        if (n <= 0)
            return false;
        done += (size_t)n;
    }
    return true;
}

/* A browser that another site has led here names that site. A unix socket is reached by its owner alone. */
static bool host_is_own(const char *lines, bool local)
{
    char host[256] = "";
    const char *at = strcasestr(lines, "\r\nHost:");
    return local || (at != NULL && sscanf(at + 7, " %255[^\r\n]", host) == 1 && pond_answer_host(host));
}

static void answer_one(int fd, bool local)
{
    char head[4096], method[8], path[1024], first[1024];
    pond_answer a = {.allow = 0};
    if (!read_head(fd, head, sizeof(head)) || sscanf(head, "%7s %1023s", method, path) != 2)
        return;
    if (!host_is_own(head, local)) {
        static const char no[] = "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        (void)write_all(fd, no, sizeof(no) - 1);
        return;
    }
    char *query = strchr(path, '?');
    if (query != NULL)
        *query++ = '\0';
    if (pond_profile_answer(method, path, query, &a) != 0)
        return;
    int length =
        snprintf(first, sizeof(first),
                 "HTTP/1.1 %d -\r\nContent-Type: %s\r\nContent-Length: %zu\r\nConnection: close\r\n%s\r\n",
                 a.status, a.type, a.length, a.headers);
    if (write_all(fd, first, (size_t)length) && a.body != NULL)
        (void)write_all(fd, a.body, a.length);
    free(a.body);
}

static struct {
    int fd;
    bool local;
} here;

static void *serve(void *arg)
{
    for (int fd; (fd = accept4(here.fd, NULL, NULL, SOCK_CLOEXEC)) >= 0 || errno != EINVAL;) {
        if (fd < 0)
            continue;
        answer_one(fd, here.local);
        close(fd);
    }
    return arg; /* it was shut down */
}

static bool open_here(const char *where)
{
    struct sockaddr_in port = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_un path = {.sun_family = AF_UNIX};
    here.local = where[strspn(where, "0123456789")] != '\0';
    here.fd = socket(here.local ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    snprintf(path.sun_path, sizeof(path.sun_path), "%s", where);
    port.sin_port = htons((uint16_t)atoi(where));
    if (here.fd < 0 || fchmod(here.fd, 0600) != 0) /* before bind: the file is never of another mode */
        return false;
    return (here.local ? bind(here.fd, (struct sockaddr *)&path, sizeof(path))
                       : bind(here.fd, (struct sockaddr *)&port, sizeof(port))) == 0 &&
           listen(here.fd, 16) == 0;
}

static void say_where(void)
{
    struct sockaddr_in port = {.sin_port = 0};
    socklen_t size = sizeof(port);
    if (here.local)
        puts("sight: serving on the unix socket");
    else if (getsockname(here.fd, (struct sockaddr *)&port, &size) == 0)
        printf("sight: serving on http://127.0.0.1:%u/debug/pond\n", ntohs(port.sin_port));
    fflush(stdout);
}

/* ---- who uses ponds ---- */

struct session {
    struct session *next;
    char state[1000];
};

static pond *sessions;
static struct session *kept;

/* The job of a program: one session of ten stays, which is what the profile shows. */
static __attribute__((noinline)) void open_session(unsigned i)
{
    struct session *session = pond_get(sessions);
    CLAIM(session != NULL);
    if (i % 10 == 0) {
        session->next = kept;
        kept = session;
    } else {
        pond_put(sessions, session);
    }
}

static void close_sessions(void)
{
    for (struct session *session; (session = kept) != NULL; pond_put(sessions, session)) {
        kept = session->next;
        session->next = NULL;
    }
}

static void work(unsigned times)
{
    for (unsigned i = 0; i < times; i++)
        open_session(i);
    pond_epoch_advance();
}

/* ---- a client ---- */

static void ask(const char *request, const char *expected)
{
    struct sockaddr_in port;
    socklen_t size = sizeof(port);
    char text[65536];
    size_t used = 0;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CLAIM(getsockname(here.fd, (struct sockaddr *)&port, &size) == 0);
    CLAIM(fd >= 0 && connect(fd, (struct sockaddr *)&port, size) == 0);
    CLAIM(write(fd, request, strlen(request)) == (ssize_t)strlen(request));
    for (ssize_t n; used + 1 < sizeof(text) && (n = read(fd, text + used, sizeof(text) - used - 1)) > 0;)
        used += (size_t)n;
    text[used] = '\0';
    close(fd);
    if (strstr(text, expected) == NULL)
        fprintf(stderr, "%s\nin place of %s:\n%s", request, expected, text);
    CLAIM(strstr(text, expected) != NULL);
}

int main(int argc, char **argv)
{
    pthread_t server;
    signal(SIGPIPE, SIG_IGN);
    sessions = pond_create(&(pond_options){.name = "sessions", .size = sizeof(struct session)});
    CLAIM(sessions != NULL && pond_profile_set("rate=1") == 0);
    if (!open_here(argc > 1 ? argv[1] : "0") || pthread_create(&server, NULL, serve, NULL) != 0) {
        perror(argc > 1 ? argv[1] : "127.0.0.1");
        return 1;
    }
    if (argc > 1) {
        say_where();
        for (;; usleep(100000))
            work(10);
    }
    work(100);
    ask("GET /debug/pprof/heap?debug=1 HTTP/1.1\r\nHost: localhost\r\n\r\n", "sessions");
    ask("GET /metrics HTTP/1.1\r\nHost: 127.0.0.1:80\r\n\r\n", "sessions");
    ask("GET /metrics HTTP/1.1\r\nHost: example.org\r\n\r\n", "HTTP/1.1 403 ");
    ask("GET /etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n", "HTTP/1.1 404 ");
    ask("DELETE /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n", "HTTP/1.1 405 ");
    shutdown(here.fd, SHUT_RDWR);
    CLAIM(pthread_join(server, NULL) == 0);
    close(here.fd);
    pond_profile_set("off");
    close_sessions();
    CLAIM(pond_destroy(sessions) == 0);
    puts("sight: answered five requests on a plain socket");
    return 0;
}
