/* SPDX-License-Identifier: BSD-2-Clause */
// link: -Wno-unknown-warning-option -Wno-use-after-free
/* bypass: each get makes an object and each put drops it, with the hooks that belong to it and no others. */
#include "test.h"

#include "../misuse/heard.h"
#include "threads.h"

#include <pond/debug.h>
#include <stdatomic.h>
#include <stdlib.h>

TestSuite(bypass, .timeout = TEST_ALARM);

enum { MANY = 20 };

static struct heard heard;

/* ---- a pond that notes what is called ---- */

static atomic_uint made, cleaned, ended, reasons[POND_DROP_REASONS];
static char calls[200];

struct thing {
    int number; /* given by construct, kept by reset */
    char used[60];
};

static void note(char c)
{
    static atomic_uint noted;
    unsigned n = atomic_fetch_add(&noted, 1);
    if (n + 1 < sizeof calls)
        calls[n] = c;
}

static int construct(void *obj, void *ctx)
{
    static const struct thing zero;
    (void)ctx;
    must(memcmp(obj, &zero, sizeof zero) == 0, "new memory is not zero");
    note('c');
    ((struct thing *)obj)->number = (int)atomic_fetch_add(&made, 1) + 1;
    return 0;
}

static bool reset(void *obj, void *ctx)
{
    struct thing *t = obj;
    (void)ctx;
    note('r');
    atomic_fetch_add(&cleaned, 1);
    bool keep = t->used[0] != 'x';
    memset(t->used, 0, sizeof t->used);
    return keep;
}

static void destroy(void *obj, pond_drop_reason why, void *ctx)
{
    (void)ctx;
    note('d');
    must(((struct thing *)obj)->number > 0 && ((struct thing *)obj)->used[1] == 0, "it was not reset");
    atomic_fetch_add(&ended, 1);
    atomic_fetch_add(&reasons[why], 1);
}

static pond *things(const char *words, size_t max_objects)
{
    listen_to(&heard, words);
    return test_pond((pond_options){.name = "things",
                                    .size = sizeof(struct thing),
                                    .construct = construct,
                                    .reset = reset,
                                    .destroy = destroy,
                                    .max_objects = max_objects});
}

static struct thing *get(pond *p)
{
    struct thing *t = pond_get(p);
    must(t != NULL, "errno %d", errno);
    return t;
}

static void finish(pond *p)
{
    cr_assert_eq(test_stats(p).live, 0);
    cr_assert_eq(pond_destroy(p), 0);
    cr_assert_eq(atomic_load(&made), atomic_load(&ended));
    cr_assert_eq(heard.count, 0, "%s", heard.text);
}

/* ---- gets and puts ---- */

Test(bypass, each_get_makes_and_each_put_drops)
{
    pond *p = things("bypass", 0);
    for (int i = 1; i <= 3; i++) {
        struct thing *t = get(p);
        cr_assert_eq(t->number, i);
        memset(t->used, 'u', sizeof t->used);
        pond_put(p, t);
        pond_stats s = test_stats(p);
        cr_assert(test_idle(&s) == 0 && s.misses == (uint64_t)i && s.hits == 0, "%d", i);
    }
    cr_assert_str_eq(calls, "crdcrdcrd");
    cr_assert_eq(atomic_load(&reasons[POND_DROP_DEBUG]), 3);
    finish(p);
}

Test(bypass, objects_in_hand_are_different_ones)
{
    pond *p = things("bypass", 0);
    void *objs[MANY];
    cr_assert_eq(pond_get_many(p, objs, MANY), MANY);
    for (int i = 0; i < MANY; i++)
        for (int k = 0; k < i; k++)
            cr_assert_neq(objs[i], objs[k]);
    cr_assert_eq(test_stats(p).live, MANY);
    pond_put_many(p, objs, MANY);
    cr_assert_eq(atomic_load(&ended), MANY);
    finish(p);
}

Test(bypass, what_reset_rejects_is_rejected_and_a_discard_discarded)
{
    pond *p = things("bypass", 0);
    struct thing *t = get(p);
    t->used[0] = 'x';
    pond_put(p, t);
    pond_discard(p, get(p));
    cr_assert_str_eq(calls, "crdcd");
    cr_assert_eq(atomic_load(&reasons[POND_DROP_REJECTED]), 1);
    cr_assert_eq(atomic_load(&reasons[POND_DROP_DISCARDED]), 1);
    cr_assert_eq(atomic_load(&reasons[POND_DROP_DEBUG]), 0);
    finish(p);
}

static int creations;

static void *create(void *ctx)
{
    (void)ctx;
    creations++;
    return malloc(32);
}

static void end_created(void *obj, pond_drop_reason why, void *ctx)
{
    (void)why, (void)ctx;
    creations--;
    free(obj);
}

Test(bypass, what_create_makes_is_made_each_time)
{
    listen_to(&heard, "bypass");
    pond *p = test_pond((pond_options){.name = "created", .create = create, .destroy = end_created});
    for (int i = 0; i < 3; i++) {
        void *obj = pond_get(p);
        cr_assert_eq(creations, 1);
        pond_put(p, obj);
        cr_assert_eq(creations, 0);
    }
    cr_assert_eq(pond_destroy(p), 0);
}

/* ---- what was idle before ---- */

Test(bypass, what_is_idle_is_no_longer_got_and_ages)
{
    pond *p = things("", 0);
    cr_assert_eq(pond_reserve(p, 4), 4);
    pond_put(p, get(p));
    cr_assert_eq(pond_debug_set("bypass"), 0);
    struct thing *t = get(p);
    cr_assert_eq(t->number, 5);
    pond_put(p, t);
    pond_stats s = test_stats(p);
    cr_assert_eq(test_idle(&s), 4);
    pond_rotate(p);
    pond_rotate(p);
    s = test_stats(p);
    cr_assert_eq(test_idle(&s), 0);
    cr_assert_eq(atomic_load(&reasons[POND_DROP_EPOCH]), 4);
    finish(p);
}

/* A pond at max_objects refuses no get while any object is idle, in whose cache it may be. */
static void fill_cache(void *p)
{
    void *objs[4];
    test_get(p, objs, 4);
    pond_put_many(p, objs, 4);
}

Test(bypass, at_max_objects_what_is_idle_goes)
{
    pond *p = things("", 6);
    void *objs[6];
    worker *other = worker_start();
    worker_do(other, fill_cache, p);
    pond_put(p, get(p));
    cr_assert_eq(pond_debug_set("bypass"), 0);
    test_get(p, objs, 6);
    errno = 0;
    cr_assert_null(pond_get(p));
    cr_assert_eq(errno, EAGAIN);
    pond_stats s = test_stats(p);
    cr_assert(s.live == 6 && s.failed[POND_FAIL_LIMIT] == 1 && s.high_water == 6, "%zu live", (size_t)s.live);
    pond_put(p, objs[0]);
    objs[0] = get(p);
    pond_put_many(p, objs, 6);
    worker_end(other);
    finish(p);
}

/* ---- other gets ---- */

Test(bypass, an_idle_object_is_not_to_be_had)
{
    pond *p = things("", 0);
    pond_put(p, get(p));
    cr_assert_eq(pond_debug_set("bypass"), 0);
    errno = 0;
    cr_assert_null(pond_get_idle(p));
    cr_assert_eq(errno, ENOENT);
    pond_put(p, get(p));
    errno = 0;
    cr_assert_null(pond_get_idle(p));
    cr_assert_eq(errno, ENOENT);
    finish(p);
}

static struct thing *waited;

static void get_and_wait(void *p)
{
    waited = pond_get_wait(p, -1);
    must(waited != NULL, "errno %d", errno);
}

/* A put that drops makes room for the one who waits. */
Test(bypass, who_waits_gets_a_new_one)
{
    pond *p = things("", 2);
    pond_put(p, get(p));
    cr_assert_eq(pond_debug_set("bypass"), 0);
    struct thing *a = pond_get_wait(p, -1), *b = get(p);
    cr_assert(a->number == 2 && b->number == 3, "the idle one went");
    errno = 0;
    cr_assert_null(pond_get_wait(p, 0));
    cr_assert_eq(errno, ETIMEDOUT);
    worker *other = worker_start();
    worker_begin(other, get_and_wait, p);
    pond_stats s = {.waited = 0};
    while (s.waited == 0)
        pond_stats_read(p, &s);
    pond_put(p, a);
    worker_wait(other);
    cr_assert_eq(waited->number, 4);
    pond_put(p, waited);
    pond_put(p, b);
    worker_end(other);
    finish(p);
}

/* ---- beside other words, on and off ---- */

Test(bypass, a_second_put_is_reported)
{
    pond *p = things("bypass", 0);
    struct thing *t = get(p);
    pond_put(p, t);
    pond_put(p, t);
    HEARD(heard, 0, "double", "double put: the object was dropped after its put");
    heard.count = 0;
    finish(p);
}

Test(bypass, beside_every_other_word)
{
    pond *p = things("full,bypass,chaos=3,fail=100,hold=1000,audit", 0);
    size_t failed = 0;
    for (int i = 0; i < 2000; i++) {
        struct thing *t = pond_get(p);
        failed += t == NULL;
        if (t != NULL)
            t->used[5] = 1;
        pond_put(p, t);
        if (i % 100 == 0)
            pond_rotate(p);
    }
    cr_assert(failed > 100 && failed < 300, "%zu", failed);
    pond_stats s = test_stats(p);
    cr_assert(s.hits == 0 && test_idle(&s) == 0 && s.dropped[POND_DROP_DEBUG] == s.gets);
    finish(p);
}

Test(bypass, off_and_on_while_objects_are_out)
{
    pond *p = things("bypass", 0);
    void *a = get(p);
    cr_assert_eq(pond_debug_set(""), 0);
    pond_put(p, a);
    a = get(p);
    cr_assert_eq(test_stats(p).hits, 1, "it is a pool again");
    cr_assert_eq(pond_debug_set("bypass@thing?"), 0);
    pond_put(p, a);
    pond_stats s = test_stats(p);
    cr_assert_eq(test_idle(&s), 0);
    finish(p);
}
