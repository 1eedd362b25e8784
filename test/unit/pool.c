/* SPDX-License-Identifier: BSD-2-Clause */
// link: -Wl,--wrap=mmap,--wrap=munmap,--wrap=madvise
/* The room pool: which way each call of the front door takes, and what a pond is made of. */
#include "test.h"

#include "../../src/registry.h"
#include "fault.h"
#include "threads.h"

#include <pond/typed.h>
#include <stdlib.h>
#include <string.h>

TestSuite(pool, .timeout = TEST_ALARM);

enum { MANY = 1000 };

static void *objs[MANY];

/* ---- what a pond is made of ---- */

/* Any type of that size can be put there, as with malloc. */
Test(pool, objects_are_aligned_by_their_size)
{
    static const size_t expected[][3] = {
        /* size, alignment, stride */
        {1, 1, 8},
        {2, 2, 8},
        {3, 4, 8},
        {4, 4, 8},
        {5, 8, 8},
        {8, 8, 8},
        {9, 16, 16},
        {12, 16, 16},
        {16, 16, 16},
        {17, 16, 32},
        {24, 16, 32},
        {33, 16, 48},
        {40, 16, 48},
        {100, 16, 112},
        {4097, 16, 4112},
        {1000000, 16, 1000000},
        {1 << 20, 16, 1 << 20},
    };
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        struct pond *p = test_pond((pond_options){.size = expected[i][0]});
        cr_assert_eq(p->options.align, expected[i][1], "size %zu", expected[i][0]);
        cr_assert_eq(p->object_bytes, expected[i][2], "size %zu: %zu", expected[i][0], p->object_bytes);
        for (int n = 0; n < 5; n++) {
            void *obj = pond_get(p);
            cr_assert_eq((uintptr_t)obj % expected[i][1], 0);
            memset(obj, 1, expected[i][0]);
        }
    }
}

Test(pool, objects_are_aligned_as_told)
{
    for (size_t align = 1; align <= POND_MAX_ALIGN; align *= 2)
        for (size_t size = 1; size <= 5000; size = 3 * size + 1) {
            struct pond *p = test_pond((pond_options){.size = size, .align = align});
            cr_assert(p->object_bytes >= size && p->object_bytes % align == 0);
            cr_assert_leq(p->object_bytes, size + MAX(align, 8) - 1, "no more than the alignment takes");
            cr_assert_eq(p->options.align, align);
            test_get(p, objs, 4);
            for (int n = 0; n < 4; n++)
                cr_assert_eq((uintptr_t)objs[n] % align, 0);
            pond_put_many(p, objs, 4);
            cr_assert_eq(pond_destroy(p), 0);
        }
}

Test(pool, a_name_is_cut_where_it_does_not_fit)
{
    char name[100];
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    struct pond *p = test_pond((pond_options){.size = 8, .name = name});
    cr_assert_eq(strlen(pond_name(p)), sizeof p->name - 1);
    cr_assert_eq(p->options.name, p->name, "its own copy");
}

static bool no_reset(void *obj, void *ctx)
{
    (void)ctx;
    return obj != NULL;
}

static size_t no_footprint(const void *obj, void *ctx)
{
    (void)ctx;
    return obj == NULL;
}

static void *create(void *ctx)
{
    (void)ctx;
    return malloc(8);
}

static void destroy(void *obj, pond_drop_reason why, void *ctx)
{
    (void)why, (void)ctx;
    free(obj);
}

/* Bytes are counted one by one where magazines are too coarse for it, or do not know them. */
Test(pool, bounds_choose_the_way_of_a_put)
{
    static const struct {
        pond_options options;
        bool exact, work;
        size_t max_idle_objects;
    } ways[] = {
        {{.size = 64}, false, false, 0},
        {{.size = 64, .max_idle_bytes = 255 * 64}, true, false, 0},
        {{.size = 64, .max_idle_bytes = 256 * 64 - 1}, true, false, 0},
        {{.size = 64, .max_idle_bytes = 256 * 64}, false, false, 256},
        {{.size = 64, .max_idle_bytes = SIZE_MAX}, false, false, SIZE_MAX / 64},
        {{.size = 64, .max_idle_bytes = 1}, true, false, 0},
        {{.size = 64, .max_idle_bytes = 1 << 30, .footprint = no_footprint}, true, true, 0},
        {{.create = create, .destroy = destroy, .max_idle_bytes = 1 << 30}, true, false, 0},
        {{.size = 64, .footprint = no_footprint}, false, true, 0},
        {{.size = 64, .reset = no_reset}, false, true, 0},
        {{.size = 64, .flags = POND_ZERO_ON_PUT}, false, true, 0},
        {{.create = create, .destroy = destroy}, false, false, 0},
    };
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        struct pond *p = test_pond(ways[i].options);
        cr_assert_eq(p->counts_idle_exactly, ways[i].exact, "way %zu", i);
        cr_assert_eq(p->put_is_slow, ways[i].work, "way %zu", i);
        cr_assert_eq(p->max_idle_objects, ways[i].max_idle_objects, "way %zu", i);
    }
}

/* ---- the ways of a get and a put ---- */

/* Hits go by the cache, and past it where idle bytes are counted exactly. */
static void expect_ways(pond_options options, bool cached)
{
    struct pond *p = test_pond(options);
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < 100; i++)
            cr_assert_not_null(objs[i] = pond_get(p));
        for (size_t i = 0; i < 100; i++)
            pond_put(p, objs[i]);
        pond_stats s = test_stats(p);
        cr_assert(s.constructed == 100 && s.gets == 100 * ((uint64_t)round + 1) && s.live == 0);
        cr_assert(cached ? s.idle_local > 0 : s.idle_local == 0);
        cr_assert_eq(p->lines > 0, cached);
    }
    cr_assert_eq(pond_destroy(p), 0);
}

Test(pool, exact_ponds_go_by_the_lock_and_others_by_the_cache)
{
    expect_ways((pond_options){.size = 64}, true);
    expect_ways((pond_options){.size = 64, .reset = no_reset}, true);
    expect_ways((pond_options){.create = create, .destroy = destroy}, true);
    expect_ways((pond_options){.size = 64, .max_idle_bytes = 100 * 64}, false);
    expect_ways((pond_options){.create = create, .destroy = destroy, .max_idle_bytes = 1}, false);
}

static size_t resets;

static bool count_reset(void *obj, void *ctx)
{
    (void)ctx;
    resets++;
    return obj != NULL;
}

/* All sizes of a burst, by all ways: each object once, a NULL not at all. */
static void expect_many(pond_options options, size_t n)
{
    struct pond *p = test_pond(options);
    resets = 0;
    for (int round = 1; round <= 3; round++) {
        size_t holes = 0;
        memset(objs, 0, sizeof objs);
        cr_assert_eq(pond_get_many(p, objs, n), n);
        for (size_t i = 0; i < n; i++) {
            cr_assert_eq(*(size_t *)objs[i], 0, "it is in two hands");
            *(size_t *)objs[i] = i + 1;
        }
        for (size_t i = 0; i < n; i++)
            *(size_t *)objs[i] = 0;
        for (size_t i = 0; i + 7 < n; i += 7, holes++) {
            pond_put(p, objs[i]);
            objs[i] = NULL;
        }
        pond_put_many(p, objs, n);
        pond_stats s = test_stats(p);
        cr_assert(s.constructed == n && s.live == 0 && test_idle(&s) == n);
        cr_assert(s.gets == n * (uint64_t)round && s.puts == s.gets);
        cr_assert_eq(resets, options.reset != NULL ? s.puts : 0);
    }
    cr_assert_eq(pond_destroy(p), 0);
}

ParameterizedTestParameters(pool, many_at_once_as_one_by_one)
{
    static size_t sizes[] = {0, 1, 2, 3, 8, 124, 125, 126, 250, 251, MANY};
    return cr_make_param_array(size_t, sizes, sizeof sizes / sizeof *sizes);
}

ParameterizedTest(size_t *n, pool, many_at_once_as_one_by_one)
{
    expect_many((pond_options){.size = 64}, *n);
    expect_many((pond_options){.size = 64, .cache_objects = 1}, *n);
    expect_many((pond_options){.size = 64, .cache_objects = 7}, *n);
    expect_many((pond_options){.size = 64, .reset = count_reset}, *n);
    expect_many((pond_options){.size = 16384, .max_idle_bytes = 200 * 16384, .max_objects = 200},
                MIN(*n, 200));
}

static int failing_construct(void *obj, void *ctx)
{
    (void)obj;
    return ++*(size_t *)ctx > 30 ? EPROTO : 0;
}

Test(pool, as_many_as_there_are)
{
    size_t constructs = 0;
    struct pond *p = test_pond((pond_options){.size = 64, .max_objects = 70});
    errno = 0;
    cr_assert_eq(pond_get_many(p, objs, 100), 70);
    cr_assert_eq(errno, EAGAIN);
    pond_put_many(p, objs, 20);
    cr_assert_eq(pond_get_many(p, objs, 100), 20, "what is idle comes first");
    p = test_pond((pond_options){.size = 64, .construct = failing_construct, .ctx = &constructs});
    cr_assert_eq(pond_get_many(p, objs, 100), 30);
    cr_assert_eq(errno, EPROTO);
    cr_assert_eq(test_stats(p).live, 30);
}

/* As with free: whoever handles an error may put on the way. */
Test(pool, a_put_leaves_errno_alone)
{
    struct pond *ponds[] = {
        test_pond((pond_options){.size = 64, .cache_objects = 2}),
        test_pond((pond_options){.size = 64, .reset = no_reset}),
        test_pond((pond_options){.size = 64, .max_idle_bytes = 640}),
    };
    for (size_t i = 0; i < sizeof ponds / sizeof *ponds; i++) {
        test_get(ponds[i], objs, 20);
        fault_arm(FAULT_MMAP, 0, true);
        for (size_t n = 0; n < 20; n++) {
            errno = 4711;
            pond_put(ponds[i], objs[n]);
            cr_assert_eq(errno, 4711, "pond %zu, put %zu", i, n);
        }
        fault_disarm(FAULT_MMAP);
    }
}

/* No magazine to be had: the objects are dropped, not lost. */
Test(pool, a_put_without_memory_drops)
{
    struct pond *p = test_pond((pond_options){.size = 64});
    test_get(p, objs, 50);
    fault_arm(FAULT_MMAP, 0, true);
    pond_put_many(p, objs, 50);
    fault_disarm(FAULT_MMAP);
    pond_stats s = test_stats(p);
    cr_assert(s.dropped[POND_DROP_LIMIT] == 50 && s.puts == 50 && s.live == 0);
    test_get(p, objs, 1);
    pond_put(p, objs[0]);
    s = test_stats(p);
    cr_assert_eq(test_idle(&s), 1);
}

Test(pool, reserve_stops_at_a_limit)
{
    struct pond *p = test_pond((pond_options){.size = 64, .max_objects = 10});
    errno = 0;
    cr_assert_eq(pond_reserve(p, 20), 10);
    cr_assert_eq(errno, EAGAIN);
    p = test_pond((pond_options){.size = 64, .max_idle_bytes = 640});
    errno = 0;
    cr_assert_eq(pond_reserve(p, 20), 10);
    cr_assert_eq(errno, EAGAIN);
    pond_stats s = test_stats(p);
    cr_assert(test_idle(&s) == 10 && s.live == 0);
    p = test_pond((pond_options){.size = 64});
    fault_arm(FAULT_MMAP, 0, true);
    errno = 0;
    cr_assert_eq(pond_reserve(p, 20), 0);
    cr_assert_eq(errno, ENOMEM);
    fault_disarm(FAULT_MMAP);
    cr_assert_eq(pond_reserve(p, 20), 20);
}

/* A cache reaches whole magazines only: what lies in one that is being filled is found all the same. */
Test(pool, what_was_reserved_is_got)
{
    struct pond *p = test_pond((pond_options){.size = 64});
    cr_assert_eq(pond_reserve(p, 20), 20);
    cr_assert(p->shared != NULL && p->shared->count == 20);
    test_get(p, objs, 20);
    pond_stats s = test_stats(p);
    cr_assert(s.hits == 20 && s.constructed == 20 && test_idle(&s) == 0);
}

/* ---- magazines ---- */

static void get_and_put_many(unsigned index, void *pond)
{
    void *mine[700];
    for (unsigned i = 0; i < TEST_TIMES(2000); i++)
        if (index == 0) {
            pond_rotate(pond);
        } else {
            size_t n = pond_get_many(pond, mine, (i * 37 + index) % 700);
            for (size_t k = 0; k < n; k++)
                pond_put(pond, mine[k]);
        }
}

/* Each magazine made is in use or was ended, also one that was not needed after all, or of an old size. */
Test(pool, no_magazine_is_lost)
{
    struct pond *p = test_pond((pond_options){.size = 64, .max_idle_bytes = 64 * 64000});
    for (int round = 0; p->magazine_room < p->room_most; round++) {
        cr_assert_lt(round, 100, "more traffic, larger magazines");
        test_get(p, objs, MANY);
        pond_put_many(p, objs, MANY);
    }
    test_get(p, objs, MANY);
    pond_put_many(p, objs, MANY);
    cr_assert_gt(p->charged, 0);
    (void)pond_trim(p);
    cr_assert_eq(p->charged, 0, "room for %zu is gone", (size_t)p->charged);
}

Test(pool, no_magazine_is_lost_between_threads)
{
    static const size_t caches[] = {0, 2};
    for (size_t i = 0; i < 2; i++) {
        struct pond *p =
            test_pond((pond_options){.size = 64, .max_idle_bytes = 64 * 64000, .cache_objects = caches[i]});
        crew_run(4, get_and_put_many, p);
        (void)pond_trim(p);
        cr_assert_eq(p->charged, 0, "room for %zu is gone", (size_t)p->charged);
    }
}

/* ---- a pond that is made once ---- */

static const pond_type fallback = {.name = "fallback", .size = 48, .align = 16};
static const pond_type other = {.name = "other", .size = 32, .align = 8};
static pond *made;

static size_t listed(void)
{
    size_t n = 0;
    for (struct pond *p = registry_next(NULL, BY_TURN); p != NULL; p = registry_next(p, BY_TURN))
        n++;
    return n;
}

static pond *made_once(pond_options options)
{
    made = NULL;
    pond *p = pond_create_once(&made, &options, &fallback);
    cr_assert_eq(p, made);
    return p;
}

Test(pool, made_once_of_the_options_and_the_fallback)
{
    struct pond *p = made_once((pond_options){.max_objects = 3});
    cr_assert(p->object_bytes == 48 && p->options.max_objects == 3 && p->options.type == &fallback);
    cr_assert_str_eq(pond_name(p), "fallback");
    p = made_once((pond_options){.name = "mine", .type = &other});
    cr_assert_eq(p->object_bytes, 32);
    cr_assert_str_eq(pond_name(p), "mine");
    p = made_once((pond_options){.create = create, .destroy = destroy});
    cr_assert(p->object_bytes == 0 && p->options.type == NULL);
    cr_assert_str_eq(pond_name(p), "fallback");
    errno = 0;
    cr_assert_null(made_once((pond_options){.flags = 1u << 31}));
    cr_assert_eq(errno, EINVAL);
}

Test(pool, made_once_is_made_no_second_time)
{
    pond *p = made_once((pond_options){.name = "first"});
    cr_assert_eq(pond_create_once(&made, &(pond_options){.name = "second"}, &fallback), p);
    cr_assert_eq(listed(), 1);
    fault_arm(FAULT_MMAP, 0, true);
    cr_assert_eq(pond_create_once(&made, &(pond_options){.name = "third"}, &fallback), p);
    fault_disarm(FAULT_MMAP);
}

static void make_once(unsigned index, void *got)
{
    ((pond **)got)[index] = pond_create_once(&made, &(pond_options){.cache_objects = index + 1}, &fallback);
}

Test(pool, one_of_several_threads_makes_it)
{
    enum { THREADS = 4 };
    for (int round = 0; round < TEST_TIMES(400); round++) {
        pond *got[THREADS];
        made = NULL;
        crew_run(THREADS, make_once, got);
        for (int i = 0; i < THREADS; i++)
            cr_assert(made != NULL && got[i] == made);
        cr_assert_eq(listed(), 1, "the others' are gone");
        cr_assert_eq(pond_destroy(made), 0);
    }
}
