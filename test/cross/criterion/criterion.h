/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * As much of Criterion's interface as this project's tests in C use, for machines and C libraries that
 * Criterion is not to be had for: test/cross/run. Each test runs in a child of its own; the output is TAP.
 */
#ifndef CROSS_CRITERION_H
#define CROSS_CRITERION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct criterion_test_params {
    size_t size;
    void *params;
    size_t length;
    void (*cleanup)(struct criterion_test_params *);
};

struct cross_extra {
    int unused; /* the caller's fields, all named, come after it */
    int signal, exit_code;
    double timeout;
    bool disabled;
    void (*init)(void), (*fini)(void);
};

struct cross_test {
    const char *suite, *name;
    void (*run)(void *param);
    struct criterion_test_params (*params)(void); /* NULL: it takes none */
    struct cross_extra extra;
    struct cross_test *next;
};

void cross_add(struct cross_test *test);
__attribute__((noreturn, format(printf, 4, 5))) void cross_fail(const char *file, int line, const char *what,
                                                                const char *format, ...);
__attribute__((noreturn)) void cross_skip(const char *why);

#define CROSS_JOIN_(suite, name, what) cross_##suite##_##name##_##what
#define CROSS_ADD_(suite_, name_, run_, params_, ...)                                                        \
    __attribute__((constructor)) static void CROSS_JOIN_(suite_, name_, add)(void)                           \
    {                                                                                                        \
        static struct cross_test test = {                                                                    \
            .suite = #suite_, .name = #name_, .run = run_, .params = params_, .extra = {0, __VA_ARGS__}};    \
        cross_add(&test);                                                                                    \
    }

#define Test(suite, name, ...)                                                                               \
    static void CROSS_JOIN_(suite, name, body)(void);                                                        \
    static void CROSS_JOIN_(suite, name, run)(void *unused)                                                  \
    {                                                                                                        \
        (void)unused;                                                                                        \
        CROSS_JOIN_(suite, name, body)();                                                                    \
    }                                                                                                        \
    CROSS_ADD_(suite, name, CROSS_JOIN_(suite, name, run), NULL, __VA_ARGS__)                                \
    static void CROSS_JOIN_(suite, name, body)(void)

#define TestSuite(suite, ...) struct cross_suite_##suite

#define ParameterizedTestParameters(suite, name)                                                             \
    static struct criterion_test_params CROSS_JOIN_(suite, name, params)(void)

#define ParameterizedTest(param, suite, name, ...)                                                           \
    static void CROSS_JOIN_(suite, name, body)(param);                                                       \
    static void CROSS_JOIN_(suite, name, run)(void *value)                                                   \
    {                                                                                                        \
        CROSS_JOIN_(suite, name, body)(value);                                                               \
    }                                                                                                        \
    CROSS_ADD_(suite, name, CROSS_JOIN_(suite, name, run), CROSS_JOIN_(suite, name, params), __VA_ARGS__)    \
    static void CROSS_JOIN_(suite, name, body)(param)

#define cr_make_param_array(type, array, n, ...)                                                             \
    ((struct criterion_test_params){.size = sizeof(type), .params = (array), .length = (n)})

/* The first of the rest is a format, if there is any: "" before it makes it one. */
#define CROSS_MUST_(condition, ...)                                                                          \
    ((condition) ? (void)0 : cross_fail(__FILE__, __LINE__, #condition, " " __VA_ARGS__))

#define cr_assert(condition, ...) CROSS_MUST_(condition, __VA_ARGS__)
#define cr_assert_not(condition, ...) CROSS_MUST_(!(condition), __VA_ARGS__)
#define cr_assert_eq(a, b, ...) CROSS_MUST_((a) == (b), __VA_ARGS__)
#define cr_assert_neq(a, b, ...) CROSS_MUST_((a) != (b), __VA_ARGS__)
#define cr_assert_lt(a, b, ...) CROSS_MUST_((a) < (b), __VA_ARGS__)
#define cr_assert_leq(a, b, ...) CROSS_MUST_((a) <= (b), __VA_ARGS__)
#define cr_assert_gt(a, b, ...) CROSS_MUST_((a) > (b), __VA_ARGS__)
#define cr_assert_geq(a, b, ...) CROSS_MUST_((a) >= (b), __VA_ARGS__)
#define cr_assert_null(a, ...) CROSS_MUST_((a) == NULL, __VA_ARGS__)
#define cr_assert_not_null(a, ...) CROSS_MUST_((a) != NULL, __VA_ARGS__)
#define cr_assert_str_eq(a, b, ...) CROSS_MUST_(strcmp(a, b) == 0, __VA_ARGS__)
#define cr_assert_arr_eq(a, b, n, ...) CROSS_MUST_(memcmp(a, b, n) == 0, __VA_ARGS__)
#define cr_assert_fail(...) CROSS_MUST_(false, __VA_ARGS__)
#define cr_skip(why) cross_skip(why)
#define cr_skip_test(why) cross_skip(why)
#define cr_log_info(...) ((void)fprintf(stderr, __VA_ARGS__), (void)fputc('\n', stderr))
#define cr_log_error(...) cr_log_info(__VA_ARGS__)

#endif
