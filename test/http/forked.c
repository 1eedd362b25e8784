/* SPDX-License-Identifier: BSD-2-Clause */
// variants: release asan clang
/* Forks while a server serves: the child has nothing of it, the parent goes on. */
#include "asked.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

TestSuite(http_forked, .timeout = TEST_ALARM);

static pond_http *server;

/* Forks a child that runs body and then waits for its end of the pipe to be closed. */
static pid_t fork_child(void (*body)(void), int *end)
{
    int held[2], ready[2];
    char byte;
    must(pipe2(held, O_CLOEXEC) == 0 && pipe2(ready, O_CLOEXEC) == 0, "errno %d", errno);
    pid_t child = fork();
    must(child >= 0, "errno %d", errno);
    if (child == 0) {
        close(held[1]);
        close(ready[0]);
        body();
        must(write(ready[1], "x", 1) == 1, "errno %d", errno);
        (void)!read(held[0], &byte, 1);
        _exit(0);
    }
    close(held[0]);
    close(ready[1]);
    must(read(ready[0], &byte, 1) == 1, "the child has failed");
    close(ready[0]);
    *end = held[1];
    return child;
}

static void end_child(pid_t child, int end)
{
    int status;
    close(end);
    must(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0, "it failed");
}

static unsigned own; /* descriptors of the test alone */

static void has_none_of_it(void)
{
    must(descriptors() == own + 2, "%u and not %u", descriptors(), own + 2); /* the two pipes' ends */
    must(pond_http_port(server) == 0, "it serves nothing");
    pond_http_stop(server);
    pond_http_stop(server);
}

/* Listening sockets, accepted ones, epoll sets, eventfds: a copy of any would keep a connection or a port. */
Test(http_forked, the_child_has_none_of_its_descriptors)
{
    int end, idle, half, slow;
    own = descriptors();
    server = served((pond_http_options){.flags = 0});
    idle = connected(pond_http_port(server));
    half = connected(pond_http_port(server));
    slow = connected(pond_http_port(server));
    tell(half, "GET / HTT");
    tell(slow, GET("/slow"));
    wait_until_asked(&asked_slowly, 1);
    own += 3;
    pid_t child = fork_child(has_none_of_it, &end);
    event_set(&go_on);
    cr_assert_eq(status_of(heard(slow)), 200, "its end is seen though the child lives");
    tell(half, "P/1.1\r\nHost: localhost\r\n\r\n");
    cr_assert_eq(status_of(heard(half)), 200);
    cr_assert_eq(status_of(answer_on(idle, GET("/"))), 200);
    int port = pond_http_port(server);
    pond_http_stop(server);
    server = served((pond_http_options){.port = (uint16_t)port});
    cr_assert_eq(status_to(server, GET("/")), 200, "the child does not hold the port");
    end_child(child, end);
    pond_http_stop(server);
}

static void serves_itself(void)
{
    event_set(&go_on);
    pond_http *s = served((pond_http_options){.flags = 0});
    for (int i = 0; i < 10; i++)
        must(status_to(s, GET("/slow")) == 200, "the child's own server");
    pond_http_stop(server);
    pond_http_stop(s);
}

Test(http_forked, the_child_may_start_its_own)
{
    int end;
    server = served((pond_http_options){.flags = 0});
    int slow = connected(pond_http_port(server));
    tell(slow, GET("/slow"));
    wait_until_asked(&asked_slowly, 1);
    pid_t child = fork_child(serves_itself, &end);
    end_child(child, end);
    event_set(&go_on);
    cr_assert_eq(status_of(heard(slow)), 200);
    pond_http_stop(server);
}

static bool over;

static void ask_until_over(unsigned i, void *arg)
{
    (void)arg;
    if (i == 0) {
        for (int k = 0; k < TEST_TIMES(200); k++) {
            pid_t child = fork();
            must(child >= 0, "errno %d", errno);
            if (child == 0) {
                unsigned n = descriptors();
                _exit(n > own + 3); /* what the askers have open, and nothing of the server */
            }
            int status;
            must(waitpid(child, &status, 0) == child && status == 0, "status %x", status);
        }
        __atomic_store_n(&over, true, __ATOMIC_RELAXED);
        return;
    }
    while (!__atomic_load_n(&over, __ATOMIC_RELAXED)) {
        char text[16] = "";
        int fd = connected(pond_http_port(server));
        tell(fd, GET("/"));
        must(recv(fd, text, 12, MSG_WAITALL) == 12 && strcmp(text, "HTTP/1.1 200") == 0, "%s", text);
        close(fd);
    }
}

/* Two hundred forks while requests come and go: none hangs, and every request is answered. */
Test(http_forked, forks_at_any_moment)
{
    own = descriptors();
    server = served((pond_http_options){.flags = 0});
    crew_run(4, ask_until_over, NULL);
    pond_http_stop(server);
}

static char path[64];

static void stops_it(void)
{
    pond_http_stop(server);
}

Test(http_forked, the_socket_is_the_parents)
{
    int end;
    snprintf(path, sizeof path, "/tmp/pond-http-forked.%d", (int)getpid());
    server = served((pond_http_options){.unix_path = path});
    pid_t child = fork_child(stops_it, &end);
    end_child(child, end);
    cr_assert_eq(access(path, F_OK), 0, "the child has not removed it");
    int fd = connect_unix(path);
    cr_assert_eq(status_of(answer_on(fd, GET("/"))), 200);
    pond_http_stop(server);
    cr_assert_eq(access(path, F_OK), -1);
}
