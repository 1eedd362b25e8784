/* SPDX-License-Identifier: BSD-2-Clause */
// variants: release fence lock clang debug
/*
 * Promise 5, hooks that yield: a hook may block, so its coroutine may yield in it, while other coroutines of
 * the thread use the same ponds; and it may go on on another thread, the first one having ended. Nothing
 * hangs, nothing is lost, and the checks say nothing of a program that is right.
 */
#include "coroutine.h"
#include "threads.h"

#include <pond/debug.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

TestSuite(promise5_coroutines, .timeout = TEST_ALARM);

/* ---- reports ---- */

static unsigned reports;
static char last_report[256];

static void count_report(const pond_report *r, void *ctx)
{
    (void)ctx;
    reports++;
    snprintf(last_report, sizeof last_report, "%s: %s", r->word, r->what);
}

static void listen_with(const char *words)
{
    reports = 0;
    pond_on_report(count_report, NULL);
    cr_assert_eq(pond_debug_set(words), 0);
}

/* ---- hooks, one of which yields once ---- */

typedef enum hook { CONSTRUCT, CREATE, RESET, FOOTPRINT, DESTROY } hook;

static struct {
    bool armed;
    hook which;
    coroutine c;
} yielder;

static void yield_in(hook which)
{
    if (!yielder.armed || yielder.which != which)
        return;
    yielder.armed = false;
    coroutine_yield(&yielder.c);
}

static int construct(void *obj, void *ctx)
{
    (void)obj, (void)ctx;
    yield_in(CONSTRUCT);
    return 0;
}

static void *create(void *ctx)
{
    (void)ctx;
    yield_in(CREATE);
    return calloc(1, 64);
}

static bool reset(void *obj, void *ctx)
{
    (void)obj, (void)ctx;
    yield_in(RESET);
    return true;
}

static size_t footprint(const void *obj, void *ctx)
{
    (void)obj, (void)ctx;
    yield_in(FOOTPRINT);
    return 10;
}

static void destroy(void *obj, pond_drop_reason why, void *ctx)
{
    (void)why;
    yield_in(DESTROY);
    if (ctx != NULL)
        free(obj);
}

static pond *yielding_pond(hook which)
{
    pond_options o = {
        .size = 64, .construct = construct, .reset = reset, .destroy = destroy, .footprint = footprint};
    if (which == CREATE) {
        o.size = 0;
        o.construct = NULL;
        o.create = create;
        o.ctx = &yielder;
    }
    return test_pond(o);
}

/* ---- a hook that yields ---- */

/* Where the coroutine goes on: on its thread; on another, the first one having ended, or living on. */
typedef enum place { STAYS, LEAVES_THE_DEAD, LEAVES_THE_LIVING, PLACES } place;

typedef struct yielding {
    hook hook;
    place place;
    char words[16];
    pond *own, *other;
} yielding;

__attribute__((noinline)) static void set_errno(int value)
{
    __asm__ volatile("" : : : "memory");
    errno = value;
}

__attribute__((noinline)) static int get_errno(void)
{
    __asm__ volatile("" : : : "memory");
    return errno;
}

/* Each hook runs in it once at least. A put keeps errno, whichever thread it ends on. */
static void use_all_hooks(void *arg)
{
    yielding *y = (yielding *)arg;
    void *obj = pond_get(y->own);
    must(obj != NULL, "errno %d", get_errno());
    set_errno(ERANGE);
    pond_put(y->own, obj);
    must(get_errno() == ERANGE, "errno %d", get_errno());
    for (int i = 0; i < 3; i++)
        pond_rotate(y->own);
    for (int i = 0; i < 3; i++)
        pond_epoch_advance();
}

static void use_meanwhile(void *arg)
{
    yielding *y = (yielding *)arg;
    void *a[40], *b[40];
    test_get(y->own, a, 40);
    test_get(y->other, b, 40);
    pond_put_many(y->other, b, 40);
    pond_put_many(y->own, a, 40);
    pond_discard(y->own, pond_get(y->own));
    pond_epoch_advance();
    pond_rotate(y->own);
    pond_trim(y->own);
}

static void start_yielder(void *arg)
{
    yielding *y = (yielding *)arg;
    coroutine_make(&yielder.c, use_all_hooks, y);
    yielder.which = y->hook;
    yielder.armed = true;
    coroutine_resume(&yielder.c);
    must(!yielder.armed && !yielder.c.ended, "the hook has not yielded");
    coroutine second;
    coroutine_make(&second, use_meanwhile, y);
    coroutine_resume(&second);
    coroutine_end(&second);
    use_meanwhile(y);
}

static void *start_on_a_thread(void *arg)
{
    start_yielder(arg);
    return NULL;
}

enum { YIELDINGS = 5 * PLACES * 5 };

static yielding all_yielding[YIELDINGS];

ParameterizedTestParameters(promise5_coroutines, a_hook_yields)
{
    static const char words[5][16] = {"off", "double", "fast", "full", "guard"};
    for (size_t i = 0; i < YIELDINGS; i++) {
        all_yielding[i] = (yielding){.hook = (hook)(i % 5), .place = (place)(i / 5 % PLACES)};
        memcpy(all_yielding[i].words, words[i / 5 / PLACES], 16);
    }
    return cr_make_param_array(yielding, all_yielding, YIELDINGS);
}

ParameterizedTest(yielding *y, promise5_coroutines, a_hook_yields)
{
    listen_with(y->words);
    y->own = yielding_pond(y->hook);
    y->other = test_pond((pond_options){.size = 32});
    worker *w = y->place == LEAVES_THE_LIVING ? worker_start() : NULL;
    if (w != NULL)
        worker_do(w, start_yielder, y);
    else if (y->place == LEAVES_THE_DEAD)
        thread_run(start_on_a_thread, y);
    else
        start_yielder(y);
    use_meanwhile(y);
    coroutine_resume(&yielder.c);
    coroutine_end(&yielder.c);
    use_meanwhile(y);
    if (w != NULL) {
        worker_do(w, use_meanwhile, y);
        worker_end(w);
    }
    cr_assert_eq(reports, 0, "%s", last_report);
    cr_assert_eq(test_stats(y->own).live, 0);
    cr_assert_eq(pond_destroy(y->own), 0);
    cr_assert_eq(pond_destroy(y->other), 0);
}

/* ---- a pond whose tick is in a coroutine that has yielded ---- */

Test(promise5_coroutines, destroy_does_not_wait_for_a_yielded_tick)
{
    listen_with("off");
    yielding y = {.hook = DESTROY};
    y.own = yielding_pond(y.hook);
    y.other = test_pond((pond_options){.size = 32});
    start_yielder(&y);
    cr_assert_eq(pond_destroy(y.own), -1);
    cr_assert_eq(errno, EBUSY);
    coroutine_resume(&yielder.c);
    coroutine_end(&yielder.c);
    cr_assert_eq(pond_destroy(y.own), 0);
    cr_assert_eq(pond_destroy(y.other), 0);
}

/* ---- hooks that are really left ---- */

static jmp_buf before_put;
static bool jumps;

static bool jumping_reset(void *obj, void *ctx)
{
    (void)obj, (void)ctx;
    if (!jumps)
        return true;
    jumps = false;
    longjmp(before_put, 1);
}

static void jump_out_and_go_on(void *arg)
{
    pond *p = (pond *)arg;
    void *obj = pond_get(p);
    for (volatile int i = 0; i < 2; i++) {
        jumps = i == 0;
        if (setjmp(before_put) == 0)
            pond_put(p, obj);
    }
}

/* Others know nothing of it. */
static void use_plainly(void *arg)
{
    pond *p = (pond *)arg;
    pond_put(p, pond_get(p));
}

static void expect_left(void)
{
    cr_assert_eq(reports, 1, "%u reports; the last: %s", reports, last_report);
    cr_assert_not_null(strstr(last_report, "left by longjmp"), "%s", last_report);
}

Test(promise5_coroutines, a_hook_left_in_a_coroutine_is_reported)
{
    listen_with("double");
    pond *p = test_pond((pond_options){.size = 64, .reset = jumping_reset});
    coroutine c;
    coroutine_make(&c, jump_out_and_go_on, p);
    coroutine_resume(&c);
    coroutine_end(&c);
    expect_left();
    cr_assert_eq(pond_destroy(p), 0);
}

Test(promise5_coroutines, a_hook_left_on_a_thread_is_reported_there)
{
    listen_with("double");
    pond *p = test_pond((pond_options){.size = 64, .reset = jumping_reset});
    void *obj = pond_get(p);
    jumps = true;
    if (setjmp(before_put) == 0)
        pond_put(p, obj);
    coroutine c;
    coroutine_make(&c, use_plainly, p);
    coroutine_resume(&c);
    coroutine_end(&c);
    cr_assert_eq(reports, 0, "%s", last_report);
    use_plainly(p);
    expect_left();
    pond_put(p, obj);
    cr_assert_eq(pond_destroy(p), 0);
}

/* ---- a hook that uses its own pond ---- */

static pond *own_pond;

static bool recursive_reset(void *obj, void *ctx)
{
    (void)obj, (void)ctx;
    return pond_get(own_pond) == NULL;
}

Test(promise5_coroutines, a_hook_that_uses_its_own_pond_is_reported)
{
    listen_with("double");
    own_pond = test_pond((pond_options){.size = 64, .reset = recursive_reset});
    coroutine c;
    coroutine_make(&c, use_plainly, own_pond);
    coroutine_resume(&c);
    coroutine_end(&c);
    cr_assert_eq(reports, 1, "%u reports; the last: %s", reports, last_report);
    cr_assert_not_null(strstr(last_report, "calls into its own pond"), "%s", last_report);
    cr_assert_eq(pond_destroy(own_pond), 0);
}
