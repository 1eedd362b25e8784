/* SPDX-License-Identifier: BSD-2-Clause */
/* A frame as text: what the loader knows, and what a symbolizer says. */
#include "test.h"

#include "../../src/check/module.h"
#include "threads.h"

#include <dlfcn.h>
#include <pond/debug.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TestSuite(module, .timeout = TEST_ALARM);

enum { TEXT = 512 };

/* Before the first use in this process: libpond-symbol is left aside. */
static void raw(void)
{
    cr_assert_eq(setenv("POND_SYMBOLIZE", "0", 1), 0);
}

/* A return address within libc's qsort, an exported function. */
static const void *libc_pc(size_t offset)
{
    const char *function = dlsym(dlopen("libc.so.6", RTLD_NOW | RTLD_NOLOAD), "qsort");
    must(function != NULL, "there is no qsort");
    return function + offset + 1;
}

static const char *described(const void *pc)
{
    static _Thread_local char text[TEXT];
    size_t length = module_describe(pc, text, sizeof text);
    must(length == strlen(text), "%zu is not the length of \"%s\"", length, text);
    return text;
}

/* ---- what the loader knows ---- */

Test(module, an_exported_function_comes_with_module_offset_and_build_id)
{
    Dl_info info;
    char start[TEXT];
    raw();
    const char *pc = libc_pc(4);
    must(dladdr(pc, &info) != 0, "dladdr");
    size_t offset = (size_t)(pc - 1 - (const char *)info.dli_fbase);
    (void)snprintf(start, sizeof start, "qsort+0x4 (libc.so.6+0x%zx, build id ", offset);
    const char *text = described(pc);
    cr_assert_eq(strncmp(text, start, strlen(start)), 0, "%s does not start with %s", text, start);
    const char *id = text + strlen(start);
    cr_assert_eq(strspn(id, "0123456789abcdef"), 40);
    cr_assert_str_eq(id + 40, ")");
}

static void local_function(void) {}

Test(module, a_function_without_an_exported_name_is_module_and_offset)
{
    raw();
    const char *text = described((const char *)(uintptr_t)local_function + 1);
    cr_assert_eq(strncmp(text, "module+0x", 9), 0, "%s", text);
    cr_assert_not_null(strstr(text, " (build id "));
}

Test(module, an_address_of_no_module_is_itself)
{
    void *heap = malloc(1);
    char address[TEXT];
    raw();
    (void)snprintf(address, sizeof address, "%p", heap);
    cr_assert_str_eq(described(heap), address);
    free(heap);
    cr_assert_str_eq(described((const void *)0x10), "0x10");
    cr_assert_str_eq(described(NULL), "0x0");
}

Test(module, text_is_cut_to_what_there_is_room_for)
{
    char whole[TEXT], text[TEXT];
    raw();
    size_t length = module_describe(libc_pc(0), whole, sizeof whole);
    for (size_t n = 1; n <= length + 1; n++) {
        memset(text, '#', sizeof text);
        cr_assert_eq(module_describe(libc_pc(0), text, n), n - 1);
        cr_assert_eq(strncmp(text, whole, n - 1), 0);
        cr_assert_eq(text[n - 1], 0);
        cr_assert_eq(text[n], '#', "written behind its end");
    }
    cr_assert_eq(module_describe(libc_pc(0), NULL, 0), 0);
}

Test(module, without_debug_information_no_field_is_known)
{
    char text[TEXT];
    raw();
    cr_assert_eq(module_field("struct none", 0, text, sizeof text), 0);
    cr_assert_str_eq(text, "");
}

Test(module, errno_is_kept)
{
    char text[TEXT];
    errno = 77;
    (void)module_describe(libc_pc(0), text, sizeof text);
    (void)module_field("struct none", 0, text, sizeof text);
    cr_assert_eq(errno, 77);
}

/* ---- the user's symbolizer ---- */

static const void *asked;

static size_t says_name(const void *pc, char *text, size_t n)
{
    asked = pc;
    return (size_t)snprintf(text, n, "name file.c:1\n");
}

static size_t says_nothing(const void *pc, char *text, size_t n)
{
    (void)pc, (void)text, (void)n;
    return 0;
}

static size_t says_much(const void *pc, char *text, size_t n)
{
    (void)pc;
    memset(text, 'x', n - 1);
    text[n - 1] = 0;
    return 100000;
}

Test(module, a_users_symbolizer_is_asked_first)
{
    raw();
    pond_on_symbol(says_name);
    const char *text = described(libc_pc(0));
    cr_assert_eq(asked, libc_pc(0));
    cr_assert_eq(strncmp(text, "name file.c:1 (libc.so.6+0x", 27), 0, "%s", text);
    cr_assert_null(strstr(text, "build id"));
    cr_assert_str_eq(described((const void *)0x10), "name file.c:1");
}

Test(module, where_a_symbolizer_knows_nothing_the_loader_is_asked)
{
    raw();
    pond_on_symbol(says_nothing);
    cr_assert_eq(strncmp(described(libc_pc(0)), "qsort+0x0 (", 11), 0);
    pond_on_symbol(says_name);
    pond_on_symbol(NULL);
    cr_assert_eq(strncmp(described(libc_pc(0)), "qsort+0x0 (", 11), 0);
}

Test(module, a_symbolizer_that_says_more_than_there_is_room_for_is_cut)
{
    raw();
    pond_on_symbol(says_much);
    cr_assert_eq(strlen(described(libc_pc(0))), TEXT - 1);
}

/* ---- one at a time ---- */

static size_t comes_back(const void *pc, char *text, size_t n)
{
    char inside[TEXT];
    for (int i = 0; i < 200; i++) /* each would wait for seconds: the alarm tells */
        (void)module_describe(pc, inside, sizeof inside);
    must(module_field("struct none", 0, text, n) == 0, "a field from nowhere");
    return (size_t)snprintf(text, n, "<%.9s>", inside);
}

Test(module, who_comes_back_out_of_the_symbolizer_does_without_it)
{
    raw();
    pond_on_symbol(comes_back);
    cr_assert_eq(strncmp(described(libc_pc(0)), "<qsort+0x0> (", 13), 0, "%s", described(libc_pc(0)));
}

static atomic_int at_once, most_at_once;

static size_t counts(const void *pc, char *text, size_t n)
{
    (void)pc;
    int now = atomic_fetch_add(&at_once, 1) + 1;
    if (now > atomic_load(&most_at_once))
        atomic_store(&most_at_once, now);
    (void)sched_yield();
    atomic_fetch_sub(&at_once, 1);
    return (size_t)snprintf(text, n, "counted");
}

static void describe_often(unsigned index, void *unused)
{
    (void)index, (void)unused;
    for (int i = 0; i < TEST_TIMES(2000); i++)
        must(strncmp(described(libc_pc(0)), "counted (", 9) == 0, "not waited for: %s",
             described(libc_pc(0)));
}

Test(module, one_thread_at_a_time_is_with_the_symbolizer_and_others_wait)
{
    raw();
    pond_on_symbol(counts);
    crew_run(4, describe_often, NULL);
    cr_assert_eq(atomic_load(&most_at_once), 1);
}

static event is_inside = EVENT_INIT, may_leave = EVENT_INIT;

static size_t stays(const void *pc, char *text, size_t n)
{
    (void)pc, (void)text, (void)n;
    event_set(&is_inside);
    event_wait(&may_leave);
    return 0;
}

static void describe_once(void *unused)
{
    (void)unused;
    (void)described(libc_pc(0));
}

/* The alarm tells whether it waits for seconds each time. */
static void describe_in_child(void *unused)
{
    (void)unused;
    for (int i = 0; i < 200; i++)
        must(strncmp(described(libc_pc(0)), "qsort+0x0 (", 11) == 0, "%s", described(libc_pc(0)));
}

Test(module, a_forked_child_does_not_wait_for_a_thread_it_does_not_have)
{
    raw();
    pond_on_symbol(stays);
    worker *w = worker_start();
    worker_begin(w, describe_once, NULL);
    event_wait(&is_inside);
    test_in_child(describe_in_child, NULL);
    event_set(&may_leave);
    worker_wait(w);
    worker_end(w);
}

static size_t is_cancelled(const void *pc, char *text, size_t n)
{
    (void)pc;
    (void)pthread_cancel(pthread_self());
    pthread_testcancel();
    return (size_t)snprintf(text, n, "whole");
}

static void *describe_and_end(void *text)
{
    (void)module_describe(libc_pc(0), text, TEXT);
    pthread_testcancel();
    return NULL;
}

Test(module, a_thread_is_cancelled_only_after_it_has_left_the_symbolizer)
{
    char text[TEXT];
    raw();
    pond_on_symbol(is_cancelled);
    thread_run(describe_and_end, text);
    cr_assert_eq(strncmp(text, "whole (", 7), 0);
    pond_on_symbol(says_name);
    cr_assert_eq(strncmp(described(libc_pc(0)), "name ", 5), 0);
}
