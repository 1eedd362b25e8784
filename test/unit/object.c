/* SPDX-License-Identifier: BSD-2-Clause */
// link: -Wl,--wrap=mmap,--wrap=munmap,--wrap=madvise
/* The room object: how an object begins, is cleaned and ends, and what is counted at each. */
#include "test.h"

#include "../../src/object.h"
#include "fault.h"
#include "pages.h"

#include <stdlib.h>
#include <string.h>

TestSuite(object, .timeout = TEST_ALARM);

enum { SIZE = 100, STRIDE = 112 };

/* Answers of create: an object; nothing, and errno as it was. Else the errno it leaves. */
enum { MADE = -1, MUTE = -2 };

static struct pond *p;

/* What the hooks were called with, and what they are to answer. */
static struct {
    int constructs, creates, destroys, resets, footprints;
    int error;
    bool reject;
    size_t footprint;
    void *obj;
    pond_drop_reason why;
} seen;

static void start(pond_options options)
{
    options.ctx = &seen;
    if (options.create == NULL)
        options.size = SIZE;
    p = test_pond(options);
    must(p->object_bytes == (options.create == NULL ? STRIDE : 0), "%zu bytes", p->object_bytes);
}

/* Hooks run outside every lock. */
static void expect_unlocked(void *ctx)
{
    must(ctx == &seen, "the hook's context");
    must(pthread_mutex_trylock(&p->lock) == 0, "a hook ran under the pond's lock");
    pthread_mutex_unlock(&p->lock);
}

static int construct(void *obj, void *ctx)
{
    expect_unlocked(ctx);
    must(bytes_are(obj, STRIDE, 0), "constructed in memory that is not zero");
    memset(obj, 0x5a, STRIDE);
    seen.obj = obj;
    seen.constructs++;
    return seen.error;
}

static void *create(void *ctx)
{
    expect_unlocked(ctx);
    seen.creates++;
    if (seen.error >= 0)
        errno = seen.error;
    return seen.error == MADE ? malloc(8) : NULL;
}

static bool reset(void *obj, void *ctx)
{
    expect_unlocked(ctx);
    must(*(char *)obj != 0, "wiped before its reset");
    seen.resets++;
    return !seen.reject;
}

/* After reset, which may have let go of what the object owned. */
static size_t footprint(const void *obj, void *ctx)
{
    expect_unlocked(ctx);
    must(*(const char *)obj != 0, "wiped before it was weighed");
    seen.footprints++;
    return seen.footprint;
}

static void destroy(void *obj, pond_drop_reason why, void *ctx)
{
    expect_unlocked(ctx);
    seen.destroys++;
    seen.obj = obj;
    seen.why = why;
    if (p->options.create != NULL)
        free(obj);
    else
        must(slab_of(obj) != NULL && slab_of(obj)->used > 0, "its memory went before it");
}

static struct admission admit(void)
{
    struct admission b;
    pthread_mutex_lock(&p->lock);
    object_admit(p, &b, NULL);
    pthread_mutex_unlock(&p->lock);
    return b;
}

static void *make(void)
{
    struct admission b = admit();
    errno = 0;
    return object_make(p, &b);
}

static void end(void *obj, pond_drop_reason why)
{
    pthread_mutex_lock(&p->lock);
    object_uncount(p, why);
    pthread_mutex_unlock(&p->lock);
    object_end(p, obj, why);
}

static void expect_counts(uint64_t objects, uint64_t constructed, uint64_t high_water)
{
    cr_assert_eq(p->objects, objects, "%zu objects", (size_t)p->objects);
    cr_assert_eq(p->constructed, constructed, "%zu constructed", (size_t)p->constructed);
    object_high_water(p);
    cr_assert_eq(p->high_water, high_water, "%zu at most", (size_t)p->high_water);
    if (p->slabs.first != NULL)
        cr_assert_eq(p->slabs.first->used, objects, "memory is taken for as many");
}

/* ---- beginning ---- */

Test(object, admission_takes_a_place_and_memory)
{
    start((pond_options){.max_objects = 2});
    for (uint64_t n = 1; n <= 2; n++) {
        struct admission b = admit();
        cr_assert(b.error == 0 && !b.full && b.memory != NULL && b.zero);
        expect_counts(n, n, n);
        cr_assert_eq(object_make(p, &b), b.memory);
        expect_counts(n, n, n);
    }
    struct admission b = admit();
    cr_assert(b.error == EAGAIN && b.full && b.memory == NULL);
    errno = 0;
    cr_assert_null(object_make(p, &b));
    cr_assert_eq(errno, EAGAIN);
    expect_counts(2, 2, 2);
}

/* At any moment a fork may take what the counts are then, and the thread that makes the object is not in the
 * child. */
Test(object, a_miss_is_counted_with_its_admission)
{
    start((pond_options){.construct = construct, .max_objects = 2});
    struct admission b;
    for (uint64_t n = 1; n <= 3; n++) {
        pthread_mutex_lock(&p->lock);
        object_admit(p, &b, NULL);
        object_count_miss(p, &b);
        pthread_mutex_unlock(&p->lock);
        cr_assert_eq(p->misses, MIN(n, 2));
        cr_assert_eq(p->objects, MIN(n, 2));
    }
    (void)object_make(p, &b);
    cr_assert(p->misses == 2 && p->constructed == 2, "what was not admitted takes nothing back");
}

Test(object, a_miss_whose_construct_fails_is_none)
{
    start((pond_options){.construct = construct});
    struct admission b;
    seen.error = EBADMSG;
    pthread_mutex_lock(&p->lock);
    object_admit(p, &b, NULL);
    object_count_miss(p, &b);
    pthread_mutex_unlock(&p->lock);
    cr_assert_null(object_make(p, &b));
    cr_assert(p->misses == 0 && p->constructed == 0 && p->objects == 0);
}

Test(object, no_memory_is_no_admission)
{
    start((pond_options){.construct = construct});
    fault_arm(FAULT_MMAP, 0, true);
    struct admission b = admit();
    fault_disarm(FAULT_MMAP);
    cr_assert(b.error == ENOMEM && !b.full && b.memory == NULL);
    errno = 0;
    cr_assert_null(object_make(p, &b));
    cr_assert_eq(errno, ENOMEM);
    cr_assert_eq(seen.constructs, 0);
    expect_counts(0, 0, 0);
}

/* Memory that was an object before is zero again when the next one is constructed there. */
Test(object, construct_finds_zero_memory)
{
    start((pond_options){.construct = construct});
    void *obj = make();
    cr_assert(obj != NULL && obj == seen.obj);
    end(obj, POND_DROP_TRIM);
    cr_assert_eq(make(), obj);
    cr_assert_eq(seen.constructs, 2);
    start((pond_options){.name = "without hooks"});
    obj = make();
    memset(obj, 1, SIZE);
    end(obj, POND_DROP_TRIM);
    cr_assert_eq(make(), obj);
    cr_assert(bytes_are(obj, SIZE, 0));
}

Test(object, a_construct_that_fails_leaves_nothing)
{
    start((pond_options){.construct = construct, .destroy = destroy, .max_objects = 1});
    seen.error = EBADMSG;
    for (int i = 1; i <= 3; i++) {
        cr_assert_null(make());
        cr_assert_eq(errno, EBADMSG);
        cr_assert_eq(seen.constructs, i);
        cr_assert(p->objects == 0 && p->constructed == 0 && p->slabs.first->used == 0);
    }
    cr_assert_eq(seen.destroys, 0, "what was not constructed is not destroyed");
    seen.error = 0;
    cr_assert_not_null(make());
    expect_counts(1, 1, 1);
}

Test(object, create_makes_what_the_pond_keeps)
{
    start((pond_options){.create = create, .destroy = destroy, .max_objects = 1});
    seen.error = MADE;
    struct admission b = admit();
    cr_assert(b.error == 0 && b.memory == NULL);
    void *obj = object_make(p, &b);
    cr_assert_not_null(obj);
    expect_counts(1, 1, 1);
    cr_assert_null(make());
    cr_assert_eq(errno, EAGAIN);
    cr_assert_eq(seen.creates, 1);
    end(obj, POND_DROP_EPOCH);
    cr_assert_eq(seen.obj, obj);
    expect_counts(0, 1, 1);
    cr_assert_eq(p->slabs.slabs, 0, "foreign memory is not the slabs'");
}

Test(object, a_create_that_fails_leaves_nothing)
{
    start((pond_options){.create = create, .destroy = destroy, .max_objects = 1});
    seen.error = EMFILE;
    cr_assert_null(make());
    cr_assert_eq(errno, EMFILE);
    seen.error = 0;
    cr_assert_null(make());
    cr_assert_eq(errno, ENOMEM, "for want of another reason");
    seen.error = MUTE;
    struct admission b = admit();
    errno = EMFILE;
    cr_assert_null(object_make(p, &b));
    cr_assert_eq(errno, ENOMEM, "the errno of before is not its reason");
    cr_assert(p->objects == 0 && p->constructed == 0 && seen.destroys == 0);
    seen.error = MADE;
    end(make(), POND_DROP_EPOCH);
}

/* ---- end ---- */

Test(object, an_end_is_counted_by_its_reason)
{
    start((pond_options){.destroy = destroy});
    for (int why = 0; why < POND_DROP_REASONS; why++) {
        void *obj = make();
        seen.obj = NULL;
        pthread_mutex_lock(&p->lock);
        object_uncount(p, (pond_drop_reason)why);
        cr_assert(p->objects == 0 && p->dropped[why] == 1 && seen.obj == NULL);
        cr_assert_eq(p->slabs.first->used, 1, "its hook has yet to run");
        pthread_mutex_unlock(&p->lock);
        object_end(p, obj, (pond_drop_reason)why);
        cr_assert(seen.obj == obj && seen.why == (pond_drop_reason)why);
        expect_counts(0, (uint64_t)why + 1, 1);
    }
    for (int why = 0; why < POND_DROP_REASONS; why++)
        cr_assert_eq(p->dropped[why], 1);
    cr_assert_eq(seen.destroys, POND_DROP_REASONS);
}

Test(object, many_end_at_once)
{
    void *objs[10];
    start((pond_options){.name = "plain"});
    for (int i = 0; i < 10; i++)
        objs[i] = make();
    pthread_mutex_lock(&p->lock);
    object_drop_plain(p, objs + 2, 7, POND_DROP_EPOCH);
    pthread_mutex_unlock(&p->lock);
    expect_counts(3, 10, 10);
    cr_assert_eq(p->dropped[POND_DROP_EPOCH], 7);
    cr_assert_eq(make(), objs[2]);
    expect_counts(4, 11, 10);
}

/* ---- between two lives ---- */

Test(object, a_put_has_work_to_do_where_there_are_hooks_for_it)
{
    start((pond_options){.construct = construct, .destroy = destroy});
    cr_assert_not(object_needs_cleaning(p));
    start((pond_options){.reset = reset});
    cr_assert(object_needs_cleaning(p));
    start((pond_options){.footprint = footprint});
    cr_assert(object_needs_cleaning(p));
    start((pond_options){.flags = POND_ZERO_ON_PUT});
    cr_assert(object_needs_cleaning(p));
    start((pond_options){.flags = POND_THREAD_CONFINED});
    cr_assert_not(object_needs_cleaning(p));
}

static void expect_dirty(void *obj, pond_drop_reason expected)
{
    pond_drop_reason why = POND_DROP_DESTROY;
    cr_assert_not(object_clean(p, obj, &why));
    cr_assert_eq(why, expected);
}

Test(object, reset_then_weigh_then_wipe)
{
    pond_drop_reason why;
    start((pond_options){.construct = construct,
                         .reset = reset,
                         .footprint = footprint,
                         .max_footprint = 1000,
                         .flags = POND_ZERO_ON_PUT});
    char *obj = make(), *neighbour = make();
    seen.reject = true;
    expect_dirty(obj, POND_DROP_REJECTED);
    cr_assert_eq(seen.footprints, 0);
    seen.reject = false;
    seen.footprint = 1001;
    expect_dirty(obj, POND_DROP_LIMIT);
    cr_assert(bytes_are(obj, STRIDE, 0x5a));
    cr_assert_eq(p->footprint_mean, 0, "it does not stay");
    seen.footprint = 1000;
    cr_assert(object_clean(p, obj, &why));
    cr_assert(bytes_are(obj, SIZE, 0), "all of it is wiped");
    cr_assert(bytes_are(neighbour, STRIDE, 0x5a));
    cr_assert(seen.resets == 3 && seen.footprints == 2 && seen.destroys == 0);
}

Test(object, without_the_flag_nothing_is_wiped)
{
    pond_drop_reason why;
    start((pond_options){.construct = construct, .reset = reset});
    void *obj = make();
    cr_assert(object_clean(p, obj, &why));
    cr_assert(bytes_are(obj, STRIDE, 0x5a));
}

Test(object, bytes_are_the_stride_and_the_footprint)
{
    start((pond_options){.construct = construct, .footprint = footprint});
    seen.footprint = 777;
    cr_assert_eq(object_bytes(p, make()), STRIDE + 777);
    start((pond_options){.construct = construct});
    cr_assert_eq(object_bytes(p, make()), STRIDE);
    start((pond_options){.create = create, .destroy = destroy, .footprint = footprint});
    seen.error = MADE;
    char *obj = make();
    *obj = 1;
    cr_assert_eq(object_bytes(p, obj), 777);
    end(obj, POND_DROP_TRIM);
}

/* The first put gives it; later ones move it, up and down, until it is what they are. */
Test(object, the_mean_footprint_follows_the_puts)
{
    static const size_t plans[] = {5000, 5000, 100000, 1, 4096, 0, 17, SIZE_MAX / 4};
    pond_drop_reason why;
    start((pond_options){.construct = construct, .footprint = footprint});
    void *obj = make();
    for (size_t i = 0; i < sizeof plans / sizeof *plans; i++) {
        uint64_t before = p->footprint_mean;
        seen.footprint = plans[i];
        cr_assert(object_clean(p, obj, &why));
        uint64_t after = p->footprint_mean;
        cr_assert(before == 0 ? after == plans[i] : (before <= after) == (before <= plans[i]));
        cr_assert(MIN(before, plans[i]) <= after && after <= MAX(before, plans[i]));
        for (int n = 0; n < 1000; n++)
            cr_assert(object_clean(p, obj, &why));
        cr_assert_eq(p->footprint_mean, plans[i], "%zu, not %zu", (size_t)p->footprint_mean, plans[i]);
    }
    seen.footprint = 160;
    STORE(p->footprint_mean, 16000);
    cr_assert(object_clean(p, obj, &why));
    cr_assert(12000 < p->footprint_mean && p->footprint_mean < 16000, "one put weighs little");
}
