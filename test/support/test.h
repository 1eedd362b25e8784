/* SPDX-License-Identifier: BSD-2-Clause */
/* What every test includes: Criterion, and a check that may fail anywhere. */
#ifndef TEST_SUPPORT_TEST_H
#define TEST_SUPPORT_TEST_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <pond/pond.h>

#include <errno.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__SANITIZE_THREAD__)
#define TEST_TSAN 1
#endif
#if defined(__SANITIZE_ADDRESS__)
#define TEST_ASAN 1
#endif
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define TEST_TSAN 1
#endif
#if __has_feature(address_sanitizer)
#define TEST_ASAN 1
#endif
#endif

/* A sanitizer is there, which has memory and mappings of its own. */
#if defined(TEST_TSAN) || defined(TEST_ASAN)
#define TEST_SANITIZED 1
#else
#define TEST_SANITIZED 0
#endif

/* How many of n repetitions a build has time for. */
#if defined(TEST_TSAN)
#define TEST_TIMES(n) ((n) / 8)
#elif defined(TEST_ASAN)
#define TEST_TIMES(n) ((n) / 4)
#else
#define TEST_TIMES(n) (n)
#endif

/* Seconds after which a test is stuck. No verdict depends on how fast a test is, only on this alarm. */
#define TEST_ALARM 120

/*
 * must(condition, format, ...) ends the process with SIGABRT and a line on stderr if the condition is
 * false. For threads, hooks, signal handlers and forked children: Criterion's own assertions jump
 * back into the test's thread.
 */
#define must(condition, ...) ((condition) ? (void)0 : test_fail(__FILE__, __LINE__, #condition, __VA_ARGS__))

__attribute__((noreturn, format(printf, 4, 5))) void
test_fail(const char *file, int line, const char *condition, const char *format, ...);

/* A pond with these options; the test fails if there is none. */
pond *test_pond(pond_options options);

/* The pond's statistics, checked: constructed == live + idle + dropped, hits + misses == gets. */
pond_stats test_stats(pond *p);

/* All idle objects, wherever they are; all dropped ones, whatever the reason. */
size_t test_idle(const pond_stats *s);
size_t test_dropped(const pond_stats *s);

/* Gets n objects into objs; the test fails if there are fewer. */
void test_get(pond *p, void **objs, size_t n);

/* Runs body in a forked child, which must end well (exit status 0). */
void test_in_child(void (*body)(void *arg), void *arg);

#ifdef __cplusplus
}
#endif

#endif
