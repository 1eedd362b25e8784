/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Answers about ponds and stacks whose figures are known, as a server with a stack of HTTP of its own would
 * send them:
 *
 *     program FILE METHOD PATH [QUERY]   the body to FILE; status, type, length and headers to stdout. With
 *                                        TICK=1 in the environment ?gc=1 is allowed, with REFINE=1
 *                                        growing ponds are sampled more finely
 *     program serve                      the same on a port that it prints, until stdin ends: for browsers
 *     program errors                     what is refused, and how; a line if each is as it should be
 *     program memory                     memory of malloc ends at each call in turn
 *     program together                   many at once, a fork and ?seconds among them
 *     program leak                       a function that leaks is on the page within ten seconds
 *     program own FILE METHOD PATH [QUERY]   of the libpond in the process, which has ponds of its own
 *
 * With EMPTY=1 there is no pond; with OFF=1 gets are not sampled; with EARLY=1 they are since ten minutes.
 */
#include "program.h"
#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- one answer ---- */

static bool own; /* of the libpond in the process */

int ask(const char *method, const char *path, const char *query, pond_answer *a)
{
    *a = (pond_answer){.allow = (getenv("TICK") != NULL ? POND_ANSWER_MAY_TICK : 0) |
                                (getenv("REFINE") != NULL ? POND_ANSWER_MAY_REFINE : 0)};
    return own ? pond_profile_answer(method, path, query, a)
               : pond_profile_answer_from(&source, method, path, query, a);
}

static void answer(const char *file, const char *method, const char *path, const char *query)
{
    pond_answer a;
    FILE *out = fopen(file, "w");
    CHECK(out != NULL && ask(method, path, query, &a) == 0);
    CHECK(a.body == NULL || fwrite(a.body, 1, a.length, out) == a.length);
    CHECK(fclose(out) == 0);
    printf("%d\n%s\n%zu\nticks %u\n%srefined: %s\n", a.status, a.type, a.length, ticks, a.headers, refined);
    free(a.body);
}

/* ---- a server ---- */

static void serve_one(int client)
{
    char request[8192] = "";
    size_t n = 0;
    while (n + 1 < sizeof request && strstr(request, "\r\n\r\n") == NULL) {
        ssize_t got = read(client, request + n, sizeof request - 1 - n);
        if (got <= 0)
            return;
        n += (size_t)got;
        request[n] = 0;
    }
    char method[16], path[256];
    pond_answer a;
    if (sscanf(request, "%15s %255s", method, path) != 2)
        return;
    char *query = strchr(path, '?');
    if (query != NULL)
        *query++ = 0;
    if (ask(method, path, query, &a) != 0)
        return;
    dprintf(client, "HTTP/1.1 %d -\r\nContent-Type: %s\r\nContent-Length: %zu\r\nConnection: close\r\n%s\r\n",
            a.status, a.type, a.length, a.headers);
    for (size_t at = 0; a.body != NULL && at < a.length;) {
        ssize_t sent = send(client, a.body + at, a.length - at, MSG_NOSIGNAL);
        if (sent <= 0)
            break;
        at += (size_t)sent;
    }
    free(a.body);
}

static void serve(void)
{
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof here;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(bind(listener, (struct sockaddr *)&here, sizeof here) == 0 && listen(listener, 16) == 0 &&
          getsockname(listener, (struct sockaddr *)&here, &length) == 0);
    printf("%d\n", ntohs(here.sin_port));
    CHECK(fflush(stdout) == 0);
    for (;;) {
        struct pollfd ready[] = {{listener, POLLIN, 0}, {0, POLLIN, 0}};
        (void)poll(ready, 2, -1);
        if (ready[1].revents != 0)
            return;
        int client = accept(listener, NULL, NULL);
        if (client < 0)
            continue;
        serve_one(client);
        close(client);
    }
}

/* ---- ponds of the process ---- */

static void make_own(void)
{
    static void *kept[10];
    CHECK(pond_profile_set("1") == 0);
    pond *p =
        pond_create(&(pond_options){.name = "<script>alert(1)</script>", .size = 100, .max_objects = 10});
    pond *q = pond_create(&(pond_options){.name = "plain", .size = 64});
    CHECK(p != NULL && q != NULL && pond_get_many(p, kept, 10) == 10);
    CHECK(pond_get(p) == NULL);
    pond_put(q, pond_get(q));
    (void)pond_epoch_advance();
    own = true;
}

int main(int count, char **words)
{
    if (count > 1 && strcmp(words[1], "leak") == 0) {
        leak();
        return 0;
    }
    if (count > 1 && strcmp(words[1], "own") == 0) {
        make_own();
        words++;
        count--;
    } else {
        make_ponds();
    }
    if (count > 3)
        answer(words[1], words[2], words[3], count > 4 ? words[4] : NULL);
    else if (count == 2 && strcmp(words[1], "serve") == 0)
        serve();
    else if (count == 2 && strcmp(words[1], "errors") == 0)
        errors();
    else if (count == 2 && strcmp(words[1], "memory") == 0)
        memory();
    else if (count == 2 && strcmp(words[1], "together") == 0)
        together();
    else
        return 2;
    return 0;
}
