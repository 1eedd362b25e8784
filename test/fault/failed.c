/* SPDX-License-Identifier: BSD-2-Clause */
// variants: release asan tsan lock debug
// link: -Wl,--wrap=mmap,--wrap=munmap,--wrap=madvise
/*
 * pond_stats.failed: each get that returned NULL is counted, once, for its reason, whichever way it went; and
 * nothing else is. Each test counts for itself what it was refused.
 */
#include "test.h"

#include "fault.h"
#include "threads.h"

#include <pond/debug.h>
#include <pond/profile.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* The ways that a get goes: by itself, past the words, past the samples, past both. */
typedef struct way {
    const char *words, *profile;
} way;

static way ways[] = {
    {"off", "off"}, {"tag", "off"}, {"off", "rate=1"}, {"tag,double", "rate=1"}, {"guard=1", "off"}};

static uint64_t refused[POND_FAIL_REASONS];

static void go_by(const way *w)
{
    must(pond_debug_set(w->words) == 0 && pond_profile_set(w->profile) == 0, "errno %d", errno);
}

static void quiet(const pond_report *r, void *unused)
{
    (void)r, (void)unused;
}

/* A get that has to be refused, with this errno. */
static void refuse(pond *p, pond_fail_reason why, int error)
{
    errno = 0;
    cr_assert_null(pond_get(p));
    cr_assert_eq(errno, error, "errno %d", errno);
    refused[why]++;
}

static void refuse_many(pond *p, size_t wanted, size_t got, pond_fail_reason why)
{
    void *objs[64];
    cr_assert_eq(pond_get_many(p, objs, wanted), got);
    pond_put_many(p, objs, got);
    refused[why]++;
}

static void expect_counted(pond *p)
{
    pond_stats s = test_stats(p);
    for (int why = 0; why < POND_FAIL_REASONS; why++)
        cr_assert_eq(s.failed[why], refused[why], "reason %d: %zu, not %zu", why, (size_t)s.failed[why],
                     (size_t)refused[why]);
}

TestSuite(failed, .timeout = TEST_ALARM);

#define EACH_WAY(name) FIRST_WAYS(name, sizeof ways / sizeof *ways)
#define FIRST_WAYS(name, count)                                                                              \
    ParameterizedTestParameters(failed, name)                                                                \
    {                                                                                                        \
        return cr_make_param_array(way, ways, count);                                                        \
    }                                                                                                        \
    ParameterizedTest(way *w, failed, name)

/* ---- max_objects ---- */

static void meet_the_limit(pond_options options)
{
    void *objs[10];
    options.size = 64;
    options.max_objects = 10;
    pond *p = test_pond(options);
    for (int round = 0; round < 3; round++) {
        test_get(p, objs, 10);
        expect_counted(p);
        for (int i = 0; i < 100; i++)
            refuse(p, POND_FAIL_LIMIT, EAGAIN);
        expect_counted(p);
        pond_put_many(p, objs, 4);
        refuse_many(p, 7, 4, POND_FAIL_LIMIT);
        expect_counted(p);
        pond_put_many(p, objs + 4, 6);
        pond_epoch_advance();
    }
    cr_assert_eq(pond_destroy(p), 0);
    memset(refused, 0, sizeof refused);
}

EACH_WAY(max_objects)
{
    pond_options by_age = {.max_age = 1, .min_idle = 2};
    go_by(w);
    meet_the_limit((pond_options){.flags = 0});
    meet_the_limit((pond_options){.max_idle_bytes = 640}); /* the shared way, always */
    meet_the_limit((pond_options){.cache_objects = 1});
    meet_the_limit(by_age);
}

static pond *shared;
static void *handed[10];

static void put_handed(void *unused)
{
    (void)unused;
    pond_put_many(shared, handed, 10);
}

/* A get looks for objects in other threads' caches before it fails: that look is no failure. */
EACH_WAY(what_others_cache_is_got)
{
    worker *other = worker_start();
    go_by(w);
    shared = test_pond((pond_options){.size = 64, .max_objects = 10});
    for (int round = 0; round < 20; round++) {
        test_get(shared, handed, 10);
        worker_do(other, put_handed, NULL);
    }
    expect_counted(shared);
    worker_end(other);
    cr_assert_eq(pond_destroy(shared), 0);
}

static atomic_size_t nulls;

static void get_in_vain(unsigned index, void *arg)
{
    void *objs[8];
    size_t held = 0, vain = 0;
    (void)index;
    for (int i = 0; i < TEST_TIMES(20000); i++) {
        void *obj = held < 8 && i % 3 != 0 ? pond_get(arg) : NULL;
        vain += held < 8 && i % 3 != 0 && obj == NULL;
        if (obj != NULL)
            objs[held++] = obj;
        else if (held > 0)
            pond_put(arg, objs[--held]);
    }
    pond_put_many(arg, objs, held);
    atomic_fetch_add(&nulls, vain);
}

Test(failed, of_threads_at_once)
{
    void *objs[10];
    pond *p = test_pond((pond_options){.size = 64, .max_objects = 12});
    test_get(p, objs, 10);
    crew_run(4, get_in_vain, p);
    pond_put_many(p, objs, 10);
    cr_assert_gt(atomic_load(&nulls), 0);
    refused[POND_FAIL_LIMIT] = atomic_load(&nulls);
    expect_counted(p);
    cr_assert_eq(pond_destroy(p), 0);
}

/* ---- hooks ---- */

static int answer;

static int construct(void *obj, void *ctx)
{
    (void)obj, (void)ctx;
    return answer;
}

static void *create(void *ctx)
{
    (void)ctx;
    errno = answer;
    return answer == 0 ? malloc(8) : NULL;
}

static void destroy(void *obj, pond_drop_reason why, void *ctx)
{
    (void)why, (void)ctx;
    free(obj);
}

static void meet_the_hook(pond_options options)
{
    pond *p = test_pond(options);
    answer = EIO;
    for (int i = 0; i < 10; i++)
        refuse(p, POND_FAIL_HOOK, EIO);
    refuse_many(p, 5, 0, POND_FAIL_HOOK);
    cr_assert_eq(pond_reserve(p, 5), 0, "no get");
    expect_counted(p);
    answer = 0;
    pond_put(p, pond_get(p));
    answer = EIO;
    void *obj = pond_get(p);
    refused[POND_FAIL_HOOK] += obj == NULL; /* with guard each is made anew */
    expect_counted(p);
    pond_put(p, obj);
    cr_assert_eq(pond_destroy(p), 0);
    memset(refused, 0, sizeof refused);
}

EACH_WAY(construct_and_create)
{
    go_by(w);
    meet_the_hook((pond_options){.size = 64, .construct = construct});
    meet_the_hook((pond_options){.size = 64, .construct = construct, .max_idle_bytes = 64});
    meet_the_hook((pond_options){.create = create, .destroy = destroy});
}

/* ---- memory ---- */

/* The last way has memory of its own. */
FIRST_WAYS(no_memory, 4)
{
    pond *p = test_pond((pond_options){.size = 64});
    pond_on_report(quiet, NULL);
    go_by(w);
    fault_arm(FAULT_MMAP, 0, true);
    for (int i = 0; i < 5; i++)
        refuse(p, POND_FAIL_MEMORY, ENOMEM);
    refuse_many(p, 5, 0, POND_FAIL_MEMORY);
    cr_assert_eq(pond_reserve(p, 5), 0, "no get");
    fault_disarm(FAULT_MMAP);
    pond_put(p, pond_get(p));
    expect_counted(p);
    cr_assert_eq(pond_destroy(p), 0);
}

/* ---- the word fail ---- */

Test(failed, by_the_word)
{
    pond *p = test_pond((pond_options){.size = 64, .max_objects = 1000});
    cr_assert_eq(pond_debug_set("fail=300"), 0);
    for (int i = 0; i < 2000; i++) {
        void *obj = pond_get(p);
        refused[POND_FAIL_DEBUG] += obj == NULL;
        pond_put(p, obj);
    }
    cr_assert_gt(refused[POND_FAIL_DEBUG], 300);
    expect_counted(p);
    cr_assert_eq(pond_debug_set("off"), 0);
    cr_assert_eq(pond_destroy(p), 0);
}

/* ---- calls that are refused are no gets ---- */

static void call_back(void *obj, pond_drop_reason why, void *ctx)
{
    (void)obj, (void)why;
    must(pond_get(*(pond **)ctx) == NULL && errno == EDEADLK, "errno %d", errno);
}

Test(failed, a_call_that_is_refused_is_no_get)
{
    static pond *p;
    p = test_pond((pond_options){.size = 64, .destroy = call_back, .ctx = &p});
    pond_on_report(quiet, NULL);
    cr_assert_eq(pond_debug_set("tag"), 0);
    pond_discard(p, pond_get(p));
    expect_counted(p);
    cr_assert_eq(pond_debug_set("off"), 0);
    cr_assert_eq(pond_destroy(p), 0);
}

/* ---- limits ---- */

Test(failed, limits_are_those_of_the_options)
{
    pond_limits l;
    pond *p = test_pond((pond_options){
        .size = 64, .max_objects = 1000, .max_idle_bytes = 1 << 20, .min_idle = 7, .max_age = 9});
    pond_limits_read(p, &l);
    cr_assert(l.max_objects == 1000 && l.max_idle_bytes == 1 << 20 && l.min_idle == 7 && l.max_age == 9 &&
              l.max_footprint == 0);
    cr_assert_eq(pond_destroy(p), 0);
    pond_on_report(quiet, NULL);
    pond_limits_read(p, &l);
    cr_assert(l.max_objects == 0 && errno == EINVAL, "it was destroyed");
}
