/* SPDX-License-Identifier: BSD-2-Clause */
// debug
/* What pond_create accepts, and what each option does. */
#include "test.h"

#include "witness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TestSuite(options, .timeout = TEST_ALARM);

/* ---- which are valid ---- */

static int construct(void *obj, void *ctx)
{
    (void)obj, (void)ctx;
    return 0;
}

static void *create(void *ctx)
{
    (void)ctx;
    return malloc(1);
}

static void destroy(void *obj, pond_drop_reason why, void *ctx)
{
    (void)why, (void)ctx;
    free(obj);
}

static size_t footprint(const void *obj, void *ctx)
{
    (void)obj, (void)ctx;
    return 0;
}

static const pond_type type = {.name = "sixteen", .size = 16, .align = 8};
static const pond_type odd_type = {.name = "odd", .size = 16, .align = 24};
static const pond_type empty_type = {.name = "empty", .size = 0, .align = 1};
static const pond_type huge_type = {.name = "huge", .size = POND_MAX_SIZE + 1, .align = 1};

static const struct {
    const char *what, *option; /* which one pond_why names first */
    pond_options options;
} invalid[] = {
    {"no size", "size", {.size = 0}},
    {"too large", "size", {.size = POND_MAX_SIZE + 1}},
    {"far too large", "size", {.size = SIZE_MAX}},
    {"alignment not a power of two", "align", {.size = 8, .align = 24}},
    {"alignment too large", "align", {.size = 8, .align = POND_MAX_ALIGN * 2}},
    {"unknown flag", "flags", {.size = 8, .flags = 1u << 30}},
    {"unknown flag among known ones", "flags", {.size = 8, .flags = POND_ZERO_ON_PUT | 1u << 2}},
    {"cache too large", "cache_objects", {.size = 8, .cache_objects = POND_MAX_CACHE_OBJECTS + 1}},
    {"min_idle beyond max_objects", "min_idle", {.size = 8, .max_objects = 10, .min_idle = 11}},
    {"max_footprint without footprint", "max_footprint", {.size = 8, .max_footprint = 10}},
    {"create with a size", "size", {.size = 8, .create = create, .destroy = destroy}},
    {"create with an alignment", "align", {.align = 8, .create = create, .destroy = destroy}},
    {"create without destroy", "destroy", {.create = create}},
    {"create with construct", "construct", {.create = create, .destroy = destroy, .construct = construct}},
    {"create with zero on put", "flags", {.create = create, .destroy = destroy, .flags = POND_ZERO_ON_PUT}},
    {"type of odd alignment", "align", {.type = &odd_type}},
    {"type of no size", "size", {.type = &empty_type}},
    {"type too large", "size", {.type = &huge_type}},
};

Test(options, invalid_ones_are_refused)
{
    for (size_t i = 0; i < sizeof invalid / sizeof *invalid; i++) {
        errno = 0;
        cr_assert_null(pond_create(&invalid[i].options), "%s", invalid[i].what);
        cr_assert_eq(errno, EINVAL, "%s: errno %d", invalid[i].what, errno);
        const size_t length = strlen(invalid[i].option);
        cr_assert(strncmp(pond_why(), invalid[i].option, length) == 0 && pond_why()[length] == ' ', "%s: %s",
                  invalid[i].what, pond_why());
    }
    errno = 0;
    cr_assert_null(pond_create(NULL));
    cr_assert_eq(errno, EINVAL);
    cr_assert_str_eq(pond_why(), "options is NULL.");
}

static const struct {
    const char *what;
    pond_options options;
    size_t object_bytes;
} valid[] = {
    {"a size", {.size = 24}, 32}, /* aligned as malloc would */
    {"a size and an alignment", {.size = 24, .align = 8}, 24},
    {"the smallest", {.size = 1}, 8},
    {"the largest", {.size = POND_MAX_SIZE}, POND_MAX_SIZE},
    {"the largest alignment", {.size = 1, .align = POND_MAX_ALIGN}, POND_MAX_ALIGN},
    {"a type", {.type = &type}, 16},
    {"a type and the same size", {.type = &type, .size = 16}, 16},
    {"all flags", {.size = 64, .flags = POND_ZERO_ON_PUT | POND_THREAD_CONFINED}, 64},
    {"the largest cache", {.size = 64, .cache_objects = POND_MAX_CACHE_OBJECTS}, 64},
    {"min_idle equal to max_objects", {.size = 64, .max_objects = 7, .min_idle = 7}, 64},
    {"the least max_age", {.size = 64, .max_age = 1}, 64},
    {"the most max_age", {.size = 64, .min_idle = 7, .max_age = UINT64_MAX}, 64},
    {"footprint", {.size = 64, .footprint = footprint, .max_footprint = 10}, 64},
    {"create", {.create = create, .destroy = destroy}, 0},
};

Test(options, valid_ones_work)
{
    for (size_t i = 0; i < sizeof valid / sizeof *valid; i++) {
        void *obj;
        pond *p = pond_create(&valid[i].options);
        cr_assert_not_null(p, "%s: errno %d", valid[i].what, errno);
        cr_assert_eq(test_stats(p).object_bytes, valid[i].object_bytes, "%s", valid[i].what);
        test_get(p, &obj, 1);
        pond_put(p, obj);
        cr_assert_eq(pond_destroy(p), 0);
    }
}

/* ---- names and versions ---- */

static void expect_name(pond_options options, const char *name)
{
    pond *p = test_pond(options);
    cr_assert_str_eq(pond_name(p), name);
    cr_assert_eq(pond_destroy(p), 0);
}

Test(options, names)
{
    expect_name((pond_options){.size = 8, .name = "requests"}, "requests");
    expect_name((pond_options){.type = &type}, "sixteen");
    expect_name((pond_options){.type = &type, .name = "mine"}, "mine");
    expect_name((pond_options){.size = 8}, "pond");
    char name[] = "copied";
    pond *p = test_pond((pond_options){.size = 8, .name = name});
    memset(name, 'x', sizeof name - 1);
    cr_assert_str_eq(pond_name(p), "copied");
    cr_assert_eq(pond_destroy(p), 0);
}

Test(options, versions)
{
    char text[32];
    snprintf(text, sizeof text, "%d.%d.%d", POND_VERSION_MAJOR, POND_VERSION_MINOR, POND_VERSION_PATCH);
    cr_assert_str_eq(POND_VERSION, text);
    cr_assert_str_eq(pond_version(), text);
}

/* ---- nothing is something ---- */

Test(options, null_is_ignored)
{
    pond *p = test_pond((pond_options){.size = 8, .flags = POND_ZERO_ON_PUT});
    void *objs[] = {NULL, pond_get(p), NULL, NULL, pond_get(p), NULL};
    pond_put(p, NULL);
    pond_discard(p, NULL);
    pond_put_many(p, objs, 6);
    pond_put_many(p, objs, 0);
    cr_assert_eq(pond_get_many(p, objs, 0), 0);
    pond_stats s = test_stats(p);
    cr_assert_eq(s.puts, 2);
    cr_assert_eq(s.live, 0);
    cr_assert_eq(pond_destroy(NULL), 0);
    cr_assert_eq(pond_destroy(p), 0);
}

Test(options, ticks_and_trims_before_the_first_pond)
{
    uint64_t epoch = pond_epoch_advance();
    cr_assert_eq(pond_epoch_advance(), epoch + 1);
    cr_assert_eq(pond_trim(NULL), 0);
    pond_tick_budget(10);
    pond_tick_budget(0);
    pond *p = test_pond((pond_options){.size = 8});
    cr_assert_eq(pond_epoch_advance(), epoch + 2);
    cr_assert_eq(pond_destroy(p), 0);
    cr_assert_eq(pond_epoch_advance(), epoch + 3);
}

Test(options, destroy_while_objects_are_live)
{
    void *objs[3];
    pond *p = test_pond((pond_options){.size = 8});
    test_get(p, objs, 3);
    pond_put(p, objs[0]);
    for (int i = 0; i < 3; i++) {
        errno = 0;
        cr_assert_eq(pond_destroy(p), -1);
        cr_assert_eq(errno, EBUSY);
    }
    pond_stats s = test_stats(p);
    cr_assert_eq(test_idle(&s), 1, "nothing was dropped");
    test_get(p, objs, 1);
    cr_assert_eq(test_stats(p).constructed, 3, "the pond goes on");
    pond_put_many(p, objs, 3);
    cr_assert_eq(pond_destroy(p), 0);
}

/* ---- bounds of what is idle ---- */

static witness seen = WITNESS_INIT;

typedef struct idle_bound {
    size_t size, bytes, objects; /* bytes of max_idle_bytes; how many are put */
} idle_bound;

ParameterizedTestParameters(options, max_idle_bytes)
{
    static idle_bound all[] = {
        {64, 1, 100},         {64, 63, 100},         {64, 64, 100},
        {64, 640, 100},       {64, 6400, 1000},      {64, 64000, 5000},
        {1000, 100000, 5000}, {4096, 1 << 20, 1000}, {100000, 1000000, 100},
    };
    return cr_make_param_array(idle_bound, all, sizeof all / sizeof *all);
}

/* Never more than that, never much less; the rest is dropped for the limit. */
ParameterizedTest(idle_bound *b, options, max_idle_bytes)
{
    void **objs = (void **)malloc(b->objects * sizeof *objs);
    pond_options options = witness_options(&seen, b->size);
    options.max_idle_bytes = b->bytes;
    pond *p = test_pond(options);
    size_t each = test_stats(p).object_bytes, most = b->bytes / each;
    test_get(p, objs, b->objects);
    for (size_t i = 0; i < b->objects; i++) {
        pond_put(p, objs[i]);
        pond_stats s = test_stats(p);
        cr_assert_leq(test_idle(&s) * each, b->bytes, "%zu idle of %zu bytes", test_idle(&s), each);
    }
    pond_stats s = test_stats(p);
    cr_assert_geq(test_idle(&s), most - most / 8, "%zu idle, room for %zu", test_idle(&s), most);
    cr_assert_eq(witness_count_why(&seen, POND_DROP_LIMIT), b->objects - test_idle(&s));
    pond_epoch_advance();
    pond_epoch_advance();
    cr_assert_eq(witness_count(&seen), b->objects);
    test_get(p, objs, 1);
    pond_put(p, objs[0]);
    s = test_stats(p);
    cr_assert_eq(test_idle(&s), most > 0);
    cr_assert_eq(pond_destroy(p), 0);
    free(objs);
}

/* Footprints count: ten objects of 100 bytes besides their own. */
static size_t hundred(const void *obj, void *ctx)
{
    (void)obj, (void)ctx;
    return 100;
}

Test(options, max_idle_bytes_with_footprints)
{
    void *objs[50];
    pond *p = test_pond((pond_options){.size = 28, .align = 4, .footprint = hundred, .max_idle_bytes = 1285});
    test_get(p, objs, 50);
    pond_put_many(p, objs, 50);
    pond_stats s = test_stats(p);
    cr_assert_leq(test_idle(&s) * (s.object_bytes + 100), 1285);
    cr_assert_eq(test_idle(&s), 1285 / (s.object_bytes + 100));
    cr_assert_eq(s.idle_local_bytes + s.idle_shared_bytes + s.idle_victim_bytes,
                 test_idle(&s) * (s.object_bytes + 100));
    cr_assert_eq(pond_trim(p), test_idle(&s) * (s.object_bytes + 100));
    cr_assert_eq(pond_destroy(p), 0);
}

Test(options, cache_objects_bounds_the_cache)
{
    static const size_t bounds[] = {1, 2, 3, 10, 63, 500, POND_MAX_CACHE_OBJECTS};
    static void *objs[3000];
    for (size_t i = 0; i < sizeof bounds / sizeof *bounds; i++) {
        pond *p = test_pond((pond_options){.size = 16, .cache_objects = bounds[i]});
        for (int round = 0; round < 30; round++) {
            test_get(p, objs, 3000);
            pond_put_many(p, objs, 3000);
            pond_stats s = test_stats(p);
            cr_assert_leq(s.idle_local, bounds[i], "%zu in the cache of %zu", (size_t)s.idle_local,
                          bounds[i]);
            cr_assert_leq(s.cache_objects, bounds[i]);
        }
        cr_assert_eq(test_stats(p).constructed, 3000);
        cr_assert_eq(pond_destroy(p), 0);
    }
}
