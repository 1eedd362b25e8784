/* SPDX-License-Identifier: BSD-2-Clause */
// valgrind
/*
 * Reports are made on stacks of the library's own: by many threads at once, by a report's handler and by a
 * symbolizer, in a child that was forked in the middle of one. Each is whole, and shows its own thread's
 * calls.
 */
#include "test.h"

#include "threads.h"

#include <pond/debug.h>
#include <setjmp.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

TestSuite(aside, .timeout = TEST_ALARM);

enum { THREADS = 6, TIMES = 200 };

struct user {
    pond *letters;
    char name[24];
    unsigned heard;
};

static _Thread_local struct user *self;

/* The report is of this thread's pond, first to last, and has its calls. */
static void hear(const pond_report *r, void *ctx)
{
    char start[64];
    (void)ctx;
    must(strcmp(r->pond, self->name) == 0, "%s heard of %s", self->name, r->pond);
    (void)snprintf(start, sizeof(start), "==%d== pond: double: double put", (int)getpid());
    must(strncmp(r->text, start, strlen(start)) == 0, "%s", r->text);
    must(strstr(r->text, self->name) != NULL && strstr(r->text, "words: double") != NULL, "%s", r->text);
    must(r->stacks[0].count > 1, "%zu frames", r->stacks[0].count);
    self->heard++;
}

static void put_twice(void)
{
    void *obj = pond_get(self->letters);
    void *volatile again = obj;
    must(obj != NULL, "errno %d", errno);
    pond_put(self->letters, obj);
    pond_put(self->letters, again);
}

static size_t plain_symbolizer(const void *pc, char *text, size_t n)
{
    return (size_t)snprintf(text, n, "function at %p, for %s", pc, self->name);
}

static void begin(struct user *u, const char *name, const char *words)
{
    self = u;
    u->heard = 0;
    (void)snprintf(u->name, sizeof(u->name), "%s", name);
    pond_on_report(hear, NULL);
    pond_on_symbol(plain_symbolizer);
    must(pond_debug_set(words) == 0, "pond_debug_set");
    u->letters = test_pond((pond_options){.name = u->name, .size = 64});
}

/* ---- at once ---- */

static void use(void *u)
{
    self = u;
    for (int i = 0; i < TEST_TIMES(TIMES); i++)
        put_twice();
}

Test(aside, by_many_threads_at_once)
{
    static struct user users[THREADS];
    worker *workers[THREADS];
    for (int i = 0; i < THREADS; i++) {
        char name[24];
        (void)snprintf(name, sizeof(name), "letters %d", i);
        begin(&users[i], name, "double,stacks=16");
        workers[i] = worker_start();
    }
    for (int i = 0; i < THREADS; i++)
        worker_begin(workers[i], use, &users[i]);
    for (int i = 0; i < THREADS; i++) {
        worker_wait(workers[i]);
        worker_end(workers[i]);
        cr_assert_gt(users[i].heard, 0, "nothing of thread %d", i);
    }
    cr_assert_eq(pond_report_count(), (uint64_t)THREADS * TEST_TIMES(TIMES));
}

/* ---- one within another ---- */

static struct user outer, inner;

static void put_twice_within(void)
{
    self = &inner;
    put_twice();
    self = &outer;
}

static void hear_and_misuse(const pond_report *r, void *ctx)
{
    char before[64];
    if (self == &inner) {
        hear(r, ctx);
        return;
    }
    (void)snprintf(before, sizeof(before), "%.60s", r->text);
    put_twice_within();
    must(strncmp(before, r->text, strlen(before)) == 0, "the text is another's now: %s", r->text);
    hear(r, ctx);
}

Test(aside, in_a_reports_handler)
{
    begin(&inner, "inner", "double,stacks=16");
    begin(&outer, "outer", "double,stacks=16");
    pond_on_report(hear_and_misuse, NULL);
    put_twice();
    cr_assert_eq(outer.heard, 1);
    cr_assert_eq(inner.heard, 1);
}

static size_t misusing_symbolizer(const void *pc, char *text, size_t n)
{
    if (self == &outer && inner.heard == 0)
        put_twice_within();
    return plain_symbolizer(pc, text, n);
}

Test(aside, in_a_symbolizer)
{
    begin(&inner, "inner", "double,stacks=16");
    begin(&outer, "outer", "double,stacks=16");
    pond_on_symbol(misusing_symbolizer);
    put_twice();
    cr_assert_eq(outer.heard, 1);
    cr_assert_eq(inner.heard, 1);
}

/* ---- fork ---- */

static int child_status = -1;

/* The first call forks; the child goes on with the same report, and makes another. */
static size_t forking_symbolizer(const void *pc, char *text, size_t n)
{
    static bool forked;
    if (!forked) {
        forked = true;
        pid_t child = fork();
        must(child >= 0, "fork");
        if (child == 0)
            child_status = 0;
        else
            must(waitpid(child, &child_status, 0) == child, "waitpid");
    }
    return plain_symbolizer(pc, text, n);
}

Test(aside, in_a_child_that_was_forked_meanwhile)
{
    pid_t parent = getpid();
    begin(&inner, "inner", "double,stacks=16");
    begin(&outer, "outer", "double,stacks=16");
    pond_on_symbol(forking_symbolizer);
    pond_on_report(NULL, NULL);
    must(pond_debug_set("double,stacks=16,log") == 0 && freopen("/dev/null", "w", stderr) != NULL, "begin");
    put_twice();
    pond_on_report(hear, NULL);
    put_twice_within();
    if (getpid() != parent)
        _exit(inner.heard == 1 ? 42 : 1);
    cr_assert(WIFEXITED(child_status) && WEXITSTATUS(child_status) == 42, "the child: %#x",
              (unsigned)child_status);
    cr_assert_eq(inner.heard, 1);
}
