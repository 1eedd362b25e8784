/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two rooms of pond-scout's library, each against what it stands for: the simulated pond against a pond that
 * does the same, and the book of objects against a plain array.
 */
#include "test.h"

#include "../../src/scout/book.c"
#include "../../src/scout/sim.c"

#include <stdlib.h>

TestSuite(scout, .timeout = TEST_ALARM);

static uint32_t draw(uint32_t below)
{
    static uint32_t state = 1;
    state = state * 1664525 + 1013904223;
    return (uint32_t)((uint64_t)(state >> 8) * below >> 24);
}

/* ---- the simulated pond ---- */

enum { MOST = 3000 };

struct both {
    pond *real;
    struct scout_sim sim;
    uint64_t epoch;
    uint32_t weight; /* one in so many is recorded */
    void *live[MOST];
    bool recorded[MOST];
    uint32_t count;
};

static struct event event_of(const struct both *b)
{
    return (struct event){.now = 1, .size = 64, .epoch = b->epoch, .weight = b->weight};
}

static void go_to(struct both *b, uint32_t count)
{
    struct event e = event_of(b);
    while (b->count < count) {
        b->recorded[b->count] = draw(b->weight) == 0;
        if (b->recorded[b->count])
            sim_get(&b->sim, &e);
        b->live[b->count++] = pond_get(b->real);
    }
    while (b->count > count) {
        pond_put(b->real, b->live[--b->count]);
        if (b->recorded[b->count])
            sim_put(&b->sim, &e, 1);
    }
}

static void tick_both(struct both *b, unsigned times)
{
    for (unsigned i = 0; i < times; i++)
        (void)pond_epoch_advance();
    b->epoch += times;
}

/* So many gets that a point is not chance, with bursts of `most` and pauses of several ticks. */
static void compare(uint32_t most, uint32_t turns, uint32_t weight)
{
    static struct both b;
    b = (struct both){.real = test_pond((pond_options){.size = 64}), .epoch = 1, .weight = weight};
    for (uint32_t turn = 0; turn < 400; turn++) {
        for (uint32_t i = 0; i < turns; i++)
            go_to(&b, draw(draw(8) == 0 ? most : most / 4 + 1));
        tick_both(&b, draw(10) == 0 ? 3 : 1);
    }
    go_to(&b, 0);
    pond_stats real;
    pond_stats_read(b.real, &real);
    cr_assert(weight > 1 || real.gets == b.sim.gets);
    cr_assert_eq(b.sim.puts, b.sim.gets);
    cr_assert_eq(b.sim.live, 0);
    double is = (double)real.hits / (double)real.gets;
    double predicted = 1 - (double)b.sim.misses / (double)b.sim.gets;
    cr_assert(predicted - is < 0.01 && is - predicted < 0.01,
              "up to %u, %u times a tick: hits %.4f, predicted %.4f", most, turns, is, predicted);
}

Test(scout, predicts_what_a_pond_would_hit)
{
    compare(20, 50, 1);
    compare(300, 4, 1);
    compare(MOST, 2, 1);
    compare(MOST, 20, 1);
}

Test(scout, predicts_it_from_one_in_eight)
{
    compare(2, 800, 8); /* there is one at a time: a miss is one, not eight */
    compare(20, 500, 8);
    compare(MOST, 20, 8);
}

/* Three at a time. */
static void use_three(struct scout_sim *s, uint64_t epoch)
{
    struct event e = {.now = 1, .size = 8, .epoch = epoch, .weight = 1};
    for (int i = 0; i < 3; i++)
        sim_get(s, &e);
    for (int i = 0; i < 3; i++)
        sim_put(s, &e, 1);
}

Test(scout, nothing_is_idle_after_two_ticks)
{
    struct scout_sim s = {.size = 8};
    use_three(&s, 1);
    cr_assert_eq(s.idle_peak, 3);
    use_three(&s, 2); /* used in the epoch before: there yet */
    cr_assert_eq(s.misses, 3);
    use_three(&s, 4);
    cr_assert_eq(s.misses, 6);
}

Test(scout, a_clock_that_was_read_early_moves_nothing_back)
{
    struct scout_sim s = {.size = 8};
    struct event e = {.now = 1, .size = 8, .epoch = 5, .weight = 1};
    sim_get(&s, &e);
    sim_put(&s, &e, 1);
    e.epoch = 4;
    sim_get(&s, &e);
    cr_assert_eq(s.misses, 1);
    cr_assert_eq(s.epoch, 5);
}

/* ---- the book ---- */

enum { OBJECTS = 40000 };

Test(scout, the_book_has_what_was_added_and_not_taken)
{
    static uint64_t has[OBJECTS];
    cr_assert(book_open());
    for (uint32_t turn = 0; turn < 8 * OBJECTS; turn++) {
        uint32_t i = draw(OBJECTS);
        uint64_t address = 0x7f0000000000u + (uint64_t)i * 48;
        struct object o = {.address = address, .born = turn + 1};
        if (has[i] == 0) {
            cr_assert_not(book_take(address, &o));
            cr_assert(book_add(&o));
            has[i] = turn + 1;
        } else {
            cr_assert(book_may_have(address));
            cr_assert(book_take(address, &o));
            cr_assert_eq(o.born, has[i]);
            has[i] = 0;
        }
    }
}

Test(scout, the_book_knows_most_of_what_it_has_not)
{
    uint32_t wrong = 0;
    cr_assert(book_open());
    for (uint64_t i = 1; i <= OBJECTS; i++)
        cr_assert(book_add(&(struct object){.address = i * 32}));
    for (uint64_t i = 1; i <= OBJECTS; i++)
        wrong += book_may_have(i * 32 + (1 << 30)) ? 1 : 0;
    cr_assert_lt(wrong, OBJECTS / 2 + OBJECTS / 10);
}
