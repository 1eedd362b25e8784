/* SPDX-License-Identifier: BSD-2-Clause */
// debug
/*
 * A thread ends within a hook, cancelled or by pthread_exit: with any word that watches it is reported, with
 * the pond, the object, the hook and whose get or put it ran for. The object is live for ever, but for one
 * that was about to end; it counts as such, and `leak` says so. Right programs are silent.
 */
#include "test.h"

#include "../misuse/heard.h"
#include "threads.h"

#include <semaphore.h>
#include <setjmp.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <unistd.h>

TestSuite(ended_hook, .timeout = TEST_ALARM);

#define WORDS "double,leak,stacks=16"

static struct heard heard;
static pond *sockets, *other;
static void *the_object; /* whose hook a thread ended in */

/* ---- hooks in which the thread ends, once ---- */

enum way { CANCELLED, EXITS, UNSEEN };

static _Thread_local bool ends; /* this thread ends in the next hook */
static enum way way;
static event in_hook = EVENT_INIT;

static void wait_for_ever(void)
{
    sem_t never;
    sem_init(&never, 0, 0);
    for (;;)
        (void)sem_wait(&never); /* a cancellation point */
}

static void end_in_hook(void *obj)
{
    if (!ends)
        return;
    ends = false;
    the_object = obj;
    if (way == EXITS)
        pthread_exit(NULL);
    if (way == UNSEEN)
        (void)syscall(SYS_exit, 0);
    event_set(&in_hook);
    wait_for_ever();
}

static int construct(void *obj, void *ctx)
{
    (void)ctx;
    end_in_hook(obj);
    return 0;
}

static void *create(void *ctx)
{
    static char objects[64];
    static atomic_int made;
    (void)ctx;
    end_in_hook(NULL);
    return &objects[atomic_fetch_add(&made, 1)];
}

static bool reset(void *obj, void *ctx)
{
    (void)ctx;
    end_in_hook(obj);
    return true;
}

static void destroy(void *obj, pond_drop_reason why, void *ctx)
{
    (void)why, (void)ctx;
    end_in_hook(obj);
}

static size_t footprint(const void *obj, void *ctx)
{
    (void)ctx;
    end_in_hook((void *)(uintptr_t)obj);
    return 0;
}

/* ---- calls that run one ---- */

static void by_get(void *unused)
{
    (void)unused;
    pond_put(sockets, pond_get(sockets));
}

static void by_reserve(void *unused)
{
    (void)unused;
    (void)pond_reserve(sockets, 1);
}

static void by_put(void *obj)
{
    pond_put(sockets, obj);
}

static void by_discard(void *obj)
{
    pond_discard(sockets, obj);
}

static void by_tick(void *obj)
{
    ends = false;
    pond_put(sockets, obj);
    ends = true;
    (void)pond_epoch_advance();
    (void)pond_epoch_advance();
}

struct ending {
    void (*call)(void *obj);
    void *obj;
};

static void *end_in_call(void *arg)
{
    const struct ending *e = (const struct ending *)arg;
    ends = true;
    e->call(e->obj);
    must(false, "the thread goes on");
    return NULL;
}

/* A thread makes the call and ends in its hook. */
static void run_ending(enum way how, void (*call)(void *obj), void *obj)
{
    pthread_t thread;
    struct ending e = {call, obj};
    way = how;
    event_clear(&in_hook);
    must(pthread_create(&thread, NULL, end_in_call, &e) == 0, "pthread_create");
    if (how == CANCELLED) {
        event_wait(&in_hook);
        must(pthread_cancel(thread) == 0, "pthread_cancel");
    }
    must(pthread_join(thread, NULL) == 0, "pthread_join");
}

/* ---- every hook ---- */

typedef struct hook_case {
    void (*call)(void *obj);
    pond_options options;
    const char *sentence, *role; /* of the report */
    bool live;                   /* the object is, afterwards */
} hook_case;

static const hook_case hooks[] = {
    {by_get, {.size = 64, .construct = construct}, "the construct hook that it ran", "get", true},
    {by_reserve, {.size = 64, .construct = construct}, "the construct hook that it ran", "get", true},
    {by_get, {.create = create, .destroy = destroy}, "the create hook that it ran", "get", true},
    {by_put, {.size = 64, .reset = reset}, "the reset hook that it ran", "put", true},
    {by_put, {.size = 64, .footprint = footprint}, "the reset hook that it ran", "put", true},
    {by_put,
     {.create = create, .destroy = destroy, .reset = reset},
     "the reset hook that it ran",
     "put",
     true},
    {by_discard, {.size = 64, .destroy = destroy}, "the destroy hook that it ran", "put", false},
    {by_tick, {.size = 64, .destroy = destroy}, "the destroy hook that it ran", "put", false},
};

typedef struct hook_and_way {
    size_t hook;
    enum way how;
} hook_and_way;

static void others_go_on(void)
{
    for (int i = 0; i < 3; i++) {
        pond_put(other, pond_get(other));
        (void)pond_epoch_advance();
    }
    cr_assert_eq(pond_destroy(other), 0);
}

static void check_report(const hook_case *c)
{
    HEARD(heard, 0, "hook", c->sentence);
    cr_assert_not_null(strstr(heard.what, "the thread ended"), "%s", heard.what);
    cr_assert_str_eq(heard.pond, "sockets");
    cr_assert_eq(heard.object, the_object);
    cr_assert_geq(heard.stack_count, 1);
    cr_assert_str_eq(heard.stacks[0].role, c->role);
    cr_assert_gt(heard.stacks[0].thread, 0);
    cr_assert(c->call == by_reserve || heard.stacks[0].count > 0, "a stack of the %s", c->role);
}

/* By statistics, and by what `leak` finds. */
static void check_object(const hook_case *c)
{
    pond_stats s;
    pond_stats_read(sockets, &s);
    cr_assert_eq(s.constructed, s.live + test_idle(&s) + test_dropped(&s));
    cr_assert_eq(s.hits + s.misses, s.gets);
    bool found = c->live && the_object != NULL;
    cr_assert_eq(s.live, c->live);
    cr_assert_eq(pond_destroy(sockets), c->live ? -1 : 0);
    cr_assert_eq(heard.count, found ? 2 : 1, "%s", heard.text);
    if (!found)
        return;
    cr_assert_str_eq(heard.word, "leak", "%s", heard.text);
    cr_assert_eq(heard.object, the_object);
}

/* A reset that was not done may be done by another: the object is still its user's. */
static void put_once_more(const hook_case *c)
{
    if (c->call != by_put)
        return;
    pond_put(sockets, the_object);
    cr_assert_eq(test_stats(sockets).live, 0);
    cr_assert_eq(pond_destroy(sockets), 0);
    cr_assert_eq(heard.count, 2, "%s", heard.text);
}

ParameterizedTestParameters(ended_hook, is_reported)
{
    static hook_and_way all[2 * sizeof hooks / sizeof *hooks];
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        all[i] = (hook_and_way){i / 2, i % 2 == 0 ? CANCELLED : EXITS};
    return cr_make_param_array(hook_and_way, all, sizeof all / sizeof *all);
}

ParameterizedTest(hook_and_way *h, ended_hook, is_reported)
{
    const hook_case *c = &hooks[h->hook];
    pond_options options = c->options;
    void *obj = NULL;
    options.name = "sockets";
    listen_to(&heard, WORDS);
    sockets = test_pond(options);
    other = test_pond((pond_options){.name = "other", .size = 64});
    if (strcmp(c->role, "put") == 0)
        test_get(sockets, &obj, 1);
    run_ending(h->how, c->call, obj);
    check_report(c);
    others_go_on();
    check_object(c);
    put_once_more(c);
}

/* ---- told once ---- */

static void put_again(void *obj)
{
    pond_put(sockets, obj);
}

static void put_with_handler(void *obj)
{
    pthread_cleanup_push(put_again, obj);
    pond_put(sockets, obj);
    pthread_cleanup_pop(0);
}

/* A handler of the thread's puts the object once more: it sees that the hook was left, and the end does not
 * tell of it again. */
Test(ended_hook, a_handler_puts_the_object)
{
    void *obj;
    listen_to(&heard, WORDS);
    sockets = test_pond((pond_options){.name = "sockets", .size = 64, .reset = reset});
    test_get(sockets, &obj, 1);
    run_ending(CANCELLED, put_with_handler, obj);
    HEARD(heard, 0, "hook", "the reset hook was left");
    cr_assert_str_eq(heard.stacks[1].role, "put");
    cr_assert_eq(test_stats(sockets).live, 0);
    cr_assert_eq(pond_destroy(sockets), 0);
}

/* ---- a thread that nobody hears of: no destructor of a key runs ---- */

#if !TEST_SANITIZED /* they keep account of threads themselves */
Test(ended_hook, told_by_who_has_its_place_next)
{
    enum { THREADS = 300 };
    void *objs[THREADS];
    listen_to(&heard, WORDS);
    sockets = test_pond((pond_options){.name = "sockets", .size = 64, .reset = reset});
    test_get(sockets, objs, THREADS);
    for (size_t i = 0; i < THREADS; i++)
        run_ending(UNSEEN, by_put, objs[i]);
    cr_assert_gt(heard.count, 0, "nothing was heard of %d threads", THREADS);
    cr_assert_str_eq(heard.word, "hook", "%s", heard.text);
    cr_assert_not_null(strstr(heard.what, "the reset hook that it ran"), "%s", heard.what);
    cr_assert_eq(test_stats(sockets).live, THREADS);
}
#endif

/* ---- a pond that ended in between ---- */

static event go_on = EVENT_INIT;
static _Thread_local jmp_buf out;

static void destroy_jumps(void *obj, pond_drop_reason why, void *ctx)
{
    (void)obj, (void)why, (void)ctx;
    longjmp(out, 1);
}

static void *leave_destroy_hook(void *obj)
{
    if (setjmp(out) == 0)
        pond_discard(sockets, obj);
    event_set(&in_hook);
    event_wait(&go_on);
    return NULL;
}

/* Not even its memory is there when the thread ends. */
Test(ended_hook, of_a_pond_that_is_gone)
{
    enum { FORGOTTEN_AFTER = 70 };
    pond *later[FORGOTTEN_AFTER];
    pthread_t thread;
    void *obj;
    listen_to(&heard, WORDS);
    sockets = test_pond((pond_options){.name = "sockets", .size = 64, .destroy = destroy_jumps});
    test_get(sockets, &obj, 1);
    must(pthread_create(&thread, NULL, leave_destroy_hook, obj) == 0, "pthread_create");
    event_wait(&in_hook);
    for (int i = 0; i < FORGOTTEN_AFTER; i++)
        later[i] = test_pond((pond_options){.size = 64});
    cr_assert_eq(pond_destroy(sockets), 0);
    for (int i = 0; i < FORGOTTEN_AFTER; i++)
        cr_assert_eq(pond_destroy(later[i]), 0);
    event_set(&go_on);
    must(pthread_join(thread, NULL) == 0, "pthread_join");
    cr_assert_eq(heard.count, 0, "%s", heard.text);
}

/* ---- right programs ---- */

static void put_and_wait(void *obj)
{
    ends = false;
    pond_discard(sockets, obj);
    event_set(&in_hook);
    wait_for_ever();
}

Test(ended_hook, a_thread_that_is_cancelled_outside_of_hooks)
{
    void *obj;
    listen_to(&heard, "full,chaos=7");
    sockets = test_pond((pond_options){.name = "sockets", .size = 64, .reset = reset, .destroy = destroy});
    test_get(sockets, &obj, 1);
    run_ending(CANCELLED, put_and_wait, obj);
    cr_assert_eq(heard.count, 0, "%s", heard.text);
    cr_assert_eq(pond_destroy(sockets), 0);
}

static bool reset_holds_off(void *obj, void *ctx)
{
    int before;
    (void)obj, (void)ctx;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
    event_set(&in_hook);
    event_wait(&go_on);
    pthread_setcancelstate(before, NULL);
    return true;
}

static void *put_and_end(void *obj)
{
    pond_put(sockets, obj);
    pthread_testcancel();
    return NULL;
}

Test(ended_hook, cancellation_that_is_held_off)
{
    pthread_t thread;
    void *obj, *end;
    listen_to(&heard, WORDS);
    sockets = test_pond((pond_options){.name = "sockets", .size = 64, .reset = reset_holds_off});
    test_get(sockets, &obj, 1);
    must(pthread_create(&thread, NULL, put_and_end, obj) == 0, "pthread_create");
    event_wait(&in_hook);
    must(pthread_cancel(thread) == 0, "pthread_cancel");
    event_set(&go_on);
    must(pthread_join(thread, &end) == 0, "pthread_join");
    cr_assert_eq(end, PTHREAD_CANCELED);
    cr_assert_eq(test_stats(sockets).live, 0);
    cr_assert_eq(pond_destroy(sockets), 0);
    cr_assert_eq(heard.count, 0, "%s", heard.text);
}

#ifndef TEST_TSAN /* has no threads in a child of threads */
/* A forked child does not have the thread that is in the hook: nothing is said there. */
static void use_in_threads(unsigned index, void *unused)
{
    (void)index, (void)unused;
    pond_put(other, pond_get(other));
}

static void in_child(void *unused)
{
    (void)unused;
    crew_run(4, use_in_threads, NULL);
    must(heard.count == 0, "%s", heard.text);
}

Test(ended_hook, a_fork_while_a_hook_runs)
{
    pthread_t thread;
    void *obj;
    listen_to(&heard, WORDS);
    sockets = test_pond((pond_options){.name = "sockets", .size = 64, .reset = reset_holds_off});
    other = test_pond((pond_options){.name = "other", .size = 64});
    test_get(sockets, &obj, 1);
    must(pthread_create(&thread, NULL, put_and_end, obj) == 0, "pthread_create");
    event_wait(&in_hook);
    test_in_child(in_child, NULL);
    event_set(&go_on);
    must(pthread_join(thread, NULL) == 0, "pthread_join");
    cr_assert_eq(pond_destroy(sockets), 0);
    cr_assert_eq(heard.count, 0, "%s", heard.text);
}
#endif
