/* SPDX-License-Identifier: BSD-2-Clause */
/* The tests of a program, as Test(), ParameterizedTest() and TestSuite() leave them in sections of it. */
#define _GNU_SOURCE 1
#include "cases.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The linker makes these names for a section that there is. */
extern struct criterion_test *__start_cr_tst[] __attribute__((weak));
extern struct criterion_test *__stop_cr_tst[] __attribute__((weak));
extern struct criterion_suite *__start_cr_sts[] __attribute__((weak));
extern struct criterion_suite *__stop_cr_sts[] __attribute__((weak));

void case_name(const struct test_case *c, char *name, size_t size)
{
    if (c->test->data->kind_ == CR_TEST_PARAMETERIZED)
        snprintf(name, size, "%s/%s:%zu", c->test->category, c->test->name, c->parameter);
    else
        snprintf(name, size, "%s/%s", c->test->category, c->test->name);
}

bool case_is_disabled(const struct test_case *c)
{
    return c->test->data->disabled || (c->suite->data != NULL && c->suite->data->disabled);
}

double case_timeout(const struct test_case *c)
{
    if (c->test->data->timeout > 0)
        return c->test->data->timeout;
    return c->suite->data != NULL ? c->suite->data->timeout : 0;
}

static const struct criterion_suite *suite_of(const struct criterion_test *test)
{
    static const struct criterion_suite none;
    for (struct criterion_suite **s = __start_cr_sts; s != __stop_cr_sts; s++)
        if (*s != NULL && strcmp((*s)->name, test->category) == 0)
            return *s;
    return &none;
}

/* How many times it runs. A disabled test is one that is skipped, however many parameters it has. */
static size_t times(const struct test_case *c)
{
    if (c->test->data->kind_ != CR_TEST_PARAMETERIZED || case_is_disabled(c))
        return 1;
    struct criterion_test_params params = c->test->data->param_();
    size_t length = params.length;
    if (params.cleanup != NULL)
        params.cleanup(&params);
    return length;
}

static void add_cases(struct test_cases *cases, const struct criterion_test *test)
{
    struct test_case c = {.test = test, .suite = suite_of(test)};
    size_t more = times(&c);
    cases->all = realloc(cases->all, (cases->count + more + 1) * sizeof *cases->all);
    if (cases->all == NULL) {
        perror("the list of the tests");
        exit(2);
    }
    for (; c.parameter < more; c.parameter++)
        cases->all[cases->count++] = c;
}

static int by_name(const void *one, const void *other)
{
    const struct test_case *a = one, *b = other;
    int order = strcmp(a->test->category, b->test->category);
    if (order == 0)
        order = strcmp(a->test->name, b->test->name);
    if (order == 0)
        order = (a->parameter > b->parameter) - (a->parameter < b->parameter);
    return order;
}

void cases_find(struct test_cases *cases, const char *pattern)
{
    for (struct criterion_test **t = __start_cr_tst; t != __stop_cr_tst; t++)
        if (*t != NULL && (pattern == NULL || fnmatch(pattern, (*t)->data->identifier_, FNM_EXTMATCH) == 0))
            add_cases(cases, *t);
    if (cases->count != 0)
        qsort(cases->all, cases->count, sizeof *cases->all, by_name);
}

bool case_named(struct test_case *c, const char *name)
{
    for (struct criterion_test **t = __start_cr_tst; t != __stop_cr_tst; t++) {
        char of_this[CASE_NAME];
        *c = (struct test_case){.test = *t};
        if (*t == NULL)
            continue;
        c->suite = suite_of(*t);
        const char *number = strrchr(name, ':');
        if (number != NULL)
            c->parameter = strtoul(number + 1, NULL, 10);
        case_name(c, of_this, sizeof of_this);
        if (strcmp(of_this, name) == 0)
            return true;
    }
    return false;
}
