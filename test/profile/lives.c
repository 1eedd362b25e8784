/* SPDX-License-Identifier: BSD-2-Clause */
// variants: release asan tsan clang debug
// link: -Wl,--wrap=clock_gettime -lm
/*
 * What rows say of single objects: how long ago each was got that is in use, how long those lived that ended,
 * and which pond they are of. The test counts the same for itself, with a clock of its own.
 */
#include "test.h"

#include "clock.h"
#include "threads.h"

#include <math.h>
#include <pond/debug.h>
#include <pond/profile.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

TestSuite(lives, .timeout = TEST_ALARM, .init = clock_freeze);

static void set(const char *words)
{
    must(pond_profile_set(words) == 0, "%s: errno %d", words, errno);
}

/* ---- what the profile says ---- */

enum { MOST = 4096 };

static struct seen {
    double ages[MOST];
    size_t age_count, rows;
    pond_profile_life lives[POND_PROFILE_LIVES];
    uint64_t samples;
    double alloc, oldest;
    uint64_t ids[8];  /* the first of them */
    const char *pond; /* of this one alone; NULL: of all */
} seen;

static int add_row(const pond_profile_row *r, void *unused)
{
    (void)unused;
    if (seen.pond != NULL && strcmp(r->pond, seen.pond) != 0)
        return 0;
    double oldest = 0, objects = 0;
    for (size_t i = 0; i < r->age_count; i++) {
        must(seen.age_count < MOST, "%zu ages", seen.age_count);
        seen.ages[seen.age_count++] = r->ages[i];
        oldest = fmax(oldest, r->ages[i]);
        objects += r->age_objects[i];
    }
    must(fabs(r->inuse_objects - objects) < 1e-6 * objects + 1e-9, "%g, %g", r->inuse_objects, objects);
    must(r->oldest_seconds == oldest, "%g, %g", r->oldest_seconds, oldest);
    for (size_t k = 0; k < POND_PROFILE_LIVES; k++) {
        seen.lives[k].seconds += r->lives[k].seconds;
        seen.lives[k].ended += r->lives[k].ended;
    }
    if (seen.rows < sizeof seen.ids / sizeof seen.ids[0])
        seen.ids[seen.rows] = r->pond_id;
    seen.rows++;
    seen.samples += r->samples;
    seen.alloc += r->alloc_objects;
    return 0;
}

static void look(const char *pond)
{
    memset(&seen, 0, sizeof seen);
    seen.pond = pond;
    must(pond_profile_each(add_row, NULL) == 0, "errno %d", errno);
}

/* ---- and what the test does ---- */

enum { HELD = 1000 };

static struct {
    pond *p;
    void *objs[HELD];
    uint64_t got[HELD];
    size_t count;
    pond_profile_life lives[POND_PROFILE_LIVES];
    uint64_t gets;
} own;

static bool reset(void *obj, void *ctx)
{
    (void)ctx;
    return ++*(unsigned char *)obj % 7 != 0;
}

/* 256 ms and more, 512 ms and more, and so on, by the words of the header. */
static void own_ended(uint64_t milliseconds)
{
    double seconds = (double)milliseconds / 1000, from = 0.256;
    if (seconds < from)
        return;
    size_t k = 0;
    while (k + 1 < POND_PROFILE_LIVES && seconds >= 2 * from) {
        from *= 2;
        k++;
    }
    own.lives[k].seconds += seconds;
    own.lives[k].ended++;
}

static void *own_take(void)
{
    size_t i = (size_t)rand() % own.count;
    void *obj = own.objs[i];
    own_ended(clock_now - own.got[i]);
    own.objs[i] = own.objs[--own.count];
    own.got[i] = own.got[own.count];
    return obj;
}

static void own_get(size_t n)
{
    size_t got = n < HELD - own.count ? n : HELD - own.count;
    must(pond_get_many(own.p, own.objs + own.count, got) == got, "errno %d", errno);
    own.gets += got;
    while (got-- > 0)
        own.got[own.count++] = clock_now;
}

static void put_elsewhere(void *obj)
{
    pond_put(own.p, obj);
}

static void step(worker *other)
{
    int what = rand() % 100;
    clock_pass(rand() % 50 == 0 ? UINT64_C(1) << rand() % 24 : (uint64_t)(rand() % 20));
    if (what < 45)
        own_get(1);
    else if (what < 50)
        own_get((size_t)rand() % 20);
    else if (own.count == 0)
        return;
    else if (what < 53)
        worker_do(other, put_elsewhere, own_take());
    else if (what < 57)
        pond_discard(own.p, own_take());
    else if (what < 60)
        (void)pond_epoch_advance();
    else
        pond_put(own.p, own_take());
}

static int by_size(const void *one, const void *other)
{
    const double *a = one, *b = other;
    return *a < *b ? -1 : *a > *b;
}

static void expect_own(void)
{
    double ages[HELD];
    look(NULL);
    for (size_t i = 0; i < own.count; i++)
        ages[i] = (double)(clock_now - own.got[i]) / 1000;
    cr_assert_eq(seen.age_count, own.count, "%zu, not %zu", seen.age_count, own.count);
    cr_assert_eq(seen.samples, own.gets);
    qsort(ages, own.count, sizeof ages[0], by_size);
    qsort(seen.ages, own.count, sizeof ages[0], by_size);
    for (size_t i = 0; i < own.count; i++)
        cr_assert_eq(seen.ages[i], ages[i], "age %zu is %g, not %g", i, seen.ages[i], ages[i]);
    for (size_t k = 0; k < POND_PROFILE_LIVES; k++) {
        cr_assert_eq(seen.lives[k].ended, own.lives[k].ended, "%zu: %zu, not %zu", k,
                     (size_t)seen.lives[k].ended, (size_t)own.lives[k].ended);
        cr_assert(fabs(seen.lives[k].seconds - own.lives[k].seconds) <= 1e-9 * own.lives[k].seconds);
    }
}

static void live(const char *words, pond_options options)
{
    worker *other = worker_start();
    memset(&own, 0, sizeof own);
    cr_assert_eq(pond_debug_set(words), 0);
    pond_profile_reset();
    set("rate=1");
    own.p = test_pond(options);
    for (int i = 0; i < TEST_TIMES(20000); i++) {
        step(other);
        if (i % 500 == 499)
            expect_own();
    }
    while (own.count > 0)
        pond_put(own.p, own_take());
    expect_own();
    worker_end(other);
    cr_assert_eq(pond_destroy(own.p), 0);
    expect_own(); /* of a pond that is gone the same is known */
    set("off");
    cr_assert_eq(pond_debug_set("off"), 0);
}

Test(lives, are_what_the_program_counts_itself)
{
    live("off", (pond_options){.size = 64});
    live("off", (pond_options){.size = 64, .reset = reset});
    live("off", (pond_options){.size = 64, .max_idle_bytes = 640});
}

Test(lives, with_words)
{
    live("double,tag,stacks=0", (pond_options){.size = 64, .reset = reset});
}

/* One get in several: each record is in one of three places. */
Test(lives, of_some_gets_are_all_accounted_for)
{
    uint64_t ended = 0, lives = 0;
    set("rate=256,seed=3");
    own.p = test_pond((pond_options){.size = 64});
    for (int i = 0; i < 3000; i++) {
        own_get(1 + (size_t)rand() % 3);
        clock_pass((uint64_t)(rand() % 3));
        for (int n = rand() % 3; n > 0 && own.count > 0; n--)
            pond_put(own.p, own_take());
    }
    look(NULL);
    for (size_t k = 0; k < POND_PROFILE_LIVES; k++) {
        ended += seen.lives[k].ended;
        lives += own.lives[k].ended;
    }
    cr_assert(seen.samples > 500 && seen.age_count + ended <= seen.samples, "%zu", (size_t)seen.samples);
    cr_assert(ended > 0 && ended < lives, "%zu of %zu", (size_t)ended, (size_t)lives);
    cr_assert(fabs(seen.alloc - (double)own.gets) < 0.2 * (double)own.gets);
    pond_put_many(own.p, own.objs, own.count);
    cr_assert_eq(pond_destroy(own.p), 0);
}

/* A put that was not seen, while it was off, is no end that anybody knows of. */
Test(lives, nothing_is_known_of_what_was_put_while_off)
{
    void *objs[3];
    pond *p = test_pond((pond_options){.size = 64});
    set("1");
    test_get(p, objs, 3);
    clock_pass(5000);
    pond_put(p, objs[0]);
    set("off");
    pond_put(p, objs[1]);
    set("1");
    clock_pass(5000);
    objs[1] = pond_get(p);
    clock_pass(1000);
    look(NULL);
    cr_assert(seen.age_count == 1 && seen.ages[0] == 1, "%zu ages", seen.age_count);
    cr_assert(seen.lives[4].ended == 1 && seen.lives[4].seconds == 5);
    pond_put_many(p, objs + 1, 2);
    look(NULL);
    cr_assert(seen.age_count == 0 && seen.lives[1].ended == 1 && seen.lives[4].ended == 1);
    cr_assert_eq(pond_destroy(p), 0);
}

/* ---- which pond ---- */

static __attribute__((noinline)) void *get_from(pond *p)
{
    void *obj = pond_get(p);
    __asm__ volatile("" : "+r"(obj) : : "memory");
    return obj;
}

static uint64_t id_of(pond *p)
{
    pond_history h;
    (void)pond_history_read(p, &h);
    return h.id;
}

Test(lives, ponds_of_one_name_have_rows_of_their_own)
{
    pond *p[2];
    set("1");
    for (int i = 0; i < 2; i++)
        p[i] = test_pond((pond_options){.name = "twin", .size = 64});
    void *kept = NULL;
    for (volatile int i = 0; i < 2; i++) { /* else there would be two calls, and two stacks */
        kept = get_from(p[i]);
        pond_put(p[i], i == 0 ? kept : NULL);
    }
    look("twin");
    cr_assert_eq(seen.rows, 2);
    cr_assert_eq(seen.ids[0] + seen.ids[1], id_of(p[0]) + id_of(p[1]));
    cr_assert_neq(seen.ids[0], seen.ids[1]);
    pond_put(p[1], kept);
    uint64_t first = id_of(p[0]);
    cr_assert_eq(pond_destroy(p[0]), 0);
    look("twin");
    cr_assert_eq(seen.rows, 2, "one that is gone has its own yet");
    cr_assert_eq(pond_destroy(p[1]), 0);
    look("twin");
    cr_assert_eq(seen.rows, 1, "two that are gone have one");
    cr_assert(seen.ids[0] == first && seen.alloc == 2, "%g", seen.alloc);
}

/* A program may make a pond for each request: 1,024 rows are enough for it. */
static void come_and_go(unsigned index, void *unused)
{
    (void)index, (void)unused;
    for (int i = 0; i < TEST_TIMES(1200); i++) {
        pond *p = test_pond((pond_options){.name = "request", .size = 64});
        void *obj = get_from(p);
        if (i % 100 == 0)
            clock_pass(10);
        pond_put(p, obj);
        must(pond_destroy(p) == 0, "errno %d", errno);
    }
}

Test(lives, of_ponds_that_come_and_go)
{
    set("1");
    for (int round = 0; round < 2; round++) {
        crew_run(3, come_and_go, NULL);
        look("request");
        cr_assert_eq(seen.alloc, 3.0 * TEST_TIMES(1200), "%g", seen.alloc);
        cr_assert_eq(seen.age_count, 0);
        cr_assert_leq(seen.rows, 8, "%zu rows", seen.rows);
        cr_assert_eq(pond_profile_lost(), 0);
        pond_profile_reset();
    }
}

/* Each pond that is there has a row of its own, as long as there is room. */
Test(lives, more_rows_than_there_is_room_for)
{
    enum { PONDS = 1030, ROOM = 1024 };
    static pond *p[PONDS];
    set("1");
    for (int i = 0; i < PONDS; i++)
        p[i] = test_pond((pond_options){.name = "many", .size = 64});
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < PONDS; i++)
            pond_put(p[i], get_from(p[i]));
        look("many");
        cr_assert_eq(seen.rows, ROOM);
        cr_assert_eq(pond_profile_lost(), PONDS - ROOM);
        pond_profile_reset();
    }
    for (int i = 0; i < PONDS; i++)
        cr_assert_eq(pond_destroy(p[i]), 0);
}

/* ---- since when ---- */

#ifndef TEST_TSAN
static void look_at_childs(void *unused)
{
    (void)unused;
    must(pond_profile_seconds() <= 0.001, "%g", pond_profile_seconds());
    clock_pass(700);
    must(pond_profile_seconds() == 0.7, "%g", pond_profile_seconds());
}
#endif

Test(lives, seconds_since_the_profile_began)
{
    pond *p = test_pond((pond_options){.size = 64});
    cr_assert_eq(pond_profile_seconds(), 0);
    set("trace");
    cr_assert_eq(pond_profile_seconds(), 0, "it is off");
    set("512k");
    cr_assert_gt(pond_profile_seconds(), 0, "it is on");
    clock_pass(12500);
    cr_assert_eq(pond_profile_seconds(), 12.5);
    set("64k");
    cr_assert_eq(pond_profile_seconds(), 12.5, "another rate is the same profile");
    pond_profile_reset();
    clock_pass(2000);
    cr_assert_eq(pond_profile_seconds(), 2);
#ifndef TEST_TSAN
    test_in_child(look_at_childs, NULL);
#endif
    set("off");
    cr_assert_eq(pond_profile_seconds(), 0);
    pond_profile_reset();
    cr_assert_eq(pond_profile_seconds(), 0);
    set("1");
    clock_pass(1000);
    cr_assert_eq(pond_profile_seconds(), 1);
    cr_assert_eq(pond_destroy(p), 0);
}
