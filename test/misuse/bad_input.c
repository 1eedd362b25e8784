/* SPDX-License-Identifier: BSD-2-Clause */
// link: -Wno-unknown-warning-option -Wno-use-after-free -Wno-free-nonheap-object
// variants: release asan tsan fence lock clang
/* Bad input with no words on: what pond.h says becomes of it. */
#include "test.h"

#include "heard.h"
#include "threads.h"

#include <fcntl.h>
#include <pond/inline.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

TestSuite(bad_input, .timeout = TEST_ALARM);

/* ---- a NULL pond ---- */

Test(bad_input, cold_functions_refuse_a_null_pond)
{
    void *objs[4] = {NULL};
    pond_stats stats;
    memset(&stats, 0xff, sizeof stats);
    errno = 0;
    cr_assert_eq(pond_reserve(NULL, 3), 0);
    cr_assert_eq(errno, EINVAL);
    errno = 0;
    cr_assert_eq(pond_rotate(NULL), 0);
    cr_assert_eq(errno, EINVAL);
    errno = 0;
    cr_assert_eq(pond_limits_set(NULL, &(pond_limits){.min_idle = 1}), -1);
    cr_assert_eq(errno, EINVAL);
    errno = 0;
    cr_assert_eq(pond_get_many(NULL, objs, 4), 0);
    cr_assert_eq(errno, EINVAL);
    errno = 0;
    cr_assert(pond_get_idle(NULL) == NULL && errno == EINVAL);
    errno = 0;
    cr_assert(pond_get_wait(NULL, -1) == NULL && errno == EINVAL);
    errno = 0;
    pond_stats_read(NULL, &stats);
    cr_assert_eq(errno, EINVAL);
    for (size_t i = 0; i < sizeof stats; i++)
        cr_assert_eq(((const char *)&stats)[i], 0);
    cr_assert_str_eq(pond_name(NULL), "");
}

Test(bad_input, nothing_to_destroy_or_put)
{
    pond *p = test_pond((pond_options){.size = 8});
    cr_assert_eq(pond_destroy(NULL), 0);
    pond_put(p, NULL);
    pond_discard(p, NULL);
    pond_put_inline(p, NULL);
    pond_put_many(p, (void *[]){NULL, NULL}, 2);
    pond_put(NULL, NULL);
    pond_discard(NULL, NULL);
    cr_assert_eq(test_stats(p).puts, 0);
    cr_assert_eq(pond_destroy(p), 0);
}

/* How a child ends that does this: its status. What it says is not heard. */
static int status_of(void (*body)(void))
{
    pid_t child = fork();
    must(child >= 0, "fork: errno %d", errno);
    if (child == 0) {
        int nowhere = open("/dev/null", O_WRONLY);
        dup2(nowhere, STDERR_FILENO);
        body();
        _exit(0);
    }
    int status;
    must(waitpid(child, &status, 0) == child, "waitpid: errno %d", errno);
    return status;
}

static pond *volatile none;

static void get_of_null(void)
{
    void *obj = pond_get(none);
    (void)obj;
}

static void put_of_null(void)
{
    int some;
    pond_put(none, &some);
}

static void inlined_get_of_null(void)
{
    void *obj = pond_get_inline(none);
    (void)obj;
}

static bool faults(void (*body)(void))
{
    int status = status_of(body);
    bool sanitizer = TEST_SANITIZED && WIFEXITED(status) && WEXITSTATUS(status) != 0;
    return sanitizer || (WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
}

Test(bad_input, get_and_put_of_a_null_pond_fault)
{
    cr_assert(faults(get_of_null));
    cr_assert(faults(put_of_null));
    cr_assert(faults(inlined_get_of_null));
}

/* ---- a destroyed pond ---- */

static pond *destroyed(void)
{
    pond *p = test_pond((pond_options){.name = "gone", .size = 64});
    pond_put(p, pond_get(p));
    cr_assert_eq(pond_destroy(p), 0);
    return p;
}

static void use_destroyed(void)
{
    void *obj = pond_get(destroyed());
    (void)obj;
}

Test(bad_input, use_of_a_destroyed_pond_aborts)
{
    int status = status_of(use_destroyed);
    cr_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT, "status %#x", (unsigned)status);
}

static void expect_destroyed(struct heard *h, const char *function)
{
    char sentence[64];
    snprintf(sentence, sizeof sentence, "%s of a destroyed pond", function);
    cr_assert_eq(h->count, 1, "%u reports of %s", h->count, function);
    cr_assert_str_eq(h->word, "destroyed");
    cr_assert_str_eq(h->what, sentence);
    cr_assert_neq(h->advice[0], '\0');
    h->count = 0;
}

/* Each refuses as it refuses a NULL pond. */
Test(bad_input, each_function_of_a_destroyed_pond_is_reported)
{
    struct heard h;
    void *objs[2] = {NULL}, *some = &h;
    pond_stats stats = {.gets = 1};
    pond *p = destroyed();
    listen_to(&h, "");
    errno = 0;
    cr_assert_null(pond_get(p));
    cr_assert_eq(errno, EINVAL);
    expect_destroyed(&h, "pond_get");
    pond_put(p, some);
    expect_destroyed(&h, "pond_put");
    pond_discard(p, some);
    expect_destroyed(&h, "pond_discard");
    cr_assert_null(pond_get_idle(p));
    expect_destroyed(&h, "pond_get_idle");
    cr_assert_null(pond_get_wait(p, -1));
    expect_destroyed(&h, "pond_get_wait");
    cr_assert_null(pond_get_from(p, some));
    expect_destroyed(&h, "pond_get");
    pond_put_from(p, some, some);
    expect_destroyed(&h, "pond_put");
    cr_assert_eq(pond_get_many(p, objs, 2), 0);
    expect_destroyed(&h, "pond_get_many");
    pond_put_many(p, &some, 1);
    expect_destroyed(&h, "pond_put_many");
    cr_assert_eq(pond_reserve(p, 1), 0);
    expect_destroyed(&h, "pond_reserve");
    cr_assert_eq(pond_rotate(p), 0);
    expect_destroyed(&h, "pond_rotate");
    cr_assert_eq(pond_trim(p), 0);
    expect_destroyed(&h, "pond_trim");
    cr_assert_eq(pond_limits_set(p, &(pond_limits){.min_idle = 1}), -1);
    expect_destroyed(&h, "pond_limits_set");
    pond_stats_read(p, &stats);
    cr_assert_eq(stats.gets, 0);
    expect_destroyed(&h, "pond_stats_read");
    cr_assert_str_eq(pond_name(p), "");
    expect_destroyed(&h, "pond_name");
    errno = 0;
    cr_assert_eq(pond_destroy(p), -1);
    cr_assert_eq(errno, EINVAL);
    expect_destroyed(&h, "pond_destroy");
}

static void *get_elsewhere(void *p)
{
    return pond_get_inline((pond *)p);
}

Test(bad_input, a_destroyed_pond_is_known_to_every_thread_and_after_a_fork)
{
    struct heard h;
    pond *p = destroyed();
    listen_to(&h, "");
    thread_run(get_elsewhere, p);
    expect_destroyed(&h, "pond_get");
    pond_on_report(NULL, NULL);
    none = p;
    int status = status_of(get_of_null);
    cr_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT, "status %#x", (unsigned)status);
}

enum { remembered = 64 };

Test(bad_input, the_last_64_destroyed_ponds_are_known)
{
    struct heard h;
    pond *all[remembered];
    for (int i = 0; i < remembered; i++)
        all[i] = test_pond((pond_options){.size = 8});
    for (int i = 0; i < remembered; i++)
        cr_assert_eq(pond_destroy(all[i]), 0);
    listen_to(&h, "");
    for (int i = 0; i < remembered; i++) {
        cr_assert_null(pond_get(all[i]), "pond %d", i);
        expect_destroyed(&h, "pond_get");
    }
}

/* ---- hooks that are left ---- */

static jmp_buf back;
static int constructs, resets, destroys, leave_at;

static int construct(void *obj, void *ctx)
{
    (void)obj, (void)ctx;
    if (++constructs == leave_at)
        longjmp(back, 1);
    return 0;
}

static bool reset(void *obj, void *ctx)
{
    (void)obj, (void)ctx;
    if (++resets == leave_at)
        longjmp(back, 1);
    return true;
}

static void destroy(void *obj, pond_drop_reason why, void *ctx)
{
    (void)obj, (void)why, (void)ctx;
    if (++destroys == leave_at)
        longjmp(back, 1);
}

/* Gets and puts work, and so do ticks, by this thread and by others. */
static void *still_works(void *arg)
{
    pond *p = (pond *)arg;
    void *objs[100];
    test_get(p, objs, 100);
    pond_put_many(p, objs, 100);
    pond_epoch_advance();
    pond_rotate(p);
    pond_trim(p);
    return NULL;
}

static void expect_one_live_for_ever(pond *p)
{
    pond_stats s;
    leave_at = 0;
    still_works(p);
    thread_run(still_works, p);
    pond_stats_read(p, &s);
    cr_assert_eq(s.live, 1, "%d live", (int)s.live);
    errno = 0;
    cr_assert_eq(pond_destroy(p), -1);
    cr_assert_eq(errno, EBUSY);
    still_works(p);
}

Test(bad_input, an_object_whose_reset_is_left_stays_live)
{
    pond *p = test_pond((pond_options){.size = 64, .reset = reset});
    leave_at = 1;
    void *volatile obj = pond_get(p);
    if (setjmp(back) == 0)
        pond_put(p, obj);
    expect_one_live_for_ever(p);
}

Test(bad_input, an_object_whose_construct_is_left_stays_live)
{
    pond *p = test_pond((pond_options){.size = 64, .construct = construct});
    leave_at = 1;
    void *volatile obj = NULL;
    if (setjmp(back) == 0)
        obj = pond_get(p);
    cr_assert_null(obj);
    expect_one_live_for_ever(p);
}

static void many_idle(pond *p)
{
    void *objs[200];
    test_get(p, objs, 200);
    pond_put_many(p, objs, 200);
}

/* The one whose hook was left is gone from the counts; of all others the hook runs once. */
static void expect_all_else_destroyed(pond *p)
{
    leave_at = 0;
    still_works(p);
    thread_run(still_works, p);
    cr_assert_eq(pond_destroy(p), 0);
    cr_assert_eq(destroys, constructs, "%d destroyed of %d", destroys, constructs);
}

Test(bad_input, a_tick_whose_destroy_hook_is_left_goes_on_with_the_next)
{
    pond *p = test_pond((pond_options){.size = 64, .construct = construct, .destroy = destroy});
    many_idle(p);
    leave_at = 0;
    pond_epoch_advance();
    leave_at = 17;
    if (setjmp(back) == 0)
        pond_epoch_advance();
    cr_assert_eq(destroys, 17);
    expect_all_else_destroyed(p);
}

struct ticker {
    pond *p;
    bool left;
};

static void *tick_and_leave(void *arg)
{
    struct ticker *t = (struct ticker *)arg;
    if (setjmp(back) == 0)
        pond_epoch_advance();
    else
        t->left = true;
    return NULL;
}

/*
 * The thread ends with its tick abandoned: what the tick held on to is released, and destroy does not wait.
 */
Test(bad_input, a_thread_that_left_a_tick_may_end)
{
    struct ticker t = {.p =
                           test_pond((pond_options){.size = 64, .construct = construct, .destroy = destroy})};
    many_idle(t.p);
    pond_epoch_advance();
    leave_at = 5;
    thread_run(tick_and_leave, &t);
    cr_assert(t.left);
    expect_all_else_destroyed(t.p);
}

Test(bad_input, a_discard_and_a_trim_may_be_left)
{
    pond *p = test_pond((pond_options){.size = 64, .construct = construct, .destroy = destroy});
    many_idle(p);
    void *volatile obj = pond_get(p);
    leave_at = 1;
    if (setjmp(back) == 0)
        pond_discard(p, obj);
    leave_at = 3;
    if (setjmp(back) == 0)
        pond_trim(p);
    cr_assert_eq(destroys, 3);
    expect_all_else_destroyed(p);
}
