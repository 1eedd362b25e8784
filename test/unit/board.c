/* SPDX-License-Identifier: BSD-2-Clause */
/* The room board: which ponds a tick comes to, and which ponds a thread has caches in. */
#include "test.h"

#include "../../src/registry.h"
#include "threads.h"

#include <pond/debug.h>
#include <pond/profile.h>

TestSuite(board, .timeout = TEST_ALARM);

static struct pond *plain(void)
{
    return test_pond((pond_options){.size = 64});
}

static void use(void *p)
{
    void *objs[3];
    test_get((pond *)p, objs, 3);
    pond_put_many((pond *)p, objs, 3);
}

static void tick(int times)
{
    for (int i = 0; i < times; i++)
        (void)pond_epoch_advance();
}

/* ---- who sleeps ---- */

Test(board, a_new_pond_sleeps_from_its_first_tick_on)
{
    struct pond *p = plain();
    cr_assert(board_is_active(p));
    tick(1);
    cr_assert_not(board_is_active(p));
    cr_assert_not(board_any_active());
}

Test(board, a_pond_is_awake_until_all_of_it_is_gone)
{
    struct pond *p = plain();
    tick(1);
    use(p);
    for (int i = 0; i < 3; i++) {
        cr_assert(board_is_active(p), "after %d ticks", i);
        tick(1);
    }
    cr_assert_not(board_is_active(p));
    pond_stats s = test_stats(p);
    cr_assert(s.dropped[POND_DROP_EPOCH] == 3 && s.slab_bytes == 0);
}

/* A tick would change nothing in it. */
Test(board, what_min_idle_keeps_is_left_alone)
{
    struct pond *p = test_pond((pond_options){.size = 64, .min_idle = 3});
    use(p);
    tick(5);
    cr_assert_not(board_is_active(p));
    pond_stats s = test_stats(p);
    cr_assert(test_idle(&s) == 3 && s.epoch == 5);
    cr_assert_eq(pond_trim(p), 3 * s.object_bytes);
}

Test(board, with_max_age_it_is_not)
{
    struct pond *p = test_pond((pond_options){.size = 64, .min_idle = 3, .max_age = 6});
    use(p);
    tick(6);
    pond_stats s = test_stats(p);
    cr_assert(board_is_active(p) && test_idle(&s) == 3);
    tick(3);
    cr_assert_not(board_is_active(p));
    cr_assert_eq(test_stats(p).dropped[POND_DROP_EPOCH], 3);
}

/* Whichever way memory comes back, a tick gives it to the system. */
Test(board, a_discard_wakes)
{
    struct pond *p = plain();
    void *obj = pond_get(p);
    tick(3);
    cr_assert_not(board_is_active(p));
    pond_discard(p, obj);
    cr_assert(board_is_active(p));
    tick(2);
    cr_assert(!board_is_active(p) && test_stats(p).slab_bytes == 0);
}

Test(board, a_put_the_shared_way_wakes)
{
    struct pond *p = test_pond((pond_options){.size = 64, .max_idle_bytes = 640});
    void *obj = pond_get(p);
    tick(3);
    cr_assert_not(board_is_active(p));
    pond_put(p, obj);
    cr_assert(board_is_active(p));
    tick(3);
    cr_assert_not(board_is_active(p));
}

static void put_it(void *obj)
{
    pond_put(((void **)obj)[0], ((void **)obj)[1]);
}

/* The line was emptied by a tick, so that its owner comes by the slow path. */
Test(board, a_thread_that_comes_back_wakes)
{
    struct pond *p = plain();
    void *both[2] = {p};
    worker *w = worker_start();
    worker_do(w, use, p);
    test_get(p, &both[1], 1);
    tick(4);
    for (int round = 0; round < 3; round++) {
        cr_assert_not(board_is_active(p), "round %d", round);
        worker_do(w, put_it, both);
        cr_assert(board_is_active(p));
        tick(4);
        cr_assert_eq(test_stats(p).dropped[POND_DROP_EPOCH], 4 + (uint64_t)round);
        test_get(p, &both[1], 1);
        tick(4);
    }
    worker_end(w);
}

static bool ticks_come_to(const struct pond *p)
{
    struct board_round round = board_round(false);
    const struct pond *next;
    do
        next = board_next(&round);
    while (next != NULL && next != p);
    return next == p;
}

/* It sleeps all the same: there is nothing that ages. */
static void expect_looked_at(int (*set)(const char *), const char *words)
{
    struct pond *p = plain();
    tick(2);
    cr_assert(!board_is_active(p) && !ticks_come_to(p));
    cr_assert_eq(set(words), 0);
    for (int i = 0; i < 3; i++) {
        cr_assert(ticks_come_to(p), "tick %d", i);
        tick(1);
    }
    cr_assert(!board_is_active(p) && !pond_has_idle());
    cr_assert_eq(set("off"), 0);
    tick(2);
    cr_assert_not(ticks_come_to(p));
}

Test(board, a_watched_pond_is_looked_at)
{
    expect_looked_at(pond_debug_set, "double");
}

Test(board, so_is_a_sampled_one)
{
    expect_looked_at(pond_profile_set, "rate=1");
}

/* ---- epochs that were passed over ---- */

Test(board, epochs_are_counted_asleep_or_not)
{
    struct pond *busy = plain(), *asleep = plain();
    tick(2);
    struct pond *late = plain();
    for (uint64_t i = 0; i < 10; i++) {
        use(busy);
        tick(1);
        cr_assert_eq(test_stats(busy).epoch, 3 + i);
        cr_assert_eq(test_stats(asleep).epoch, 3 + i);
        cr_assert_eq(test_stats(late).epoch, 1 + i);
    }
    cr_assert_eq(pond_rotate(asleep), 13);
    cr_assert_eq(pond_rotate(asleep), 14);
    use(asleep);
    tick(1);
    cr_assert_eq(test_stats(asleep).epoch, 15);
    cr_assert_eq(test_stats(late).epoch, 11);
}

/* It has two ticks like any other, however long the pond has slept. */
Test(board, what_is_put_after_a_sleep_is_as_young_as_elsewhere)
{
    struct pond *p = test_pond((pond_options){.size = 64, .min_idle = 1});
    use(p);
    tick(7);
    use(p);
    tick(1);
    pond_stats s = test_stats(p);
    cr_assert(s.dropped[POND_DROP_EPOCH] == 2 && s.idle_victim == 3, "%zu dropped", (size_t)s.dropped[0]);
    tick(1);
    cr_assert_eq(test_stats(p).dropped[POND_DROP_EPOCH], 4);
}

/* ---- places ---- */

enum { MANY = 1300 };

static struct pond *many[MANY];

static size_t count_active(void)
{
    struct board_round round = board_round(false);
    size_t n = 0;
    for (const struct pond *p; (p = board_next(&round)) != NULL; n++)
        must(board_is_active(p) && many[p->index] == p, "not the one at its place");
    return n;
}

/* In each word of the board, in each part, at both ends. */
Test(board, ticks_come_to_those_that_are_active)
{
    for (uint32_t i = 0; i < MANY; i++) {
        many[i] = plain();
        cr_assert_eq(many[i]->index, i);
    }
    cr_assert_eq(count_active(), MANY);
    tick(1);
    cr_assert_eq(count_active(), 0);
    for (uint32_t i = 0, n = 1; i < MANY; i += i < 70 || i > 1230 ? 1 : 63, n++) {
        use(many[i]);
        cr_assert_eq(count_active(), n);
    }
    tick(3);
    cr_assert_eq(count_active(), 0);
}

Test(board, a_place_is_used_again)
{
    for (uint32_t i = 0; i < MANY; i++)
        many[i] = plain();
    for (uint32_t i = 7; i < MANY; i += 100)
        cr_assert_eq(pond_destroy(many[i]), 0);
    for (uint32_t i = 7; i < MANY; i += 100) {
        many[i] = plain();
        cr_assert_eq(many[i]->index, i, "the lowest that is free");
    }
    cr_assert_eq(count_active(), MANY);
}

/* Else, with a budget, always the same one would have what is over. */
Test(board, each_tick_begins_with_another)
{
    enum { ACTIVE = 4 };
    static const uint32_t at[ACTIVE] = {3, 64, 65, 600};
    for (uint32_t i = 0; i < MANY; i++)
        many[i] = plain();
    tick(1);
    for (int i = 0; i < ACTIVE; i++)
        board_wake(many[at[i]]);
    registry_lock();
    struct board_round before = board_round(true);
    const struct pond *last = board_next(&before);
    for (int i = 0; i < 3 * ACTIVE; i++) {
        struct board_round round = board_round(true);
        const struct pond *first = board_next(&round), *p = first;
        uint32_t k = 0;
        while (many[at[k]] != last)
            k++;
        for (uint32_t n = 1; n <= ACTIVE; n++, p = board_next(&round))
            cr_assert_eq(p, many[at[(k + n) % ACTIVE]], "tick %d, pond %u", i, n);
        cr_assert_null(p);
        last = first;
    }
    registry_unlock();
}

/* Whoever ends with the pond finds it awake nowhere: its place is another one's by then, perhaps. */
Test(board, what_a_pond_wakes_that_is_gone_is_no_other)
{
    struct pond *p = plain(), *next;
    use(p);
    registry_lock();
    board_remove(p);
    registry_unlock();
    next = plain();
    cr_assert_eq(next->index, p->index);
    tick(1);
    cr_assert_not(board_is_active(next));
    board_wake(p);
    cr_assert_not(board_is_active(next));
    registry_lock();
    cr_assert(board_add(p));
    registry_unlock();
}

/* ---- who uses what ---- */

static void use_some(void *unused)
{
    (void)unused;
    for (uint32_t i = 0; i < MANY; i += 100)
        use(many[i]);
    uint32_t place = 0;
    registry_lock();
    for (uint32_t i = 0; i < MANY; i += 100)
        must(board_used(gate_slot(), &place) == many[i] && place == i + 1, "not known to have used %u", i);
    must(board_used(gate_slot(), &place) == NULL, "known to have used more");
    registry_unlock();
}

static bool anybody_uses(uint32_t slot)
{
    uint32_t place = 0;
    registry_lock();
    bool any = board_used(slot, &place) != NULL;
    registry_unlock();
    return any;
}

Test(board, a_thread_that_ends_leaves_those_that_it_used)
{
    for (uint32_t i = 0; i < MANY; i++)
        many[i] = plain();
    for (int round = 0; round < 2; round++) {
        worker *w = worker_start();
        worker_do(w, use_some, NULL);
        cr_assert(anybody_uses(0));
        worker_end(w);
        cr_assert_not(anybody_uses(0));
        cr_assert_null(many[100]->caches[0].base, "the next in its slot is not admitted");
        cr_assert_eq(test_stats(many[100]).idle_shared, 3);
    }
}

Test(board, a_destroyed_pond_is_used_by_nobody)
{
    struct pond *p = plain();
    worker *w = worker_start();
    worker_do(w, use, p);
    cr_assert(anybody_uses(0));
    cr_assert_eq(pond_destroy(p), 0);
    cr_assert_not(anybody_uses(0));
    p = plain();
    cr_assert_eq(p->index, 0);
    worker_do(w, use, p);
    worker_end(w);
    cr_assert_eq(test_stats(p).idle_shared, 3);
}
