/* SPDX-License-Identifier: BSD-2-Clause */
// link: -Wl,--wrap=mmap,--wrap=munmap,--wrap=madvise
/*
 * The room shared: the way of those without a cache, and the bounds on what may be idle. The objects are
 * numbers, and where a pond has a footprint hook the number is the footprint.
 */
#include "test.h"

#include "../../src/shared.h"
#include "fault.h"
#include "threads.h"

#include <stdatomic.h>
#include <stdlib.h>

TestSuite(shared, .timeout = TEST_ALARM);

static struct pond *p;

static void *number(size_t n)
{
    return (void *)(uintptr_t)n;
}

static size_t number_of(const void *obj)
{
    return (uintptr_t)obj;
}

static size_t number_is_footprint(const void *obj, void *ctx)
{
    (void)ctx;
    return number_of(obj);
}

static void expect_get(size_t n)
{
    cr_assert_eq(number_of(shared_get(p)), n);
}

/* One epoch on, as a tick does it. */
static void tick(void)
{
    depot_turn(&p->depot, p->epoch + 1);
    STORE(p->epoch, p->epoch + 1);
    shared_drain(p);
}

static void expect_idle(uint64_t young, uint64_t victims)
{
    cr_assert_eq(shared_young(p), young, "%zu young, not %zu", (size_t)shared_young(p), (size_t)young);
    cr_assert_eq(shared_victims(p), victims, "%zu victims, not %zu", (size_t)shared_victims(p),
                 (size_t)victims);
}

/* ---- get and put ---- */

Test(shared, every_object_put_is_got_once)
{
    enum { MANY = 1000 };
    static bool got[MANY + 1];
    p = test_pond((pond_options){.size = 64});
    cr_assert_null(shared_get(p));
    for (size_t n = 1; n <= MANY; n++) {
        cr_assert(shared_put(p, number(n)));
        expect_idle(n, 0);
    }
    for (size_t left = MANY; left > 0; left--) {
        size_t n = number_of(shared_get(p));
        cr_assert(0 < n && n <= MANY && !got[n], "%zu", n);
        got[n] = true;
        expect_idle(left - 1, 0);
    }
    cr_assert_null(shared_get(p));
    cr_assert_eq(p->gets, MANY);
}

/* Puts count down to its end, and no further. */
Test(shared, a_pond_is_starved_until_some_puts_have_come)
{
    p = test_pond((pond_options){.size = 64});
    cr_assert(shared_put(p, number(1)));
    cr_assert_not(shared_is_starved(p), "nothing starved it");
    shared_starve(p);
    size_t puts = 1;
    for (; shared_is_starved(p) && puts < 1000; puts++)
        cr_assert(shared_put(p, number(puts + 1)));
    cr_assert(2 < puts && puts < 1000, "it ended after %zu puts", puts);
    cr_assert(shared_put(p, number(puts + 1)));
    cr_assert_not(shared_is_starved(p), "it had ended");
    expect_idle(puts + 1, 0);
}

static void *take(struct pond *p)
{
    bool counted;
    pthread_mutex_lock(&p->lock);
    void *obj = shared_take(p, &counted);
    pthread_mutex_unlock(&p->lock);
    return obj;
}

static void *take_loose(struct pond *p)
{
    bool counted;
    pthread_mutex_lock(&p->lock);
    void *obj = shared_take_loose(p, &counted);
    pthread_mutex_unlock(&p->lock);
    return obj;
}

Test(shared, who_takes_under_the_lock_counts)
{
    p = test_pond((pond_options){.size = 64});
    cr_assert(shared_put(p, number(1)));
    cr_assert(shared_put(p, number(2)));
    expect_idle(2, 0);
    cr_assert_not_null(take(p));
    cr_assert_not_null(take_loose(p));
    cr_assert_eq(p->gets, 0);
    expect_idle(0, 0);
}

/* The magazine being filled is loose; a full one is in the depot, where any cache can have it. */
Test(shared, full_magazines_go_to_the_depot)
{
    p = test_pond((pond_options){.size = 64, .cache_objects = 20});
    for (size_t n = 1; n <= 25; n++)
        cr_assert(shared_put(p, number(n)));
    cr_assert_eq(depot_shared(&p->depot, 0), 20);
    cr_assert_eq(p->shared->count, 5);
    for (size_t n = 25; n > 20; n--)
        cr_assert_eq(number_of(take_loose(p)), n);
    cr_assert_null(take_loose(p));
    expect_get(20);
    expect_idle(19, 0);
}

Test(shared, a_drain_leaves_nothing_loose)
{
    p = test_pond((pond_options){.size = 64});
    shared_drain(p);
    cr_assert(shared_put(p, number(1)));
    shared_drain(p);
    cr_assert_null(p->shared);
    cr_assert_eq(depot_shared(&p->depot, 0), 1);
    cr_assert(shared_put(p, number(2)));
    cr_assert_eq(number_of(take_loose(p)), 2);
    shared_drain(p);
    cr_assert_null(p->shared);
    struct magazine *m = depot_pop_empty(&p->depot);
    cr_assert_not_null(m, "the emptied magazine");
    depot_give_back(&p->depot, m, p->epoch);
    cr_assert(shared_put(p, number(3)));
    cr_assert_eq(p->shared, m, "is used again");
    expect_idle(2, 0);
}

/* What is due lies in p->dropping while a tick drops it, and can be had until it is dropped. */
Test(shared, even_what_is_being_dropped_can_be_taken)
{
    p = test_pond((pond_options){.size = 64});
    cr_assert(shared_put(p, number(1)));
    cr_assert(shared_put(p, number(2)));
    tick();
    tick();
    p->dropping = depot_pop_due(&p->depot, p->epoch);
    expect_idle(0, 2);
    cr_assert(shared_put(p, number(3)));
    expect_idle(1, 2);
    expect_get(3);
    expect_get(2);
    cr_assert_eq(number_of(take(p)), 1);
    cr_assert_null(take(p));
    expect_idle(0, 0);
}

/* Young before old; and what is left of an old magazine stays old. */
Test(shared, taking_one_does_not_refresh_its_neighbours)
{
    p = test_pond((pond_options){.size = 64});
    for (size_t n = 1; n <= 3; n++)
        cr_assert(shared_put(p, number(n)));
    tick();
    expect_idle(0, 3);
    cr_assert(shared_put(p, number(4)));
    shared_drain(p);
    expect_get(4);
    expect_get(3);
    cr_assert(shared_put(p, number(3)));
    expect_idle(1, 2);
    tick();
    struct magazine *due = depot_pop_due(&p->depot, p->epoch);
    cr_assert(due != NULL && due->count == 2);
    expect_idle(0, 1);
}

/* ---- magazines within max_idle_bytes ---- */

enum { BOUND = 640 };

static void start_bounded(void)
{
    p = test_pond((pond_options){.size = 64, .max_idle_bytes = 64 * BOUND});
    must(p->max_idle_objects == BOUND && !p->counts_idle_exactly, "%zu objects of room", p->max_idle_objects);
}

Test(shared, magazines_have_no_more_room_than_may_be_idle)
{
    struct magazine *all[BOUND], *m;
    uint64_t room = 0;
    size_t made = 0;
    start_bounded();
    for (; (m = charge_magazine(p, false)) != NULL; room += m->room)
        all[made++] = m;
    cr_assert(room <= BOUND && room + p->magazine_room > BOUND, "%zu", (size_t)room);
    cr_assert_eq(p->charged, room);
    charge_end(p, all[--made]);
    STORE(p->magazine_room, p->room_most + 1);
    cr_assert_null(charge_magazine(p, false), "larger than what was ended");
    STORE(p->magazine_room, p->room_most);
    cr_assert_not_null(all[made++] = charge_magazine(p, false));
    STORE(p->magazine_room, p->room_most + 1);
    while (made > 0)
        charge_end(p, all[--made]);
    cr_assert_eq(p->charged, 0, "each with the room that it was made with");
}

Test(shared, idle_objects_are_bounded)
{
    size_t n = 0;
    start_bounded();
    while (n < 2 * BOUND && shared_put(p, number(n + 1)))
        n++;
    cr_assert(n <= BOUND && n + p->magazine_room > BOUND, "%zu", n);
    cr_assert_not(shared_put(p, number(n + 1)));
    expect_idle(n, 0);
    for (uint32_t got = p->magazine_room; got > 0; got--)
        cr_assert_not_null(shared_get(p));
    cr_assert(shared_put(p, number(n)), "a magazine is empty again");
}

/* Else a bound that is set later would not know of them. */
Test(shared, without_a_bound_all_magazines_are_charged_as_well)
{
    p = test_pond((pond_options){.size = 64});
    charge_end(p, charge_magazine(p, false));
    struct magazine *m = charge_magazine(p, false);
    cr_assert_not_null(m);
    cr_assert_eq(p->charged, m->room);
}

Test(shared, a_magazine_that_memory_refused_is_not_charged)
{
    start_bounded();
    fault_arm(FAULT_MMAP, 0, true);
    cr_assert_null(charge_magazine(p, false));
    cr_assert_not(shared_put(p, number(1)));
    fault_disarm(FAULT_MMAP);
    cr_assert_eq(p->charged, 0);
    expect_idle(0, 0);
    cr_assert(shared_put(p, number(1)));
}

static atomic_size_t room_held;

static void make_and_end(struct magazine **hand)
{
    if (*hand != NULL) {
        atomic_fetch_sub(&room_held, (*hand)->room);
        charge_end(p, *hand);
        *hand = NULL;
    } else if ((*hand = charge_magazine(p, false)) != NULL) {
        size_t room = atomic_fetch_add(&room_held, (*hand)->room) + (*hand)->room;
        must(room <= BOUND, "%zu in all magazines", room);
    }
}

static void hold_magazines(unsigned index, void *unused)
{
    struct magazine *held[16] = {NULL};
    (void)unused;
    for (unsigned i = 0; i < TEST_TIMES(40000); i++)
        make_and_end(&held[(i * 7 + index) % 16]);
    for (int i = 0; i < 16; i++)
        if (held[i] != NULL)
            make_and_end(&held[i]);
}

Test(shared, threads_share_the_bound)
{
    start_bounded();
    STORE(p->magazine_room, 31);
    crew_run(4, hold_magazines, NULL);
    cr_assert_eq(p->charged, 0);
}

/* ---- bytes counted exactly ---- */

enum { STRIDE = 64, MOST_BYTES = 10000 };

static void start_exact(void)
{
    p = test_pond(
        (pond_options){.size = STRIDE, .footprint = number_is_footprint, .max_idle_bytes = MOST_BYTES});
    must(p->counts_idle_exactly, "bytes are counted");
}

Test(shared, idle_bytes_are_the_sum_of_footprints)
{
    start_exact();
    size_t sum = 0;
    for (size_t n = 1; n <= 60; n += 7) {
        cr_assert(shared_put(p, number(n)));
        cr_assert_eq(p->idle_bytes, sum += STRIDE + n);
    }
    size_t n = number_of(shared_get(p));
    cr_assert_eq(p->idle_bytes, sum -= STRIDE + n);
    n = number_of(take(p));
    cr_assert_eq(p->idle_bytes, sum);
    shared_forget_bytes(p, number(n));
    cr_assert_eq(p->idle_bytes, sum - STRIDE - n);
    while (shared_get(p) != NULL)
        continue;
    cr_assert_eq(p->idle_bytes, 0);
}

Test(shared, not_a_byte_more_may_be_idle)
{
    start_exact();
    cr_assert(shared_put(p, number(MOST_BYTES - 2 * STRIDE - 500)));
    cr_assert_not(shared_put(p, number(501)));
    cr_assert_eq(p->idle_bytes, MOST_BYTES - STRIDE - 500);
    cr_assert(shared_put(p, number(500)));
    cr_assert_eq(p->idle_bytes, MOST_BYTES);
    cr_assert_not(shared_put(p, number(1)));
    expect_idle(2, 0);
}

Test(shared, bytes_of_what_memory_refused_are_forgotten)
{
    start_exact();
    fault_arm(FAULT_MMAP, 0, true);
    cr_assert_not(shared_put(p, number(100)));
    fault_disarm(FAULT_MMAP);
    cr_assert_eq(p->idle_bytes, 0);
    expect_idle(0, 0);
}

/* ---- many threads ---- */

enum { OBJECTS = 64 };

static atomic_int owned[OBJECTS + 1];

static void give(size_t n)
{
    atomic_store(&owned[n], 0);
    must(shared_put(p, number(n)), "%zu was refused", n);
}

static void get_and_put(unsigned index, void *unused)
{
    size_t held[8] = {0};
    (void)unused;
    for (unsigned i = 0; i < TEST_TIMES(100000); i++) {
        size_t *hand = &held[(i * 3 + index) % 8];
        if (*hand == 0 && (*hand = number_of(shared_get(p))) != 0) {
            must(atomic_exchange(&owned[*hand], 1) == 0, "%zu is in two hands", *hand);
        } else if (*hand != 0) {
            give(*hand);
            *hand = 0;
        }
    }
    for (int i = 0; i < 8; i++)
        if (held[i] != 0)
            give(held[i]);
}

Test(shared, an_object_is_in_one_hand)
{
    p = test_pond((pond_options){.size = STRIDE,
                                 .cache_objects = 6,
                                 .footprint = number_is_footprint,
                                 .max_idle_bytes = OBJECTS * (STRIDE + OBJECTS)});
    for (size_t n = 1; n <= OBJECTS; n++)
        cr_assert(shared_put(p, number(n)));
    crew_run(4, get_and_put, NULL);
    expect_idle(OBJECTS, 0);
    cr_assert_eq(p->idle_bytes, OBJECTS * STRIDE + OBJECTS * (OBJECTS + 1) / 2);
}
