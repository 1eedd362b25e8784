/* SPDX-License-Identifier: BSD-2-Clause */
// debug
// link: -lm
/*
 * Switching the profile: on and off at any time and on all threads, beside words, in a forked child, without
 * memory; and what leaves no trace of an object in use.
 */
#include "../misuse/heard.h"
#include "test.h"
#include "threads.h"

#include "../../src/types.h"

#include <math.h>
#include <pond/profile.h>
#include <stdatomic.h>
#include <unistd.h>

TestSuite(switching, .timeout = TEST_ALARM);

struct sums {
    double alloc, inuse, inuse_bytes, oldest;
    size_t rows, most_frames;
    uint64_t samples;
    char pond[48], type[64];
};

static int sum(const pond_profile_row *r, void *ctx)
{
    struct sums *s = ctx;
    s->alloc += r->alloc_objects;
    s->inuse += r->inuse_objects;
    s->inuse_bytes += r->inuse_bytes;
    s->samples += r->samples;
    s->oldest = r->oldest_seconds > s->oldest ? r->oldest_seconds : s->oldest;
    s->most_frames = r->count > s->most_frames ? r->count : s->most_frames;
    s->rows++;
    (void)snprintf(s->pond, sizeof s->pond, "%s", r->pond);
    (void)snprintf(s->type, sizeof s->type, "%s", r->type);
    return 0;
}

static struct sums sums(void)
{
    struct sums s = {.rows = 0};
    must(pond_profile_each(sum, &s) == 0, "errno %d", errno);
    return s;
}

static void set(const char *words)
{
    must(pond_profile_set(words) == 0, "%s: errno %d", words, errno);
}

static pond *make(void)
{
    return test_pond((pond_options){.name = "conns", .size = 64});
}

Test(switching, every_get_at_rate_1)
{
    void *objs[100];
    pond *p = make();
    size_t each = test_stats(p).object_bytes;
    set("1");
    cr_assert_eq(pond_profile_rate(), 1);
    for (size_t i = 0; i < 100; i++)
        objs[i] = pond_get(p);
    struct sums s = sums();
    cr_assert(s.alloc == 100 && s.inuse == 100 && s.samples == 100, "%g got, %g in use", s.alloc, s.inuse);
    cr_assert_eq(s.inuse_bytes, 100.0 * (double)each);
    cr_assert_str_eq(s.pond, "conns");
    cr_assert_geq(s.most_frames, 2);
    pond_put_many(p, objs, 60);
    pond_discard(p, objs[60]);
    s = sums();
    cr_assert(s.alloc == 100 && s.inuse == 39, "%g got, %g in use", s.alloc, s.inuse);
    cr_assert_eq(pond_get_many(p, objs, 61), 61);
    s = sums();
    cr_assert(s.alloc == 161 && s.inuse == 100, "%g got, %g in use", s.alloc, s.inuse);
    pond_put_many(p, objs, 100);
    cr_assert_eq(sums().inuse, 0);
    cr_assert_eq(pond_destroy(p), 0);
    cr_assert_eq(sums().alloc, 161, "what a destroyed pond's objects were got for stays");
    pond_profile_reset();
    cr_assert_eq(sums().rows, 0);
}

static bool reject(void *obj, void *ctx)
{
    (void)obj, (void)ctx;
    return false;
}

static struct {
    pond *p;
    void *obj;
} handed;

static void put_handed(void *unused)
{
    (void)unused;
    pond_put(handed.p, handed.obj);
}

Test(switching, nothing_is_left_of_what_was_rejected_or_put_elsewhere)
{
    pond *rejecting = test_pond((pond_options){.name = "r", .size = 32, .reset = reject}), *p = make();
    worker *w = worker_start();
    set("1");
    pond_put(rejecting, pond_get(rejecting));
    handed.p = p;
    handed.obj = pond_get(p);
    cr_assert_eq(sums().inuse, 1);
    worker_do(w, put_handed, NULL);
    cr_assert_eq(sums().inuse, 0);
    worker_end(w);
    cr_assert_eq(pond_destroy(p) + pond_destroy(rejecting), 0);
}

/* What is put while it is off is not seen; so nothing is in use then. */
Test(switching, off_and_on)
{
    pond *p = make();
    set("rate=1");
    void *kept = pond_get(p);
    cr_assert_eq(sums().inuse, 1);
    set("off");
    cr_assert_eq(pond_profile_rate(), 0);
    struct sums s = sums();
    cr_assert(s.inuse == 0 && s.alloc == 1);
    pond_put(p, kept);
    pond_put(p, pond_get(p));
    cr_assert_eq(sums().alloc, 1);
    set("rate=1");
    kept = pond_get(p);
    s = sums();
    cr_assert(s.inuse == 1 && s.alloc == 2);
    set(NULL);
    pond_put(p, kept);
    cr_assert_eq(pond_destroy(p), 0);
}

/* ---- threads ---- */

static atomic_bool stop;
static pond *shared;

static void hammer(unsigned index, void *unused)
{
    (void)unused;
    if (index == 0) {
        const char *const words[] = {"1", "4k", "off", "rate=512k,seed=3", "rate=1,trace"};
        for (int i = 0; i < TEST_TIMES(400); i++) {
            set(words[i % 4]);
            if (i % 16 == 5)
                must(pond_debug_set(i % 32 == 5 ? "double,stacks=0" : "off") == 0, "errno %d", errno);
        }
        set("1");
        atomic_store(&stop, true);
        return;
    }
    void *objs[20];
    while (!atomic_load(&stop)) {
        size_t n = pond_get_many(shared, objs, 20);
        for (size_t i = 0; i < n; i++)
            pond_put(shared, objs[i]);
        void *obj = pond_get(shared);
        if (index % 2 == 0)
            pond_put(shared, obj);
        else
            pond_discard(shared, obj);
    }
}

Test(switching, while_threads_are_at_work)
{
    shared = make();
    crew_run(4, hammer, NULL);
    cr_assert_eq(sums().inuse, 0, "all was put");
    cr_assert_eq(test_stats(shared).live, 0);
    cr_assert_eq(pond_debug_set("off"), 0);
    cr_assert_eq(pond_destroy(shared), 0);
}

/* ---- forks ---- */

/* ThreadSanitizer gives up in such a child. */
#ifndef TEST_TSAN
static void look_in_child(void *kept)
{
    struct sums s = sums();
    must(s.rows == 0 && pond_profile_rate() == 1, "%zu rows, rate %zu", s.rows, pond_profile_rate());
    pond_put(shared, kept);
    void *obj = pond_get(shared);
    s = sums();
    must(s.alloc == 1 && s.inuse == 1, "%g got, %g in use", s.alloc, s.inuse);
    pond_put(shared, obj);
    must(sums().inuse == 0, "it was put");
    must(pond_destroy(shared) == 0, "errno %d", errno);
}

Test(switching, a_child_begins_with_nothing)
{
    shared = make();
    set("rate=1");
    void *kept = pond_get(shared);
    test_in_child(look_in_child, kept);
    cr_assert_eq(sums().inuse, 1);
    pond_put(shared, kept);
    cr_assert_eq(pond_destroy(shared), 0);
}
#endif

/* ---- bounds ---- */

enum { ROOM = 4096, MANY = 40000, SOME = 2000, TIMES = TEST_TIMES(100) };

struct estimates {
    double sum, squares;
};

static void note_estimate(struct estimates *e, double found, double truth)
{
    e->sum += found - truth;
    e->squares += (found - truth) * (found - truth);
}

static void expect_without_bias(const struct estimates *e, const char *what)
{
    double z = e->sum / sqrt(e->squares);
    cr_assert(fabs(z) < 3.3, "%s: z = %g", what, z);
    cr_assert_lt(sqrt(e->squares / TIMES), 0.05 * MANY, "%s: the deviation is %g", what,
                 sqrt(e->squares / TIMES));
}

/*
 * Ten times as many objects in use as there is room for, and fewer again: what is in use is right on average.
 */
Test(switching, more_than_there_is_room_for)
{
    static void *objs[MANY];
    struct estimates all = {0}, left = {0};
    pond *p = make();
    set("1");
    for (int times = 0; times < TIMES; times++) {
        for (size_t i = 0; i < MANY; i++)
            objs[i] = pond_get(p);
        struct sums s = sums();
        cr_assert_eq(s.alloc, MANY);
        note_estimate(&all, s.inuse, MANY);
        pond_put_many(p, objs + SOME, MANY - SOME);
        for (size_t i = SOME; i < 2 * SOME; i++)
            objs[i] = pond_get(p);
        note_estimate(&left, sums().inuse, 2 * SOME);
        pond_put_many(p, objs, 2 * SOME);
        cr_assert_eq(sums().inuse, 0);
        pond_profile_reset();
    }
    expect_without_bias(&all, "all");
    expect_without_bias(&left, "those left");
    cr_assert_eq(pond_profile_lost(), 0);
    cr_assert_eq(pond_destroy(p), 0);
}

/* While there is room each object counts for itself, also after there was none. */
Test(switching, room_again)
{
    static void *objs[MANY];
    pond *p = make();
    set("1");
    for (size_t i = 0; i < MANY; i++)
        objs[i] = pond_get(p);
    pond_put_many(p, objs, MANY);
    for (size_t i = 0; i < 20; i++)
        pond_put(p, pond_get(p));
    for (size_t i = 0; i < ROOM; i++)
        objs[i] = pond_get(p);
    cr_assert_eq(sums().inuse, ROOM);
    pond_put_many(p, objs, ROOM);
    cr_assert_eq(pond_destroy(p), 0);
}

/* ---- words ---- */

static struct heard heard;

static void refused(const char *words, const char *said)
{
    unsigned before = heard.count;
    errno = 0;
    cr_assert(pond_profile_set(words) == -1 && errno == EINVAL, "%s: errno %d", words, errno);
    cr_assert_eq(heard.count, before + 1);
    cr_assert(strstr(heard.what, said) != NULL, "%s: %s", words, heard.what);
    cr_assert(strstr(heard.text, "rate=BYTES") != NULL, "the table: %s", heard.text);
}

Test(switching, words_that_are_not_understood)
{
    pond_on_report(hear, &heard);
    set("64k");
    refused("rate=64k,fast", "\"fast\" is no word");
    refused("rate", "\"rate\" lacks its value");
    refused("rate=0", "\"rate=0\" has a wrong value");
    refused("rate=12q", "\"rate=12q\" has a wrong value");
    refused("trace=1", "\"trace=1\" takes no value");
    refused("grow=%", "\"grow=%\" has a wrong value");
    refused("for=0", "\"for=0\" has a wrong value");
    refused("exit=", "\"exit=\" has a wrong value");
    cr_assert_eq(pond_profile_rate(), 64 << 10, "nothing is changed");
    set(" Rate = 1M , FINE=8k,grow=20%,for=2 ");
    cr_assert_eq(pond_profile_rate(), 1 << 20);
    set("");
    cr_assert_eq(pond_profile_rate(), 0);
}

/* ---- growth ---- */

static char lines[16][256];
static size_t line_count;

static void hear_line(const char *line, void *unused)
{
    (void)unused;
    if (strstr(line, "pond: rate ") == line && line_count < 16)
        (void)snprintf(lines[line_count++], sizeof lines[0], "%s", line);
}

static void says(size_t line, const char *text)
{
    cr_assert(line < line_count && strstr(lines[line], text) != NULL, "line %zu of %zu: %s, not %s", line,
              line_count, lines[line], text);
}

static void grow(const char *words, size_t bytes_before, size_t bytes)
{
    static void *objs[4096];
    pond *p = test_pond((pond_options){.size = 4096});
    size_t before = bytes_before / 4096, all = before + bytes / 4096;
    line_count = 0;
    test_get(p, objs, before);
    pond_on_trace(hear_line, NULL);
    set(words);
    pond_epoch_advance();
    pond_epoch_advance();
    cr_assert_eq(pond_profile_rate(), 512 << 10, "nothing grew");
    test_get(p, objs + before, all - before);
    pond_epoch_advance();
    cr_assert_eq(pond_profile_rate(), 16 << 10, "it has grown");
    says(0, "rate=16384 was=524288 why=grown inuse=");
    for (int tries = 0; pond_profile_rate() != 512 << 10 && tries < 6000; tries++) {
        usleep(10000); /* the second has to pass */
        pond_epoch_advance();
    }
    cr_assert_eq(pond_profile_rate(), 512 << 10, "the second is over");
    says(1, "rate=524288 was=16384 why=over inuse=");
    pond_epoch_advance();
    cr_assert_eq(line_count, 2, "what has grown is the new trough");
    pond_put_many(p, objs, all);
    cr_assert_eq(pond_destroy(p), 0);
    set("off");
    pond_on_trace(NULL, NULL);
}

Test(switching, growth_makes_the_rate_fine_for_a_while)
{
    grow("rate=512k,fine=16k,grow=4M,for=1,trace", 0, (4 << 20) + 4096);
    grow("rate=512k,fine=16k,grow=50%,for=1,trace", 2 << 20, (1 << 20) + 4096);
}
