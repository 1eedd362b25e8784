/* SPDX-License-Identifier: BSD-2-Clause */
/* The tests of a program: what Criterion's macros declare, found, counted and named. */
#ifndef TEST_SUPPORT_CASES_H
#define TEST_SUPPORT_CASES_H

#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include <stdbool.h>
#include <stddef.h>

/* One test, of a parameterised one one parameter. */
struct test_case {
    const struct criterion_test *test;
    const struct criterion_suite *suite; /* without data if none was declared */
    size_t parameter;
};

struct test_cases {
    struct test_case *all;
    size_t count;
};

/* All tests whose suite/name matches the pattern (as a shell's, with its extended ones), in order of their
 * names. */
void cases_find(struct test_cases *cases, const char *pattern);

/* suite/name, suite/name:N for parameter N of a parameterised test. */
enum { CASE_NAME = 256 };
void case_name(const struct test_case *c, char *name, size_t size);

/* The test of this name; false if there is none. No parameters are asked for: whether there are so many is
 * not seen. */
bool case_named(struct test_case *c, const char *name);

bool case_is_disabled(const struct test_case *c);

/* Seconds that it may take, 0 for no limit. */
double case_timeout(const struct test_case *c);

#endif
