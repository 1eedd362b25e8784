/* SPDX-License-Identifier: BSD-2-Clause */
// variants: release asan tsan lock clang debug
// link: -Wl,--wrap=clock_gettime
/*
 * A pond's history: beside the looks themselves, all kept, of which each interval is worked out anew; and
 * while threads are at work, over switching and forks.
 */
#include "test.h"

#include "clock.h"
#include "threads.h"

#include <pond/profile.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

TestSuite(history, .timeout = TEST_ALARM);

static void set(const char *words)
{
    must(pond_profile_set(words) == 0, "%s: errno %d", words, errno);
}

static pond_history read_one(pond *p)
{
    pond_history h;
    cr_assert_eq(pond_history_read(p, &h), 0, "errno %d", errno);
    return h;
}

/* ---- the model: every look there was ---- */

enum { LOOKS = 60000, HELD = 300 };

struct look {
    uint64_t at, live, live_bytes, idle_bytes, gets, misses;
    bool tick;
};

static struct {
    uint64_t start;
    struct look looks[LOOKS]; /* the first is where it began */
    size_t count;
    pond *p;
    void *held[HELD];
    size_t held_count;
} own;

static void own_look(bool tick)
{
    pond_stats s = test_stats(own.p);
    must(own.count < LOOKS, "too many looks");
    own.looks[own.count++] =
        (struct look){.at = clock_now,
                      .live = s.live,
                      .live_bytes = s.live_bytes,
                      .idle_bytes = s.idle_local_bytes + s.idle_shared_bytes + s.idle_victim_bytes,
                      .gets = s.gets,
                      .misses = s.misses,
                      .tick = tick};
}

/* What is expected of the interval that ends at `end`: *l, which has what was before. The looks from number
 * *i on are of it. */
static void own_part(uint64_t end, size_t *i, struct look *l)
{
    bool ticked = false;
    l->gets = l->misses = 0;
    for (; *i < own.count && own.looks[*i].at < end; ++*i) {
        const struct look *now = &own.looks[*i];
        l->gets += now->gets - now[-1].gets;
        l->misses += now->misses - now[-1].misses;
        if (now->tick && (!ticked || now->live < l->live)) {
            l->live = now->live;
            l->live_bytes = now->live_bytes;
        }
        if (now->tick)
            l->idle_bytes = now->idle_bytes;
        ticked = ticked || now->tick;
    }
}

static void expect_part(const pond_history *h, size_t i, const struct look *l)
{
    must(h->live[i] == l->live && h->live_bytes[i] == l->live_bytes, "part %zu of %zu: %zu live, not %zu", i,
         h->count, (size_t)h->live[i], (size_t)l->live);
    must(h->idle_bytes[i] == l->idle_bytes, "part %zu of %zu: %zu idle, not %zu", i, h->count,
         (size_t)h->idle_bytes[i], (size_t)l->idle_bytes);
    must(h->gets[i] == l->gets && h->misses[i] == l->misses, "part %zu of %zu: %zu gets, not %zu", i,
         h->count, (size_t)h->gets[i], (size_t)l->gets);
}

static void expect_own(void)
{
    uint64_t interval = 1000, passed;
    size_t next = 1;
    struct look l = own.looks[0];
    own_look(false); /* as a reading counts gets */
    pond_history h = read_one(own.p);
    passed = clock_now - own.start;
    while (interval < 64000 && passed / interval >= POND_HISTORY_MOST)
        interval *= 2;
    uint64_t last = passed / interval, first = last < POND_HISTORY_MOST ? 0 : last - POND_HISTORY_MOST + 1;
    cr_assert_eq(h.interval, (double)interval / 1000);
    cr_assert_eq(h.count, last - first + 1, "%zu, not %zu", h.count, (size_t)(last - first + 1));
    for (uint64_t k = 0; k <= last; k++) {
        own_part(own.start + (k + 1) * interval, &next, &l);
        if (k >= first)
            expect_part(&h, (size_t)(k - first), &l);
    }
}

static size_t footprint(const void *obj, void *ctx)
{
    (void)obj, (void)ctx;
    return (size_t)rand() % 100;
}

static void own_work(void)
{
    for (int n = rand() % 20; n > 0; n--)
        if (rand() % 2 == 0 && own.held_count < HELD)
            test_get(own.p, &own.held[own.held_count++], 1);
        else if (own.held_count > 0)
            pond_put(own.p, own.held[--own.held_count]);
}

static void own_tick(void)
{
    own_look(true);
    if (rand() % 2 == 0)
        (void)pond_rotate(own.p);
    else
        (void)pond_epoch_advance();
}

static void own_begin(void)
{
    clock_freeze();
    own.p = test_pond((pond_options){.size = 64, .footprint = footprint, .max_footprint = 95});
    own_work();
    set("rate=512k");
    own.start = clock_now;
    own_look(false);
}

static void own_end(void)
{
    pond_put_many(own.p, own.held, own.held_count);
    cr_assert_eq(pond_destroy(own.p), 0);
}

/* How long each step takes, at most. */
ParameterizedTestParameters(history, is_what_the_looks_say)
{
    static int steps[] = {40, 300, 3000, 40000, 700000, 20000000};
    return cr_make_param_array(int, steps, sizeof steps / sizeof *steps);
}

ParameterizedTest(int *most, history, is_what_the_looks_say)
{
    own_begin();
    for (int i = 0; i < TEST_TIMES(3000); i++) {
        clock_pass((uint64_t)(rand() % *most));
        own_work();
        if (rand() % 3 > 0)
            own_tick();
        if (i % 200 == 7)
            expect_own();
    }
    expect_own();
    own_end();
}

/* Hours without a tick: what was before is true of all of them. */
Test(history, after_a_pause)
{
    own_begin();
    for (int i = 0; i < 300; i++) {
        clock_pass(700);
        own_work();
        own_tick();
    }
    for (int hours = 1; hours < 3000; hours = hours * 3 + 1) {
        clock_pass((uint64_t)hours * 3600 * 1000);
        expect_own();
        own_work();
        own_tick();
        expect_own();
    }
    pond_history h = read_one(own.p);
    cr_assert(h.interval == 64 && h.count == POND_HISTORY_MOST);
    own_end();
}

/* ---- switching ---- */

Test(history, is_there_while_sampling_is_on)
{
    pond_history h;
    clock_freeze();
    pond *p = test_pond((pond_options){.size = 64}), *q = test_pond((pond_options){.size = 64});
    cr_assert(pond_history_read(p, &h) == -1 && errno == ENODATA && h.count == 0, "errno %d", errno);
    uint64_t id = h.id;
    (void)pond_history_read(q, &h);
    cr_assert(id != 0 && h.id != 0 && h.id != id);
    void *obj = pond_get(p);
    set("512k");
    h = read_one(p);
    cr_assert(h.id == id && h.count == 1 && h.interval == 1 && h.live[0] == 1 && h.gets[0] == 0);
    clock_pass(5500);
    cr_assert_eq(read_one(p).count, 6);
    set("64k");
    pond_profile_reset();
    cr_assert_eq(read_one(p).count, 6, "it goes on");
    pond *made = test_pond((pond_options){.size = 64});
    cr_assert_eq(read_one(made).count, 1);
    set("off");
    cr_assert(pond_history_read(p, &h) == -1 && errno == ENODATA && h.count == 0 && h.id == id);
    set("64k");
    cr_assert_eq(read_one(p).count, 1, "it begins anew");
    pond_put(p, obj);
    cr_assert_eq(pond_destroy(p) + pond_destroy(q) + pond_destroy(made), 0);
}

#ifndef TEST_TSAN
static void look_in_child(void *p)
{
    pond_history h;
    must(pond_history_read(p, &h) == 0, "errno %d", errno);
    must(h.count == 1 && h.live[0] == 1 && h.gets[0] == 0, "%zu parts", h.count);
    pond_put(p, pond_get(p));
    clock_pass(3000);
    (void)pond_epoch_advance();
    must(pond_history_read(p, &h) == 0 && h.count == 4 && h.gets[3] == 1, "%zu parts", h.count);
}

Test(history, a_child_has_its_own)
{
    clock_freeze();
    pond *p = test_pond((pond_options){.size = 64});
    set("512k");
    void *obj = pond_get(p);
    clock_pass(9000);
    (void)pond_epoch_advance();
    test_in_child(look_in_child, p);
    cr_assert_eq(read_one(p).count, 10);
    pond_put(p, obj);
    cr_assert_eq(pond_destroy(p), 0);
}
#endif

/* ---- threads ---- */

static atomic_int at_work;
static pond *shared;

static void work_tick_or_read(unsigned index, void *unused)
{
    void *objs[17];
    (void)unused;
    if (index < 2) {
        for (int i = 0; i < TEST_TIMES(40000); i++)
            pond_put_many(shared, objs, pond_get_many(shared, objs, 1 + (size_t)i % 17));
        atomic_fetch_sub(&at_work, 1);
        return;
    }
    while (atomic_load(&at_work) > 0) {
        pond_history h;
        clock_pass(10);
        if (index == 2)
            (void)pond_epoch_advance();
        must(pond_history_read(shared, &h) == 0 && h.count >= 1, "errno %d", errno);
        for (size_t i = 0; i < h.count; i++)
            must(h.misses[i] <= h.gets[i], "%zu of %zu", (size_t)h.misses[i], (size_t)h.gets[i]);
    }
}

/* Each get is in one part, whoever ticks and reads meanwhile. */
Test(history, while_threads_are_at_work)
{
    uint64_t gets = 0, misses = 0;
    clock_freeze();
    shared = test_pond((pond_options){.size = 64});
    set("4k");
    atomic_store(&at_work, 2);
    crew_run(4, work_tick_or_read, NULL);
    pond_history h = read_one(shared);
    pond_stats s = test_stats(shared);
    for (size_t i = 0; i < h.count; i++) {
        gets += h.gets[i];
        misses += h.misses[i];
    }
    bool whole = h.interval < 64; /* none has gone */
    cr_assert(!whole || (gets == s.gets && misses == s.misses), "%zu of %zu", (size_t)gets, (size_t)s.gets);
    cr_assert_eq(pond_destroy(shared), 0);
}
