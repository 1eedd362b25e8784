/* SPDX-License-Identifier: BSD-2-Clause */
/* What the program says of itself, or that it is not so. */
#include "program.h"
#include <jansson.h>
#include <pond/inline.h>
#include <pthread.h>
#include <sched.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* ---- what is refused ---- */

static void is_refused(const pond_profile_source *from, const char *method, const char *path, pond_answer *a)
{
    errno = 0;
    CHECK(pond_profile_answer_from(from, method, path, NULL, a) == -1 && errno == EINVAL);
    CHECK(a == NULL || a->body == NULL);
}

static void is_status(int status, const char *method, const char *path, const char *query)
{
    pond_answer a;
    errno = 77;
    CHECK(ask(method, path, query, &a) == 0 && errno == 77);
    if (a.status != status)
        printf("%s %s?%s: %d, not %d\n", method, path, query == NULL ? "" : query, a.status, status);
    CHECK(a.status == status && (a.body != NULL) == (strcmp(method, "HEAD") != 0) && a.length > 0);
    free(a.body);
}

void errors(void)
{
    pond_answer a = {.allow = 0};
    pond_profile_source part = source;
    part.size -= sizeof(void *);
    is_refused(NULL, "GET", "/metrics", &a);
    is_refused(&part, "GET", "/metrics", &a);
    is_refused(&source, NULL, "/metrics", &a);
    is_refused(&source, "GET", NULL, &a);
    is_refused(&source, "GET", "/metrics", NULL);
    static const char *const nowhere[] = {"",
                                          "/",
                                          "/debug",
                                          "/debug/",
                                          "/debug/pond/x",
                                          "/debug/pprof/cmdline",
                                          "/debug/pprof/profile",
                                          "/debug/pprof/../pond",
                                          "//debug/pond",
                                          "/debug/%70ond",
                                          "/metrics/",
                                          "/etc/passwd",
                                          "/debug/pprof/heap/"};
    for (size_t i = 0; i < sizeof nowhere / sizeof *nowhere; i++)
        is_status(404, "GET", nowhere[i], NULL);
    static const char *const others[] = {"POST", "PUT", "DELETE", "OPTIONS", "get", ""};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        is_status(405, others[i], "/debug/pond", NULL);
    static const char *const bad[] = {
        "seconds=61", "seconds=-1", "seconds=", "seconds=1x",         "seconds=99999999999999999999",
        "debug=3",    "debug=x",    "gc=2",     "debug=1&seconds=100"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        is_status(400, "GET", "/debug/pprof/heap", bad[i]);
    is_status(400, "GET", "/debug/pond", "format=xml");
    is_status(400, "GET", "/debug/pond", "refresh=x");
    is_status(400, "GET", "/debug/pond/flame", "value=cpu");
    is_status(403, "GET", "/debug/pprof/heap", "gc=1");
    static const char *const good[] = {
        "", "&", "x=y", "seconds=0", "seconds", "debug=0&gc=0", "secondsx=99", "&&debug=2&"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        is_status(i == 4 ? 400 : 200, "GET", "/debug/pprof/heap", good[i]);
    is_status(200, "HEAD", "/debug/pprof/heap", "seconds=60"); /* does not wait */
    CHECK(ticks == 0);
    static const char *const hosts[] = {"localhost",      "LocalHost:80", "127.0.0.1",
                                        "127.0.0.1:6060", "[::1]",        "[::1]:1"};
    static const char *const foreign[] = {"",
                                          ":80",
                                          "localhost.",
                                          "localhost:",
                                          "localhost:8x",
                                          "localhost.example.org",
                                          "127.0.0.1.example.org",
                                          "127.0.0.11",
                                          "127.0.0.1:80@evil",
                                          "::1",
                                          "evil",
                                          "[::1]x"};
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++)
        CHECK(pond_answer_host(hosts[i]) == 1);
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++)
        CHECK(pond_answer_host(foreign[i]) == 0);
    CHECK(pond_answer_host(NULL) == 0);
    printf("refused as it should be\n");
}

/* ---- memory that ends ---- */

/* Calls until there is none; -1: there is enough. The program is linked with --wrap. */
static int left = -1;
void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *from, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *from, size_t n);

static bool is_out(void)
{
    if (left == 0)
        errno = ENOMEM;
    return left == 0 || (left > 0 && left-- == 0);
}

void *__wrap_malloc(size_t n)
{
    return is_out() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t size)
{
    return is_out() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *from, size_t n)
{
    return is_out() ? NULL : __real_realloc(from, n);
}

static void ends_at_each(const char *path, const char *query)
{
    pond_answer a;
    int calls = 0, result = -1;
    free((ask("GET", path, query, &a) == 0) ? a.body : NULL); /* what is found once is found now */
    for (; result != 0; calls++) {
        left = calls;
        errno = 0;
        result = ask("GET", path, query, &a);
        left = -1;
        CHECK(result == 0 || (errno == ENOMEM && a.body == NULL));
        free(a.body);
        CHECK(calls < 100000);
    }
    CHECK(calls > 1 && a.status == 200);
}

void memory(void)
{
    json_set_alloc_funcs(malloc, free); /* these, which end */
    ends_at_each("/debug/pprof/heap", NULL);
    ends_at_each("/debug/pprof/allocs", "debug=1");
    ends_at_each("/debug/pprof/", NULL);
    ends_at_each("/debug/pond", NULL);
    ends_at_each("/debug/pond", "format=json");
    ends_at_each("/debug/pond/flame", NULL);
    ends_at_each("/metrics", NULL);
    printf("short of memory as it should be\n");
}

/* ---- together ---- */

static int status_of(const char *path, const char *query)
{
    pond_answer a;
    CHECK(ask("GET", path, query, &a) == 0);
    free(a.body);
    CHECK(a.status != 503 || strstr(a.headers, "Retry-After: 1\r\n") != NULL);
    return a.status;
}

static void *many(void *ctx)
{
    size_t *counts = ctx;
    for (int i = 0; i < 200; i++)
        __atomic_fetch_add(&counts[status_of(i % 2 == 0 ? "/debug/pprof/heap" : "/debug/pond", NULL) == 503],
                           1, __ATOMIC_RELAXED);
    return NULL;
}

static void *waits(void *ctx)
{
    *(int *)ctx = status_of("/debug/pprof/heap", "seconds=1");
    return NULL;
}

static bool at_work; /* its parent is, when the fork is made */

static int slow_each(int (*row)(const pond_profile_row *, void *ctx), void *ctx)
{
    __atomic_store_n(&at_work, true, __ATOMIC_RELEASE);
    while (__atomic_load_n(&at_work, __ATOMIC_ACQUIRE))
        sched_yield();
    return source.each(row, ctx);
}

static void *slowly(void *ctx)
{
    pond_profile_source slow = source;
    pond_answer a = {.allow = 0};
    slow.each = slow_each;
    CHECK(pond_profile_answer_from(&slow, "GET", "/debug/pprof/heap", NULL, &a) == 0);
    free(a.body);
    *(int *)ctx = a.status;
    return NULL;
}

/* While one is at work others are refused, but not in a child, which has no such thread. */
static void fork_meanwhile(void)
{
    pthread_t thread;
    int status = 0, child_status;
    CHECK(pthread_create(&thread, NULL, slowly, &status) == 0);
    while (!__atomic_load_n(&at_work, __ATOMIC_ACQUIRE))
        sched_yield();
    CHECK(status_of("/debug/pprof/heap", NULL) == 503 && status_of("/debug/pond", NULL) == 503);
    CHECK(status_of("/metrics", NULL) == 200);
    pid_t child = fork();
    if (child == 0)
        _exit(status_of("/debug/pprof/heap", NULL) == 200 ? 0 : 1);
    CHECK(child > 0 && waitpid(child, &child_status, 0) == child && child_status == 0);
    __atomic_store_n(&at_work, false, __ATOMIC_RELEASE);
    CHECK(pthread_join(thread, NULL) == 0 && status == 200);
    CHECK(status_of("/debug/pprof/heap", NULL) == 200);
}

static bool waits_now, has_waited; /* for what is got meanwhile */

static int counting_each(int (*row)(const pond_profile_row *, void *ctx), void *ctx)
{
    int stopped = source.each(row, ctx);
    __atomic_store_n(&waits_now, true, __ATOMIC_RELEASE);
    return stopped;
}

static void *waits_long(void *ctx)
{
    pond_profile_source counting = source;
    pond_answer a = {.allow = 0};
    counting.each = counting_each;
    CHECK(pond_profile_answer_from(&counting, "GET", "/debug/pprof/heap", "seconds=2", &a) == 0);
    __atomic_store_n(&has_waited, true, __ATOMIC_RELEASE);
    free(a.body);
    *(int *)ctx = a.status;
    return NULL;
}

/* While one waits others have their turn, but not to wait as well. */
static void others_meanwhile(void)
{
    pthread_t thread;
    int status = 0;
    CHECK(pthread_create(&thread, NULL, waits_long, &status) == 0);
    while (!__atomic_load_n(&waits_now, __ATOMIC_ACQUIRE))
        sched_yield();
    while (status_of("/debug/pond", NULL) != 200)
        CHECK(!__atomic_load_n(&has_waited, __ATOMIC_ACQUIRE));
    CHECK(status_of("/debug/pprof/heap", "seconds=1") == 503);
    CHECK(!__atomic_load_n(&has_waited, __ATOMIC_ACQUIRE));
    CHECK(pthread_join(thread, NULL) == 0 && status == 200);
}

void together(void)
{
    pthread_t threads[4], waiting;
    size_t counts[2] = {0, 0};
    int waited = 0;
    CHECK(pthread_create(&waiting, NULL, waits, &waited) == 0);
    for (size_t i = 0; i < 4; i++)
        CHECK(pthread_create(&threads[i], NULL, many, counts) == 0);
    for (size_t i = 0; i < 4; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
    CHECK(pthread_join(waiting, NULL) == 0);
    CHECK(counts[0] > 0 && counts[0] + counts[1] == 800 && (waited == 200 || waited == 503));
    fork_meanwhile();
    others_meanwhile();
    printf("together as alone\n");
}

/* ---- a leak ---- */

static NOINLINE void *remember_forever(pond *p)
{
    void *object = pond_get_inline(p); /* whose name is not who leaks */
    __asm__ volatile("");
    return object;
}

static bool page_says(const char *words)
{
    pond_answer a = {.allow = 0};
    CHECK(pond_profile_answer("GET", "/debug/pond", NULL, &a) == 0 && a.status == 200);
    char *text = malloc(a.length + 1);
    CHECK(text != NULL);
    memcpy(text, a.body, a.length);
    text[a.length] = 0;
    bool found = strstr(text, words) != NULL;
    free(text);
    free(a.body);
    return found;
}

/* Of 100 gets one is never put back. */
void leak(void)
{
    const char *wanted = "What rose most is <b>buffers</b>, by ", *who = "<b>remember_forever</b>";
    pond *p = pond_create(&(pond_options){.name = "buffers", .size = 4096});
    pond *others = pond_create(&(pond_options){.name = "others", .size = 4096});
    struct timespec now, begun;
    CHECK(pond_profile_set("rate=64k") == 0 && p != NULL && others != NULL);
    (void)clock_gettime(CLOCK_MONOTONIC, &begun);
    do {
        for (int i = 0; i < 1000; i++) {
            pond_put(others, pond_get(others));
            pond_put(p, pond_get(p));
            if (i % 100 == 0)
                CHECK(remember_forever(p) != NULL);
        }
        (void)pond_epoch_advance();
        const struct timespec pause = {.tv_nsec = 50000000};
        (void)nanosleep(&pause, NULL); /* the server's own pauses */
        (void)clock_gettime(CLOCK_MONOTONIC, &now);
        CHECK(now.tv_sec - begun.tv_sec < 10);
    } while (!page_says(wanted) || !page_says(who));
    printf("seen as it should be\n");
}
