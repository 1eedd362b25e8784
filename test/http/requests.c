/* SPDX-License-Identifier: BSD-2-Clause */
// variants: release asan tsan clang
/* What libpond-http lets through to pond_profile_answer and how it hands on the answer; what it refuses
 * itself. */
#include "asked.h"

TestSuite(http_requests, .timeout = TEST_ALARM);

static const char *body_of(const char *answer)
{
    const char *end = strstr(answer, "\r\n\r\n");
    must(end != NULL, "no answer: %s", answer);
    return end + 4;
}

Test(http_requests, an_answer_arrives_as_it_was_made)
{
    pond_http *s = served((pond_http_options){.flags = 0});
    const char *answer = answer_on(connected(pond_http_port(s)), GET("/a/b?x=1&y=%20"));
    cr_assert_eq(status_of(answer), 200, "%s", answer);
    cr_assert(strstr(answer, "\r\nContent-Type: text/x-asked\r\n"), "%s", answer);
    cr_assert(strstr(answer, "\r\nX-First: 1\r\n"), "%s", answer);
    cr_assert(strstr(answer, "\r\nX-Second: two words: and a colon\r\n"), "%s", answer);
    cr_assert(strstr(answer, "\r\nContent-Length: 21\r\n"), "%s", answer);
    cr_assert_str_eq(body_of(answer), "GET /a/b x=1&y=%20 0\n", "%s", answer);
    answer = answer_on(connected(pond_http_port(s)), GET("/nothing"));
    cr_assert_eq(status_of(answer), 404, "%s", answer);
    cr_assert_str_eq(body_of(answer), "GET /nothing - 0\n");
    pond_http_stop(s);
}

Test(http_requests, head_has_the_length_and_no_body)
{
    pond_http *s = served((pond_http_options){.flags = 0});
    const char *answer =
        answer_on(connected(pond_http_port(s)), "HEAD /large HTTP/1.1\r\nHost: localhost\r\n\r\n");
    char length[64];
    snprintf(length, sizeof length, "\r\nContent-Length: %d\r\n", LARGE);
    cr_assert_eq(status_of(answer), 200, "%s", answer);
    cr_assert(strstr(answer, length), "%s", answer);
    cr_assert_str_eq(body_of(answer), "");
    pond_http_stop(s);
}

/* Nothing is unescaped or shortened: a path that is not spelt as the page's is another one. */
Test(http_requests, paths_are_handed_on_as_they_came)
{
    static const char *const paths[] = {
        "/",        "/../etc/passwd", "/debug/%2e%2e/x", "//debug//pond", "/debug/pond%00",
        "/a;b/./c", "/%GG",           "/debug/pond/",    "/%2Fdebug"};
    pond_http *s = served((pond_http_options){.flags = 0});
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        char request[256], expected[256];
        snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", paths[i]);
        snprintf(expected, sizeof expected, "GET %s - 0\n", paths[i]);
        const char *answer = answer_on(connected(pond_http_port(s)), request);
        cr_assert_eq(status_of(answer), 200, "%s: %s", paths[i], answer);
        cr_assert_str_eq(body_of(answer), expected);
    }
    pond_http_stop(s);
}

Test(http_requests, methods_are_handed_on)
{
    pond_http *s = served((pond_http_options){.flags = POND_HTTP_MAY_TICK});
    const char *answer =
        answer_on(connected(pond_http_port(s)), "DELETE /x HTTP/1.1\r\nHost: localhost\r\n\r\n");
    cr_assert_str_eq(body_of(answer), "DELETE /x - 1\n", "the flag is POND_ANSWER_MAY_TICK's");
    pond_http_stop(s);
}

struct host {
    const char *lines;
    int status;
};

static void check_hosts(pond_http_options o, const struct host *hosts, size_t n)
{
    pond_http *s = served(o);
    for (size_t i = 0; i < n; i++) {
        char request[512];
        unsigned before = asked;
        snprintf(request, sizeof request, "GET / HTTP/1.1\r\n%s\r\n", hosts[i].lines);
        cr_assert_eq(status_to(s, request), hosts[i].status, "%s", hosts[i].lines);
        cr_assert_eq(asked - before, hosts[i].status == 200, "%s: who is refused makes no work",
                     hosts[i].lines);
    }
    pond_http_stop(s);
}

Test(http_requests, the_host_is_this_machine)
{
    static const struct host hosts[] = {
        {"Host: localhost\r\n", 200},
        {"hOsT:    localhost:99\r\n", 200},
        {"Host: evil.example\r\n", 403},
        {"Host: \r\n", 403},
        {"Host: localhost\r\nHost: evil.example\r\n", 403},
        {"Host: evil.example\r\nHost: localhost\r\n", 403},
        {"", 400},
    };
    check_hosts((pond_http_options){.flags = 0}, hosts, sizeof hosts / sizeof *hosts);
    cr_assert_eq(asked, 2);
    pond_http *s = served((pond_http_options){.flags = 0});
    cr_assert_eq(status_to(s, "GET / HTTP/1.0\r\n\r\n"), 403,
                 "before HTTP/1.1 there is no need of a Host, but here");
    pond_http_stop(s);
}

Test(http_requests, the_host_may_be_the_address)
{
    static const struct host hosts[] = {
        {"Host: 0.0.0.0:1\r\n", 200},
        {"Host: 0.0.0.0\r\n", 200},
        {"Host: localhost\r\n", 200},
        {"Host: 0.0.0.0.evil.example\r\n", 403},
    };
    check_hosts((pond_http_options){.address = "0.0.0.0"}, hosts, sizeof hosts / sizeof *hosts);
}

Test(http_requests, any_host_where_it_is_allowed)
{
    static const struct host hosts[] = {{"Host: evil.example\r\n", 200}, {"Host: a\r\nHost: b\r\n", 200}};
    check_hosts((pond_http_options){.flags = POND_HTTP_ANY_HOST}, hosts, sizeof hosts / sizeof *hosts);
}

Test(http_requests, other_sites_lead_here_and_load_nothing)
{
    static const struct host hosts[] = {
        {"Host: localhost\r\nSec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: no-cors\r\n", 403},
        {"Host: localhost\r\nSec-Fetch-Site: cross-site\r\n", 403},
        {"Host: localhost\r\nSec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\n", 200},
        {"Host: localhost\r\nSec-Fetch-Site: same-origin\r\nSec-Fetch-Mode: no-cors\r\n", 200},
        {"Host: localhost\r\nSec-Fetch-Site: none\r\nSec-Fetch-Mode: navigate\r\n", 200},
    };
    check_hosts((pond_http_options){.flags = 0}, hosts, sizeof hosts / sizeof *hosts);
}

static void sends_body(pond_http *s, const char *head)
{
    enum { BODY = 1 << 20 };
    char *body = malloc(BODY + 1);
    must(body != NULL, "no memory");
    memset(body, 'x', BODY);
    body[BODY] = '\0';
    int fd = connected(pond_http_port(s));
    tell(fd, head);
    tell(fd, body);
    const char *answer = heard(fd);
    free(body);
    cr_assert_eq(status_of(answer), 413, "%s: %s", head, answer);
    cr_assert(strstr(answer, "has no body"), "the whole answer arrives: %s", answer);
}

Test(http_requests, a_body_is_refused_and_not_waited_for)
{
    pond_http *s = served((pond_http_options){.flags = 0});
    sends_body(s, "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1048576\r\n\r\n");
    sends_body(s, "GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1048576\r\n\r\n");
    sends_body(s, "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n100000\r\n");
    cr_assert_eq(status_to(s, "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999\r\n\r\n"),
                 413, "before a byte of it has come");
    cr_assert_eq(asked, 0);
    cr_assert_eq(status_to(s, "GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n"), 200);
    pond_http_stop(s);
}

/* 16 KiB are for all lines of a request. */
Test(http_requests, long_lines_are_refused)
{
    static char request[40000];
    pond_http *s = served((pond_http_options){.flags = 0});
    snprintf(request, sizeof request, "GET /%020000d HTTP/1.1\r\nHost: localhost\r\n\r\n", 1);
    int status = status_to(s, request);
    cr_assert(status == 0 || (status >= 400 && status < 500), "a long path: %d", status);
    snprintf(request, sizeof request, "GET / HTTP/1.1\r\nHost: localhost\r\nX-Y: %020000d\r\n\r\n", 1);
    status = status_to(s, request);
    cr_assert(status == 0 || (status >= 400 && status < 500), "a long line: %d", status);
    cr_assert_eq(asked, 0);
    cr_assert_eq(status_to(s, GET("/")), 200, "the server goes on");
    pond_http_stop(s);
}

Test(http_requests, what_is_no_request_is_refused)
{
    static const char *const requests[] = {"\r\n\r\n\r\n",
                                           "GET\r\n\r\n",
                                           "GET /\r\n\r\n",
                                           "\x16\x03\x01\x02\r\n\r\n",
                                           "GET / HTTP/9\r\n\r\n",
                                           "GET / HTTP/1.1\r\nHost localhost\r\n\r\n",
                                           "GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n"};
    pond_http *s = served((pond_http_options){.timeout_seconds = 1});
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
        int status = status_to(s, requests[i]);
        cr_assert(status == 0 || status >= 400, "%s: %d", requests[i], status);
    }
    cr_assert_eq(asked, 0);
    pond_http_stop(s);
}

Test(http_requests, a_connection_is_for_one_request)
{
    pond_http *s = served((pond_http_options){.flags = 0});
    const char *answer = answer_on(connected(pond_http_port(s)), GET("/one") GET("/two"));
    cr_assert(strstr(answer, "\r\nConnection: close\r\n"), "%s", answer);
    cr_assert(strstr(answer, "/one") && !strstr(answer, "/two"), "%s", answer);
    cr_assert_eq(asked, 1);
    pond_http_stop(s);
}

Test(http_requests, memory_that_is_out_is_said)
{
    pond_http *s = served((pond_http_options){.flags = 0});
    const char *answer = answer_on(connected(pond_http_port(s)), GET("/no-memory"));
    cr_assert_eq(status_of(answer), 503, "%s", answer);
    pond_http_stop(s);
}

Test(http_requests, others_are_answered_while_one_takes_long)
{
    pond_http *s = served((pond_http_options){.flags = 0});
    int slow = connected(pond_http_port(s));
    tell(slow, GET("/slow"));
    wait_until_asked(&asked_slowly, 1);
    for (int i = 0; i < 20; i++)
        cr_assert_eq(status_to(s, GET("/quick")), 200);
    event_set(&go_on);
    cr_assert_eq(status_of(heard(slow)), 200);
    pond_http_stop(s);
}

/* Answers that are being made, that wait their turn, and that are on their way. */
Test(http_requests, stop_ends_all_there_is)
{
    int slow[4], takes;
    unsigned before = descriptors();
    pond_http *s = served((pond_http_options){.flags = 0});
    for (int i = 0; i < 4; i++) {
        slow[i] = connected(pond_http_port(s));
        tell(slow[i], GET("/slow"));
    }
    wait_until_asked(&asked_slowly, 2);
    takes = connected(pond_http_port(s));
    tell(takes, "GET");
    event_set(&go_on);
    pond_http_stop(s);
    for (int i = 0; i < 4; i++)
        close(slow[i]);
    close(takes);
    cr_assert_eq(descriptors(), before);
    pond_http_stop(NULL);
}

/* What an answer waits for is over when nobody is there for it. */
Test(http_requests, waiting_ends_when_the_client_has_gone)
{
    pond_http *s = served((pond_http_options){.flags = 0});
    for (unsigned i = 1; i <= 10; i++) {
        int fd = connected(pond_http_port(s));
        tell(fd, GET("/wait"));
        wait_until_asked(&asked_slowly, i);
        close(fd);
    }
    cr_assert_eq(status_to(s, GET("/")), 200);
    pond_http_stop(s);
}

Test(http_requests, stop_does_not_wait_for_what_waits)
{
    int waits[3];
    pond_http *s = served((pond_http_options){.flags = 0});
    for (int i = 0; i < 3; i++) {
        waits[i] = connected(pond_http_port(s));
        tell(waits[i], GET("/wait"));
    }
    wait_until_asked(&asked_slowly, 2);
    pond_http_stop(s);
    for (int i = 0; i < 3; i++)
        close(waits[i]);
}
