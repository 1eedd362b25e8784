/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Promise 5, what hooks must not do: tick, trim and destroy ponds. Under any word such a call is reported and
 * refused with EDEADLK; without words nothing hangs, and afterwards every pond can be destroyed. Creating a
 * pond is allowed.
 */
#include "test.h"

#include <pond/debug.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TestSuite(promise5_ticking_hooks, .timeout = TEST_ALARM);

typedef enum hook { CONSTRUCT, CREATE, RESET, FOOTPRINT, DESTROY, HOOKS } hook;
typedef enum call {
    ADVANCE,
    ROTATE_OWN,
    ROTATE_OTHER,
    TRIM_OWN,
    TRIM_ALL,
    DESTROY_OWN,
    DESTROY_OTHER,
    CREATE_ANOTHER,
    CALLS
} call;

#define REFUSED 12345 /* errno before the call */

static struct {
    hook hook;
    call call;
    int depth, calls;
    bool words; /* are on */
    pond *own, *other, *another;
} now;

static unsigned others_reports;
static char last_report[256];

static void count_report(const pond_report *r, void *ctx)
{
    (void)ctx;
    if (strcmp(r->word, "hook") == 0 && strstr(r->what, "is called in a hook") != NULL)
        return;
    others_reports++;
    snprintf(last_report, sizeof last_report, "%s: %s", r->word, r->what);
}

/* Once for each pond: what is made in a hook may be used there, and destroyed later. */
static void create_another(void)
{
    pond_options o = {.size = 16};
    if (now.another == NULL)
        now.another = pond_create(&o);
    must(now.another != NULL, "errno %d", errno);
    pond_put(now.another, pond_get(now.another));
    if (now.words)
        must(pond_destroy(now.another) == -1, "a pond is destroyed in a hook");
}

static void forget_other(void)
{
    now.other = NULL;
}

static void make_the_call(void)
{
    switch (now.call) {
    case ADVANCE:
        pond_epoch_advance();
        break;
    case ROTATE_OWN:
        pond_rotate(now.own);
        break;
    case ROTATE_OTHER:
        pond_rotate(now.other);
        break;
    case TRIM_OWN:
        pond_trim(now.own);
        break;
    case TRIM_ALL:
        pond_trim(NULL);
        break;
    case DESTROY_OWN:
        must(pond_destroy(now.own) == -1, "a pond is destroyed in its own hook");
        break;
    case DESTROY_OTHER:
        if (now.other != NULL && pond_destroy(now.other) == 0)
            forget_other();
        break;
    default:
        create_another();
    }
}

static void in_hook(hook which)
{
    if (now.hook != which || now.depth > 0)
        return;
    int saved = errno;
    now.depth++;
    now.calls++;
    errno = REFUSED;
    make_the_call();
    must(errno == EDEADLK || !now.words, "not refused: errno %d", errno);
    now.depth--;
    errno = saved;
}

static int construct(void *obj, void *ctx)
{
    (void)obj, (void)ctx;
    in_hook(CONSTRUCT);
    return 0;
}

static void *create(void *ctx)
{
    (void)ctx;
    in_hook(CREATE);
    return malloc(16);
}

static bool reset(void *obj, void *ctx)
{
    (void)obj, (void)ctx;
    in_hook(RESET);
    return true;
}

static size_t footprint(const void *obj, void *ctx)
{
    (void)obj, (void)ctx;
    in_hook(FOOTPRINT);
    return 1;
}

static void destroy(void *obj, pond_drop_reason why, void *ctx)
{
    (void)why;
    in_hook(DESTROY);
    if (ctx != NULL)
        free(obj);
}

static pond *ticking_pond(hook which)
{
    pond_options o = {
        .size = 64, .construct = construct, .reset = reset, .footprint = footprint, .destroy = destroy};
    if (which == CREATE) {
        o.size = 0;
        o.construct = NULL;
        o.create = create;
        o.ctx = &now;
    }
    return test_pond(o);
}

/* Every way on which hooks run. */
static void go_through_hooks(void)
{
    void *objs[20];
    for (int i = 0; i < 3; i++) {
        test_get(now.own, objs, 20);
        pond_discard(now.own, objs[19]);
        pond_put_many(now.own, objs, 19);
        pond_rotate(now.own);
        pond_epoch_advance();
        pond_trim(i == 0 ? now.own : NULL);
        pond_reserve(now.own, 10);
        pond_epoch_advance();
    }
    if (now.other != NULL)
        pond_put(now.other, pond_get(now.other));
}

static void go_through(hook which, call call, const char *words)
{
    others_reports = 0;
    uint64_t before = pond_report_count(); /* what was reported from the same place is not told twice */
    pond_on_report(count_report, NULL);
    cr_assert_eq(pond_debug_set(words), 0);
    now.hook = which;
    now.call = call;
    now.calls = 0;
    now.words = strcmp(words, "off") != 0;
    now.own = ticking_pond(which);
    now.other = test_pond((pond_options){.size = 32});
    now.another = NULL;
    go_through_hooks();
    now.hook = HOOKS; /* none */
    cr_assert(now.calls > 0, "the hook did not run");
    cr_assert_eq(pond_report_count() > before, now.words, "%s, call %d: reports or none", words, (int)call);
    cr_assert_eq(others_reports, 0, "%s", last_report);
    cr_assert_eq(pond_destroy(now.own), 0, "errno %d", errno);
    cr_assert_eq(pond_destroy(now.other), 0, "errno %d", errno);
    cr_assert_eq(pond_destroy(now.another), 0, "errno %d", errno);
}

ParameterizedTestParameters(promise5_ticking_hooks, refused_under_any_word)
{
    static hook all[] = {CONSTRUCT, CREATE, RESET, FOOTPRINT, DESTROY};
    return cr_make_param_array(hook, all, 5);
}

ParameterizedTest(hook *which, promise5_ticking_hooks, refused_under_any_word)
{
    static const char *const words[] = {"double,log", "full,log", "leak", "guard",
                                        "fast",       "hold=100", "grow"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        for (int c = 0; c < CALLS; c++)
            go_through(*which, (call)c, words[i]);
}

ParameterizedTestParameters(promise5_ticking_hooks, harmless_without_words)
{
    static hook all[] = {CONSTRUCT, CREATE, RESET, FOOTPRINT, DESTROY};
    return cr_make_param_array(hook, all, 5);
}

ParameterizedTest(hook *which, promise5_ticking_hooks, harmless_without_words)
{
    for (int c = 0; c < CALLS; c++)
        go_through(*which, (call)c, "off");
}
