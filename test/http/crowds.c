/* SPDX-License-Identifier: BSD-2-Clause */
// variants: release asan tsan clang
/* Too many, too slow, too long: whoever asks for something soon gets it. Time is the alarm's alone. */
#include "asked.h"

#include <sys/resource.h>

TestSuite(http_crowds, .timeout = TEST_ALARM);

enum { HALF_OPEN = 1000 };

static void allow_descriptors(rlim_t n)
{
    struct rlimit files;
    must(getrlimit(RLIMIT_NOFILE, &files) == 0, "errno %d", errno);
    files.rlim_cur = files.rlim_max < n ? files.rlim_max : n;
    must(setrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur >= n, "too few descriptors are allowed");
}

/* Connections that begin a request and leave it at that. */
Test(http_crowds, a_thousand_half_open_connections)
{
    static int fds[HALF_OPEN];
    allow_descriptors(2 * HALF_OPEN + 200);
    pond_http *s = served((pond_http_options){.timeout_seconds = 3600});
    unsigned before = descriptors();
    for (size_t i = 0; i < HALF_OPEN; i++) {
        fds[i] = connected(pond_http_port(s));
        tell(fds[i], "GET / HTT");
    }
    cr_assert_eq(status_to(s, GET("/")), 200);
    cr_assert_leq(descriptors(), before + HALF_OPEN + 32, "%u descriptors", descriptors());
    for (int i = 0; i < 100; i++)
        cr_assert_eq(status_to(s, GET("/")), 200);
    for (size_t i = 0; i < HALF_OPEN; i++)
        close(fds[i]);
    pond_http_stop(s);
}

/* A byte now and then does not keep a connection. */
Test(http_crowds, a_request_must_come_in_time)
{
    pond_http *s = served((pond_http_options){.timeout_seconds = 1});
    int fd = connected(pond_http_port(s));
    tell(fd, "GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ");
    struct pollfd ended = {.fd = fd, .events = POLLIN};
    while (poll(&ended, 1, 50) == 0)
        tell(fd, "x");
    close(fd);
    cr_assert_eq(asked, 0);
    pond_http_stop(s);
}

/* Nor a byte that is taken now and then. */
Test(http_crowds, an_answer_must_be_taken_in_time)
{
    pond_http *s = served((pond_http_options){.timeout_seconds = 1});
    unsigned before = descriptors();
    int fd = connect_with_room(pond_http_port(s), 1024);
    char bytes[512];
    tell(fd, GET("/large"));
    size_t taken = 0;
    for (ssize_t n; (n = recv(fd, bytes, sizeof bytes, 0)) > 0; taken += (size_t)n)
        if (taken < 40000)
            poll(NULL, 0, 20);
    cr_assert_lt(taken, LARGE, "it was cut off");
    close(fd);
    while (descriptors() > before)
        poll(NULL, 0, 10);
    pond_http_stop(s);
}

/* Whoever takes nothing of an answer goes when others wait. */
Test(http_crowds, slow_readers_make_room)
{
    enum { MOST = 2 };
    int slow[MOST];
    pond_http *s = served((pond_http_options){.timeout_seconds = 3600, .connections = MOST});
    for (int i = 0; i < MOST; i++) {
        slow[i] = connect_with_room(pond_http_port(s), 1024);
        tell(slow[i], GET("/large"));
    }
    wait_until_asked(&asked, MOST);
    cr_assert_eq(status_to(s, GET("/")), 200);
    for (int i = 0; i < MOST; i++)
        close(slow[i]);
    pond_http_stop(s);
}

/* Whoever waits for an answer has its place; who comes then waits, and is answered. */
Test(http_crowds, who_is_being_answered_stays)
{
    enum { MOST = 2 };
    int fds[4];
    pond_http *s = served((pond_http_options){.timeout_seconds = 3600, .connections = MOST});
    for (int i = 0; i < 4; i++) {
        fds[i] = connected(pond_http_port(s));
        tell(fds[i], GET("/slow"));
    }
    wait_until_asked(&asked_slowly, MOST);
    struct pollfd third = {.fd = fds[2], .events = POLLIN};
    cr_assert_eq(poll(&third, 1, 100), 0, "it waits");
    event_set(&go_on);
    for (int i = 0; i < 4; i++)
        cr_assert_eq(status_of(heard(fds[i])), 200, "the %d.", i);
    pond_http_stop(s);
}

static void ask_often(unsigned i, void *server)
{
    (void)i;
    for (int k = 0; k < 10; k++) {
        int fd = connected(pond_http_port(server));
        char text[16] = "";
        tell(fd, GET("/"));
        must(recv(fd, text, 12, MSG_WAITALL) == 12 && strcmp(text, "HTTP/1.1 200") == 0, "%s", text);
        close(fd);
    }
}

Test(http_crowds, a_hundred_at_a_time)
{
    pond_http *s = served((pond_http_options){.flags = 0});
    crew_run(100, ask_often, s);
    cr_assert_eq(asked, 1000);
    pond_http_stop(s);
}

/* When the process has no descriptor left, whoever connects waits until there is one. */
Test(http_crowds, without_descriptors)
{
    static int taken[4096];
    struct rlimit files = {256, 256};
    must(setrlimit(RLIMIT_NOFILE, &files) == 0, "errno %d", errno);
    pond_http *s = served((pond_http_options){.flags = 0});
    int fd = connected(pond_http_port(s)); /* accepted or not */
    int count = 0;
    while ((taken[count] = dup(0)) >= 0)
        count++;
    close(taken[--count]);
    int other = connected(pond_http_port(s));
    tell(other, GET("/"));
    struct pollfd ready = {.fd = other, .events = POLLIN};
    (void)poll(&ready, 1, 50);
    while (count > 0)
        close(taken[--count]);
    cr_assert_eq(status_of(heard(other)), 200);
    cr_assert_eq(status_of(answer_on(fd, GET("/"))), 200);
    pond_http_stop(s);
}
