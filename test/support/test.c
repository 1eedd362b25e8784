/* SPDX-License-Identifier: BSD-2-Clause */
#include "test.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

void test_fail(const char *file, int line, const char *condition, const char *format, ...)
{
    char text[512];
    int length = snprintf(text, sizeof text, "%s:%d: not so: %s: ", file, line, condition);
    va_list args;
    va_start(args, format);
    length += vsnprintf(text + length, sizeof text - (size_t)length, format, args);
    va_end(args);
    dprintf(STDERR_FILENO, "%s\n", text);
    abort();
}

pond *test_pond(pond_options options)
{
    pond *p = pond_create(&options);
    must(p != NULL, "pond_create: errno %d", errno);
    return p;
}

size_t test_idle(const pond_stats *s)
{
    return (size_t)(s->idle_local + s->idle_shared + s->idle_victim);
}

size_t test_dropped(const pond_stats *s)
{
    uint64_t sum = 0;
    for (int why = 0; why < POND_DROP_REASONS; why++)
        sum += s->dropped[why];
    return (size_t)sum;
}

pond_stats test_stats(pond *p)
{
    pond_stats s;
    pond_stats_read(p, &s);
    must(s.constructed == s.live + test_idle(&s) + test_dropped(&s),
         "%zu constructed, %zu live, %zu idle, %zu dropped", (size_t)s.constructed, (size_t)s.live,
         test_idle(&s), test_dropped(&s));
    must(s.hits + s.misses == s.gets, "%zu hits, %zu misses, %zu gets", (size_t)s.hits, (size_t)s.misses,
         (size_t)s.gets);
    must(s.gets == s.puts + s.live, "%zu gets, %zu puts, %zu live", (size_t)s.gets, (size_t)s.puts,
         (size_t)s.live);
    return s;
}

void test_get(pond *p, void **objs, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        objs[i] = pond_get(p);
        must(objs[i] != NULL, "get %zu of %zu: errno %d", i, n, errno);
    }
}

void test_in_child(void (*body)(void *arg), void *arg)
{
    pid_t child = fork();
    must(child >= 0, "fork: errno %d", errno);
    if (child == 0) {
        alarm(TEST_ALARM);
        body(arg);
        _exit(0);
    }
    int status;
    must(waitpid(child, &status, 0) == child, "waitpid: errno %d", errno);
    must(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the child ended with status %#x", (unsigned)status);
}
