/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A thread is cancelled on its way through a call of the library, wherever that may wait: the call goes on to
 * its end, no lock stays behind, and the thread ends at its own next cancellation point.
 */
#include "test.h"

#include "threads.h"

#include <pond/debug.h>
#include <setjmp.h>
#include <stdio.h>

TestSuite(cancelled, .timeout = TEST_ALARM);

static event in_hook = EVENT_INIT, go_on = EVENT_INIT, called = EVENT_INIT;
static pond *blocking, *other;

static void block(void *obj, pond_drop_reason why, void *ctx)
{
    (void)obj, (void)why, (void)ctx;
    event_set(&in_hook);
    event_wait(&go_on);
}

static void tick_twice(void *unused)
{
    (void)unused;
    (void)pond_epoch_advance();
    (void)pond_epoch_advance();
}

/* What everybody else does goes on. */
static void others_go_on(void)
{
    void *obj = pond_get(other);
    must(obj != NULL, "errno %d", errno);
    pond_put(other, obj);
    (void)pond_epoch_advance();
    (void)pond_rotate(other);
    (void)pond_trim(other);
    must(pond_destroy(other) == 0, "errno %d", errno);
}

static void *destroy_cancelled(void *result)
{
    must(pthread_cancel(pthread_self()) == 0, "pthread_cancel");
    event_set(&called);
    *(int *)result = pond_destroy(blocking);
    pthread_testcancel();
    return NULL;
}

Test(cancelled, a_destroy_that_waits_for_a_hook)
{
    int result = 1;
    pthread_t thread;
    void *end = NULL;
    other = pond_create(&(pond_options){.name = "other", .size = 64});
    blocking = pond_create(&(pond_options){.name = "blocking", .size = 64, .destroy = block});
    pond_put(blocking, pond_get(blocking));
    worker *ticker = worker_start();
    worker_begin(ticker, tick_twice, NULL);
    event_wait(&in_hook);
    must(pthread_create(&thread, NULL, destroy_cancelled, &result) == 0, "pthread_create");
    event_wait(&called);
    event_set(&go_on);
    worker_wait(ticker);
    worker_end(ticker);
    (void)pthread_join(thread, &end);
    cr_assert_eq(end, PTHREAD_CANCELED);
    cr_assert_eq(result, 0, "pond_destroy returned %d", result);
    others_go_on();
}

/* ---- a report is written ---- */

static void *put_twice_cancelled(void *obj)
{
    void *volatile again = obj;
    must(pthread_cancel(pthread_self()) == 0, "pthread_cancel");
    pond_put(other, obj);
    pond_put(other, again);
    event_set(&called);
    pthread_testcancel();
    return NULL;
}

/* Reports are written all the same, but not to the test's log. */
static void be_quiet(void)
{
    must(freopen("/dev/null", "w", stderr) != NULL, "freopen");
}

static void cancel_with_words(const char *words)
{
    pthread_t thread;
    void *end = NULL;
    event_clear(&called);
    must(pond_debug_set(words) == 0, "errno %d", errno);
    other = pond_create(&(pond_options){.name = "other", .size = 64});
    must(pthread_create(&thread, NULL, put_twice_cancelled, pond_get(other)) == 0, "pthread_create");
    (void)pthread_join(thread, &end);
    cr_assert_eq(end, PTHREAD_CANCELED);
    cr_assert(called.happened, "the put was left in the middle");
    others_go_on();
}

Test(cancelled, a_put_that_is_reported)
{
    be_quiet();
    cancel_with_words("double,log");
    cancel_with_words("full,log");
    cr_assert_geq(pond_report_count(), 1);
}

static jmp_buf out;

static void leave(const pond_report *report, void *ctx)
{
    (void)report, (void)ctx;
    longjmp(out, 1);
}

Test(cancelled, as_before_when_a_handler_was_left)
{
    int state = PTHREAD_CANCEL_DISABLE;
    must(pond_debug_set("double") == 0, "errno %d", errno);
    pond_on_report(leave, NULL);
    other = pond_create(&(pond_options){.name = "other", .size = 64});
    void *obj = pond_get(other);
    void *volatile again = obj;
    pond_put(other, obj);
    if (setjmp(out) == 0)
        pond_put(other, again);
    must(pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &state) == 0, "pthread_setcancelstate");
    cr_assert_eq(pond_report_count(), 1);
    cr_assert_eq(state, PTHREAD_CANCEL_ENABLE);
}

/* ---- the help is written, under a lock ---- */

static void *ask_for_help(void *unused)
{
    (void)unused;
    must(pthread_cancel(pthread_self()) == 0, "pthread_cancel");
    must(pond_debug_set("help") == 0, "errno %d", errno);
    event_set(&called);
    pthread_testcancel();
    return NULL;
}

Test(cancelled, the_words_that_are_asked_for)
{
    pthread_t thread;
    void *end = NULL;
    be_quiet();
    other = pond_create(&(pond_options){.name = "other", .size = 64});
    must(pthread_create(&thread, NULL, ask_for_help, NULL) == 0, "pthread_create");
    (void)pthread_join(thread, &end);
    cr_assert_eq(end, PTHREAD_CANCELED);
    cr_assert(called.happened, "pond_debug_set was left in the middle");
    others_go_on();
}
