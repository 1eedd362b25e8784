/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A thread that has been cancelled, and has not noticed yet, makes each public call in turn, with words on
 * and without, where it succeeds and where it is misused: each does its whole work, and the thread ends at
 * its own next cancellation point. Nothing is left locked. promise/cancelled.c has the calls that wait for
 * others.
 */
#include "test.h"

#include "threads.h"

#include <pond/debug.h>
#include <pond/inline.h>
#include <pond/profile.h>
#include <pond/typed.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

TestSuite(cancelled_calls, .timeout = TEST_ALARM);

struct row {
    int fd;
    char bytes[60];
};

POND_DECLARE(row, struct row)
POND_DEFINE(row, struct row)

enum { OBJECTS = 100 };

static pond *sockets, *buffers, *bounded; /* plain; with hooks and create; at max_objects */
static const char *const *words;          /* what the thread switches on, before each round; ends with NULL */
static const char *last_call;             /* the thread has come back from */
static size_t findings;                   /* it made, and should have been told of */
static pid_t child;

#define CAME_BACK(call) (last_call = (call))

/* ---- hooks: none has a cancellation point ---- */

static void *create(void *ctx)
{
    (void)ctx;
    return calloc(1, 64);
}

static bool reset(void *obj, void *ctx)
{
    (void)ctx;
    memset(obj, 0, 64);
    return true;
}

static size_t footprint(const void *obj, void *ctx)
{
    (void)obj, (void)ctx;
    return 64;
}

static void destroy(void *obj, pond_drop_reason why, void *ctx)
{
    (void)why, (void)ctx;
    free(obj);
}

/* ---- calls that do something ---- */

static void make_ponds(void)
{
    sockets = pond_create(&(pond_options){.name = "sockets", .size = 64});
    buffers = pond_create(&(pond_options){
        .name = "buffers", .create = create, .reset = reset, .footprint = footprint, .destroy = destroy});
    bounded = pond_create(&(pond_options){.name = "bounded", .size = 64, .max_objects = OBJECTS / 2});
    must(sockets != NULL && buffers != NULL && bounded != NULL, "errno %d", errno);
    CAME_BACK("pond_create");
    must(row_pond() != NULL, "errno %d", errno);
    CAME_BACK("pond_create_once");
}

static void get_and_put_one_by_one(pond *p)
{
    void *objs[OBJECTS];
    for (int i = 0; i < OBJECTS; i++)
        must((objs[i] = i % 2 == 0 ? pond_get(p) : pond_get_inline(p)) != NULL, "errno %d", errno);
    CAME_BACK("pond_get");
    for (int i = 0; i < OBJECTS; i++)
        if (i % 3 == 0)
            pond_put(p, objs[i]);
        else if (i % 3 == 1)
            pond_put_inline(p, objs[i]);
        else
            pond_discard(p, objs[i]);
    CAME_BACK("pond_put, pond_discard");
}

static void get_and_put_otherwise(pond *p)
{
    void *obj = pond_get_from(p, &child);
    must(obj != NULL, "errno %d", errno);
    pond_put_from(p, obj, &child);
    CAME_BACK("pond_get_from, pond_put_from");
    pond_put(p, pond_get_idle(p));
    CAME_BACK("pond_get_idle");
    must((obj = pond_get_wait(p, -1)) != NULL, "errno %d", errno);
    pond_put(p, obj);
    CAME_BACK("pond_get_wait");
}

static void get_and_put_many(pond *p)
{
    void *objs[OBJECTS];
    must(pond_reserve(p, OBJECTS) == OBJECTS, "errno %d", errno);
    CAME_BACK("pond_reserve");
    must(pond_get_many(p, objs, OBJECTS) == OBJECTS, "errno %d", errno);
    CAME_BACK("pond_get_many");
    pond_put_many(p, objs, OBJECTS);
    CAME_BACK("pond_put_many");
}

static void fill(pond *p)
{
    void *objs[OBJECTS];
    must(pond_get_many(p, objs, OBJECTS) == OBJECTS / 2 && errno == EAGAIN, "errno %d", errno);
    must(pond_get(p) == NULL && errno == EAGAIN, "errno %d", errno);
    must(pond_get_wait(p, 1000) == NULL && errno == ETIMEDOUT, "errno %d", errno);
    CAME_BACK("pond_get_wait, in vain");
    must(pond_destroy(p) == -1 && errno == EBUSY, "errno %d", errno);
    CAME_BACK("pond_destroy, refused");
    pond_put_many(p, objs, OBJECTS / 2);
}

static void use_typed(void)
{
    struct row *r = row_get();
    must(r != NULL, "errno %d", errno);
    row_put(r);
    row_discard(row_get());
    CAME_BACK("typed calls");
}

static void tick(void)
{
    (void)pond_epoch_advance();
    CAME_BACK("pond_epoch_advance");
    must(pond_rotate(buffers) > 0, "no tick");
    CAME_BACK("pond_rotate");
    pond_tick_budget(0);
    (void)pond_trim(sockets);
    (void)pond_trim(NULL);
    CAME_BACK("pond_trim");
    pond_idle_budget(1 << 20);
    (void)pond_epoch_advance();
    pond_idle_budget(0);
    (void)pond_trim_to(0);
    CAME_BACK("pond_trim_to");
}

static void ask(void)
{
    char text[200];
    pond_stats s;
    pond_stats_read(sockets, &s);
    must(s.live == 0 && s.constructed > 0, "%zu live", (size_t)s.live);
    must(strcmp(pond_name(sockets), "sockets") == 0 && pond_version() != NULL, "its name");
    CAME_BACK("pond_stats_read, pond_name");
    must(pond_debug_help() != NULL && pond_debug_get(text, sizeof text) < sizeof text, "the words");
    (void)pond_debug_unguarded();
    must(pond_audit(sockets) == 0 && pond_audit(NULL) == 0, "an audit found something");
    CAME_BACK("pond_audit");
    (void)pond_report_count();
    CAME_BACK("pond_debug_get");
}

static int row_seen(const pond_profile_row *row, void *ctx)
{
    (void)row;
    return ++*(int *)ctx;
}

static int pond_seen(pond *p, void *ctx)
{
    (void)p;
    return ++*(int *)ctx;
}

static void line_seen(const char *text, void *ctx)
{
    (void)text, (void)ctx;
}

static int text_seen(const char *text, void *ctx)
{
    (void)text;
    return ++*(int *)ctx;
}

static void look_at_history(void)
{
    pond_history h;
    pond_limits l;
    int texts = 0;
    must(pond_history_read(sockets, &h) == 0 && h.count > 0, "errno %d", errno);
    CAME_BACK("pond_history_read");
    pond_limits_read(bounded, &l);
    must(l.max_objects == OBJECTS / 2, "%zu", l.max_objects);
    l.min_idle = 1;
    must(pond_limits_set(bounded, &l) == 0, "errno %d", errno);
    CAME_BACK("pond_limits_set");
    l.min_idle = OBJECTS;
    must(pond_limits_set(bounded, &l) == -1 && pond_why()[0] != '\0', "errno %d", errno);
    CAME_BACK("pond_limits_set, refused");
    must(pond_profile_fine(sockets, 1, 1) == 0 && pond_profile_seconds() > 0, "errno %d", errno);
    CAME_BACK("pond_profile_fine");
    must(pond_trace_each(text_seen, &texts) == 1 && texts == 1, "no line");
    CAME_BACK("pond_trace_each");
}

static void look_inside(void)
{
    int rows = 0, ponds = 0;
    pond_on_trace(line_seen, NULL);
    must(pond_profile_set("rate=1,fine=1,grow=1,trace") == 0, "errno %d", errno);
    CAME_BACK("pond_profile_set");
    get_and_put_one_by_one(sockets);
    get_and_put_many(buffers);
    tick();
    must(pond_profile_each(row_seen, &rows) == 1 && rows == 1, "no row");
    CAME_BACK("pond_profile_each");
    must(pond_each(pond_seen, &ponds) == 1 && ponds == 1, "no pond");
    CAME_BACK("pond_each");
    must(pond_find("bounded") == bounded && pond_dump(STDERR_FILENO) == 0, "errno %d", errno);
    CAME_BACK("pond_dump, pond_find");
    must(pond_of(bounded) == NULL && errno == ENOENT, "errno %d", errno);
    CAME_BACK("pond_of");
    look_at_history();
    must(pond_profile_rate() == 1 && pond_profile_lost() == 0, "the rate");
    pond_profile_reset();
    CAME_BACK("pond_profile_reset");
    must(pond_profile_set("nonsense") == -1 && errno == EINVAL, "errno %d", errno);
    CAME_BACK("pond_profile_set, refused");
    must(pond_profile_set("off") == 0, "errno %d", errno);
    pond_on_trace(NULL, NULL);
    CAME_BACK("pond_on_trace");
}

static void end_ponds(void)
{
    must(pond_destroy(sockets) == 0, "errno %d", errno);
    must(pond_destroy(buffers) == 0, "errno %d", errno);
    must(pond_destroy(bounded) == 0, "errno %d", errno);
    CAME_BACK("pond_destroy");
}

/* ---- misuse: reports are written ---- */

static void put_one_twice(pond *p)
{
    void *obj = pond_get(p);
    void *volatile again = obj;
    pond_put(p, obj);
    pond_put(p, again);
    findings++;
}

static void put_foreign(void)
{
    char none[64];
    void *volatile pointer = none;
    pond_put(sockets, pointer);
    findings++;
}

/* Wherever a report goes: to stderr, with names, to a handler. */
static size_t heard;

static void hear(const pond_report *report, void *ctx)
{
    (void)report, (void)ctx;
    heard++;
}

static size_t no_symbol(const void *pc, char *text, size_t n)
{
    (void)pc, (void)text, (void)n;
    return 0;
}

static void misuse(void)
{
    put_one_twice(sockets);
    put_one_twice(buffers);
    CAME_BACK("pond_put, reported");
    pond_on_symbol(no_symbol);
    put_foreign();
    pond_on_symbol(NULL);
    CAME_BACK("pond_on_symbol");
    pond_on_report(hear, NULL);
    put_one_twice(bounded);
    must(heard > 0, "the handler was not called");
    pond_on_report(NULL, NULL);
    CAME_BACK("pond_on_report");
    must(pond_debug_set("no such word") == -1 && errno == EINVAL, "errno %d", errno);
    CAME_BACK("pond_debug_set, refused");
}

/* The report is written by the handler of SIGSEGV. */
static void read_after_put(void)
{
    volatile char *volatile obj = (char *)pond_get(sockets);
    must(obj != NULL, "errno %d", errno);
    pond_put(sockets, (void *)(uintptr_t)obj);
    (void)obj[0];
    findings++;
    CAME_BACK("an access that traps");
}

static void use_destroyed(void)
{
    pond *volatile gone = sockets;
    void *volatile pointer = &heard;
    pond_put(gone, pointer);
    must(pond_get(gone) == NULL && pond_destroy(gone) == -1, "it is there");
    findings++;
    CAME_BACK("a destroyed pond");
}

/* ---- fork ---- */

/* The child is as cancelled as the thread that made it. */
static void fork_a_child(void)
{
    child = fork();
    must(child >= 0, "fork: errno %d", errno);
    if (child == 0) {
        get_and_put_one_by_one(sockets);
        tick();
        _exit(0);
    }
    CAME_BACK("fork");
}

static void check_child(void)
{
    int status = -1;
    must(waitpid(child, &status, 0) == child, "waitpid: errno %d", errno);
    cr_assert_eq(status, 0, "the child ended with status %#x", (unsigned)status);
}

/* ---- all of it ---- */

static void go_through(void)
{
    get_and_put_one_by_one(sockets);
    get_and_put_one_by_one(buffers);
    get_and_put_many(sockets);
    get_and_put_many(buffers);
    get_and_put_otherwise(sockets);
    get_and_put_otherwise(buffers);
    fill(bounded);
    use_typed();
    tick();
    ask();
    look_inside();
}

static void *make_all_calls(void *unused)
{
    must(pthread_cancel(pthread_self()) == 0, "pthread_cancel");
    make_ponds();
    for (const char *const *set = words; *set != NULL; set++) {
        must(pond_debug_set(*set) == 0, "%s: errno %d", *set, errno);
        CAME_BACK("pond_debug_set");
        go_through();
        if (strstr(*set, "double") != NULL)
            misuse();
        if (strstr(*set, "guard=1,") != NULL && !TEST_SANITIZED)
            read_after_put();
    }
    fork_a_child();
    end_ponds();
    use_destroyed();
    must(pond_debug_set("help,log") == 0, "errno %d", errno);
    CAME_BACK("all");
    pthread_testcancel();
    return unused;
}

static void *others_go_on(void *unused)
{
    use_typed();
    make_ponds();
    go_through();
    end_ponds();
    return unused;
}

/* What a thread that was not told of it does; and what is written is not for the test's log. */
static void run_cancelled(const char *const *sets)
{
    pthread_t thread;
    void *end = NULL;
    words = sets;
    must(freopen("/dev/null", "w", stderr) != NULL, "freopen");
    must(pthread_create(&thread, NULL, make_all_calls, NULL) == 0, "pthread_create");
    (void)pthread_join(thread, &end);
    cr_assert_eq(end, PTHREAD_CANCELED);
    cr_assert_str_eq(last_call, "all", "the thread ended in the call after %s", last_call);
    cr_assert_geq(pond_report_count(), findings);
    cr_assert_eq(test_stats(row_pond()).idle_local, 0, "what the thread cached was not handed on");
    check_child();
    thread_run(others_go_on, NULL);
    (void)others_go_on(NULL);
}

Test(cancelled_calls, without_words)
{
    static const char *const sets[] = {"log", NULL};
    run_cancelled(sets);
}

Test(cancelled_calls, with_words)
{
    static const char *const sets[] = {
        "double,tag,log", "full,double,log", "hold=0,grow,confine,double,log", "guard=1,log", "log", NULL};
    run_cancelled(sets);
}

/* The environment is read by the first call; it has words that are none, and asks for the table. */
Test(cancelled_calls, with_words_of_the_environment)
{
    static const char *const sets[] = {"log", NULL};
    must(setenv("POND_DEBUG", "double,nonsense,help,log", 1) == 0, "setenv");
    run_cancelled(sets);
}
