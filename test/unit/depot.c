/* SPDX-License-Identifier: BSD-2-Clause */
/* The room depot: magazines by age, for many threads at once. */
#include "test.h"

#include "../../src/depot.h"
#include "threads.h"

#include <stdatomic.h>
#include <stdlib.h>

TestSuite(depot, .timeout = TEST_ALARM);

static struct depot depot;

/* A magazine with n objects that were put at this epoch. */
static struct magazine *stamped(uint64_t epoch, uint32_t n)
{
    struct magazine *m = magazine_make(13);
    must(m != NULL && n <= m->room, "no magazine for %u", n);
    m->epoch = epoch;
    m->count = n;
    return m;
}

static void push(uint64_t stamp, uint32_t n, uint64_t epoch)
{
    depot_give_back(&depot, stamped(stamp, n), epoch);
}

static void expect_counts(uint64_t epoch, uint64_t shared, uint64_t victims)
{
    cr_assert_eq(depot_shared(&depot, epoch), shared, "%zu shared, not %zu",
                 (size_t)depot_shared(&depot, epoch), (size_t)shared);
    cr_assert_eq(depot_victims(&depot, epoch), victims, "%zu victims, not %zu",
                 (size_t)depot_victims(&depot, epoch), (size_t)victims);
}

/* The magazine popped must have n objects; 0: there must be none. */
static void expect_n(struct magazine *m, uint32_t n)
{
    if (n == 0) {
        cr_assert_null(m);
        return;
    }
    cr_assert_not_null(m);
    cr_assert_eq(m->count, n, "%u objects, not %u", m->count, n);
    magazine_end(m);
}

static void expect_pop(uint64_t epoch, uint32_t n)
{
    expect_n(depot_pop(&depot, epoch), n);
}

static void expect_due(uint64_t epoch, uint32_t n)
{
    expect_n(depot_pop_due(&depot, epoch), n);
}

/* ---- depot_is_valid sees what is wrong ---- */

#define BROKEN(place, value)                                                                                 \
    do {                                                                                                     \
        uint64_t was = (place);                                                                              \
        (place) = (value);                                                                                   \
        cr_assert_not(depot_is_valid(&depot, 7), "%s = %s", #place, #value);                                 \
        (place) = (__typeof__(place))was;                                                                    \
        cr_assert(depot_is_valid(&depot, 7), "%s as it was", #place);                                        \
    } while (0)

Test(depot, what_is_wrong_in_it_is_seen)
{
    depot_init(&depot);
    struct magazine *m = stamped(6, 5);
    push(7, 3, 7);
    depot_give_back(&depot, m, 7);
    depot_give_back_due(&depot, stamped(2, 1));
    depot_give_back_aged(&depot, stamped(1, 2));
    cr_assert(depot_is_valid(&depot, 7), "before anything was broken");
    BROKEN(m->count, 0);
    BROKEN(m->count, 4);
    BROKEN(m->count, 14);
    BROKEN(m->room, 4);
    BROKEN(m->epoch, 5);
    BROKEN(m->epoch, 9);
    BROKEN(depot.stacks[0].objects, 4);
    BROKEN(depot.overdue.objects, 2);
    BROKEN(depot.aged.objects, 0);
}

/* However many there are, it looks at some of each age: what is missing in the count of those is seen. */
Test(depot, a_full_one_is_looked_at_in_part)
{
    depot_init(&depot);
    for (int i = 0; i < 100; i++)
        push(6, 13, 7);
    cr_assert(depot_is_valid(&depot, 7));
    BROKEN(depot.stacks[0].objects, 64 * 13);
}

/* ---- ageing ---- */

Test(depot, a_new_one_is_empty)
{
    depot_init(&depot);
    for (uint64_t epoch = 0; epoch < 4; epoch++) {
        expect_counts(epoch, 0, 0);
        expect_pop(epoch, 0);
        expect_due(epoch, 0);
    }
    cr_assert_null(depot_pop_empty(&depot));
}

/* As the epochs go on: shared, victims, due; at whichever epoch it begins. */
ParameterizedTestParameters(depot, magazines_age)
{
    static uint64_t first[] = {0, 1, 2, 3, 1000000007, ((uint64_t)1 << 32) - 1};
    return cr_make_param_array(uint64_t, first, sizeof first / sizeof *first);
}

ParameterizedTest(uint64_t *first, depot, magazines_age)
{
    uint64_t e = *first;
    depot_init(&depot);
    push(e, 5, e);
    expect_counts(e, 5, 0);
    expect_due(e, 0);
    depot_turn(&depot, ++e);
    expect_counts(e, 0, 5);
    expect_due(e, 0);
    depot_turn(&depot, ++e);
    expect_counts(e, 0, 5);
    expect_due(e, 5);
    expect_counts(e, 0, 0);
    expect_due(e, 0);
}

/* A cache is emptied after the epoch was counted on: what it holds is of the age it was stamped with. */
Test(depot, the_stamp_says_where_it_goes)
{
    depot_init(&depot);
    for (uint64_t stamp = 10; stamp > 4; stamp--)
        push(stamp, (uint32_t)(11 - stamp), 10);
    expect_counts(10, 1, 2 + 3 + 4 + 5 + 6);
    size_t due = 0;
    for (struct magazine *m; (m = depot_pop_due(&depot, 10)) != NULL; due += m->count)
        cr_assert_leq(m->epoch + 2, 10);
    cr_assert_eq(due, 3 + 4 + 5 + 6);
    expect_pop(10, 1);
    expect_pop(10, 2);
    expect_pop(10, 0);
}

Test(depot, the_youngest_comes_first)
{
    enum { NOW = 7 };
    depot_init(&depot);
    depot_give_back_due(&depot, stamped(1, 4));
    push(NOW - 2, 3, NOW);
    push(NOW - 1, 2, NOW);
    push(NOW, 1, NOW);
    expect_counts(NOW, 1, 9);
    for (uint32_t n = 1; n <= 2; n++)
        expect_pop(NOW, n);
    expect_pop(NOW, 4); /* overdue: it must not stay for ever */
    expect_pop(NOW, 3);
    expect_pop(NOW, 0);
    expect_counts(NOW, 0, 0);
}

Test(depot, the_last_in_is_the_first_out)
{
    depot_init(&depot);
    for (uint32_t n = 1; n <= 5; n++)
        push(2, n, 2);
    expect_counts(2, 1 + 2 + 3 + 4 + 5, 0);
    for (uint32_t n = 5; n > 0; n--)
        expect_pop(2, n);
}

/* ---- the oldest first ---- */

static void expect_stamps(struct magazine *(*pop)(struct depot *), const uint64_t *stamps, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct magazine *m = pop(&depot);
        cr_assert_not_null(m, "only %zu magazines", i);
        cr_assert_eq(m->epoch, stamps[i], "magazine %zu is of epoch %zu", i, (size_t)m->epoch);
        magazine_end(m);
    }
    cr_assert_null(pop(&depot));
}

static struct magazine *pop_due_now(struct depot *d)
{
    return depot_pop_due(d, 1000);
}

/* So many magazines that were overdue come in a disorder, and leave from the oldest on. */
Test(depot, what_is_overdue_is_put_in_order)
{
    static uint64_t stamps[700];
    for (size_t n = 0; n <= 700; n = n * 2 + 1) {
        depot_init(&depot);
        for (size_t i = 0; i < n; i++)
            depot_give_back_due(&depot, stamped(i * 379 % n, 1 + (uint32_t)i % 3));
        for (size_t i = 0; i < n; i++)
            stamps[i] = i;
        uint64_t objects = depot_victims(&depot, 1000);
        depot_order(&depot, 1000);
        cr_assert_eq(depot_victims(&depot, 1000), objects);
        expect_stamps(pop_due_now, stamps, n);
    }
}

/* Older than max_age: no get has it, nor is it due. It counts among the victims. */
Test(depot, what_is_aged_is_set_apart)
{
    enum { NOW = 1000 };
    depot_init(&depot);
    depot.max_age = 10;
    static const uint64_t given[] = {NOW - 10, NOW - 12, 3, NOW - 9, NOW - 11, NOW - 11};
    for (size_t i = 0; i < sizeof given / sizeof *given; i++)
        depot_give_back_due(&depot, stamped(given[i], 2));
    depot_order(&depot, NOW);
    cr_assert_eq(depot_aged(&depot), 8);
    expect_counts(NOW, 0, 12);
    depot_give_back_due(&depot, stamped(NOW - 13, 2));
    depot_order(&depot, NOW);
    expect_stamps(depot_pop_aged, (const uint64_t[]){3, NOW - 13, NOW - 12, NOW - 11, NOW - 11}, 5);
    expect_stamps(pop_due_now, (const uint64_t[]){NOW - 10, NOW - 9}, 2);
}

/* With a max_age of one epoch what is due is too old. */
Test(depot, what_is_due_may_be_aged)
{
    depot_init(&depot);
    depot.max_age = 1;
    push(5, 2, 7);
    push(6, 3, 7);
    depot_order(&depot, 7);
    cr_assert_eq(depot_aged(&depot), 2);
    expect_pop(7, 3);
    expect_pop(7, 0);
}

/* A thread that a tick missed brings it where gets look, whichever epoch it believes in. */
Test(depot, a_get_sets_apart_what_is_aged)
{
    depot_init(&depot);
    depot.max_age = 4;
    push(10, 1, 10);
    push(12, 2, 12);
    push(11, 3, 15);
    expect_pop(16, 2);
    expect_pop(16, 0);
    cr_assert_eq(depot_aged(&depot), 4);
    depot_give_back_aged(&depot, stamped(9, 5));
    expect_n(depot_pop_aged(&depot), 5);
    depot_give_back_aged(&depot, stamped(9, 0));
    cr_assert_not_null(depot_pop_empty(&depot), "without objects it is among the empties");
}

/* What a limit kept a tick from dropping makes way for the new epoch, and stays due. */
Test(depot, a_turn_moves_what_was_left_over)
{
    depot_init(&depot);
    push(4, 3, 4);
    push(4, 2, 4);
    depot_turn(&depot, 5);
    depot_turn(&depot, 6);
    expect_due(6, 2);
    depot_turn(&depot, 7);
    expect_counts(7, 0, 3);
    push(7, 5, 7);
    expect_counts(7, 5, 3);
    depot_turn(&depot, 8);
    depot_turn(&depot, 9);
    expect_counts(9, 0, 8);
    expect_due(9, 3);
    expect_due(9, 5);
    expect_due(9, 0);
}

Test(depot, all_is_due_when_told)
{
    depot_init(&depot);
    for (uint64_t now = 7; now < 10; now++) {
        for (uint32_t age = 0; age < 3; age++)
            push(now - age, age + 5, now);
        depot_give_back_due(&depot, stamped(1, 1));
        depot_all_due(&depot);
        expect_counts(now, 0, 5 + 6 + 7 + 1);
        uint32_t sum = 0;
        for (struct magazine *m; (m = depot_pop_due(&depot, now)) != NULL; magazine_end(m))
            sum += m->count;
        cr_assert_eq(sum, 5 + 6 + 7 + 1);
        expect_counts(now, 0, 0);
    }
}

Test(depot, empty_magazines_hold_nothing)
{
    depot_init(&depot);
    struct magazine *m = stamped(3, 0);
    depot_give_back(&depot, m, 3);
    for (uint64_t epoch = 0; epoch < 3; epoch++)
        expect_counts(epoch, 0, 0);
    expect_pop(3, 0);
    cr_assert_eq(depot_pop_empty(&depot), m);
    depot_give_back_due(&depot, m);
    expect_due(3, 0);
    cr_assert_eq(depot_pop_empty(&depot), m);
    cr_assert_null(depot_pop_empty(&depot));
    magazine_end(m);
}

/* Whoever pops it would read slots[count - 1]: no pointer at all, or one that is somebody's. */
Test(depot, a_magazine_with_a_wrong_count_is_not_handed_out)
{
    depot_init(&depot);
    push(3, 4, 3);
    struct magazine *empty = stamped(3, 0), *wild = stamped(3, 1);
    wild->count = wild->room + 1;
    ck_stack_push_spnc(&depot.stacks[0].stack, &empty->link);
    ck_stack_push_spnc(&depot.stacks[0].stack, &wild->link);
    depot.stacks[0].objects += wild->count;
    expect_pop(3, 4);
    expect_counts(3, 0, 0);
    expect_pop(3, 0);
    cr_assert_eq(depot_pop_empty(&depot), empty);
    cr_assert_eq(depot_pop_empty(&depot), wild);
    cr_assert_eq(wild->count, 0);
}

/* A thread that its process lost by a fork had counted a magazine, and not yet pushed it. */
Test(depot, what_a_forked_child_finds_is_counted_anew)
{
    depot_init(&depot);
    push(3, 4, 3);
    push(3, 2, 3);
    push(2, 3, 3);
    depot_give_back_due(&depot, stamped(0, 5));
    depot.stacks[0].objects += 7;
    depot.stacks[2].objects -= 3;
    depot.overdue.objects += 1;
    depot_recount(&depot);
    expect_counts(3, 6, 8);
}

/* ---- many threads ---- */

enum { THREADS = 4, MAGAZINES = 24, FEW = 6, NOW = 9 };

static struct {
    atomic_int owned[MAGAZINES]; /* 1: a thread has it */
    struct magazine *all[MAGAZINES];
    size_t objects; /* in all of them */
    atomic_size_t popped;
    atomic_uint at_work;
} crowd;

static size_t number_of(const struct magazine *m)
{
    must(m != NULL, "a magazine was lost");
    return (uintptr_t)m->slots[0];
}

static void own(const struct magazine *m)
{
    must(number_of(m) < MAGAZINES && crowd.all[number_of(m)] == m, "%p is none of ours", (const void *)m);
    must(atomic_exchange_explicit(&crowd.owned[number_of(m)], 1, memory_order_relaxed) == 0,
         "magazine %zu is in two hands", number_of(m));
}

static void disown(const struct magazine *m)
{
    atomic_store_explicit(&crowd.owned[number_of(m)], 0, memory_order_relaxed);
}

static void fill_depot(void)
{
    depot_init(&depot);
    for (uint32_t i = 0; i < MAGAZINES; i++) {
        struct magazine *m = crowd.all[i] = stamped(NOW - i % 3, i % 13 + 1);
        m->slots[0] = (void *)(uintptr_t)i;
        crowd.objects += m->count;
        depot_give_back(&depot, m, NOW);
    }
}

static void expect_all_there(void)
{
    expect_counts(NOW, depot_shared(&depot, NOW), crowd.objects - depot_shared(&depot, NOW));
    for (int i = 0; i < MAGAZINES; i++)
        own(depot_pop(&depot, NOW));
    expect_pop(NOW, 0);
    expect_counts(NOW, 0, 0);
}

/* Each thread has a few at a time and writes to them without atomics. */
static void pop_and_push(unsigned index, void *unused)
{
    enum { HANDS = 3 };
    struct magazine *held[HANDS] = {NULL};
    size_t popped = 0;
    (void)unused;
    for (unsigned i = 0; i < TEST_TIMES(200000); i++) {
        struct magazine **hand = &held[(i + index) % HANDS];
        if (*hand != NULL) {
            (*hand)->epoch = NOW - i % 3;
            disown(*hand);
            depot_give_back(&depot, *hand, NOW);
        }
        *hand = i % 5 == 0 ? depot_pop_due(&depot, NOW) : depot_pop(&depot, NOW);
        if (*hand != NULL) {
            own(*hand);
            popped++;
        }
    }
    for (int i = 0; i < HANDS; i++)
        if (held[i] != NULL) {
            disown(held[i]);
            depot_give_back_due(&depot, held[i]);
        }
    atomic_fetch_add(&crowd.popped, popped);
}

Test(depot, a_magazine_is_in_one_hand)
{
    fill_depot();
    crew_run(THREADS, pop_and_push, NULL);
    cr_assert_gt(atomic_load(&crowd.popped), 0);
    expect_all_there();
}

/* One, other, one again on top: the order in which a stack without generations would break. */
static void empties_go_round(unsigned index, void *unused)
{
    (void)index;
    (void)unused;
    for (unsigned i = 0; i < TEST_TIMES(1000000); i++) {
        struct magazine *both[] = {depot_pop_empty(&depot), depot_pop_empty(&depot)};
        for (int n = 0; n < 2; n++) {
            if (both[n] == NULL)
                continue;
            own(both[n]);
            must(both[n]->count == 0, "%u objects in an empty magazine", both[n]->count);
            disown(both[n]);
            depot_give_back(&depot, both[n], 0);
        }
    }
}

Test(depot, an_empty_magazine_is_in_one_hand)
{
    depot_init(&depot);
    for (uint32_t i = 0; i < FEW; i++) {
        struct magazine *m = crowd.all[i] = stamped(0, 0);
        m->slots[0] = (void *)(uintptr_t)i;
        depot_give_back(&depot, m, 0);
    }
    crew_run(THREADS, empties_go_round, NULL);
    for (int i = 0; i < FEW; i++)
        own(depot_pop_empty(&depot));
    cr_assert_null(depot_pop_empty(&depot));
}

/* The counts never miss an object that is there: less than none would be a huge number. */
static void pop_push_and_count(unsigned index, void *unused)
{
    (void)index;
    (void)unused;
    for (unsigned i = 0; i < TEST_TIMES(2000000); i++) {
        struct magazine *m = depot_pop(&depot, NOW);
        uint64_t shared = depot_shared(&depot, NOW);
        must(shared <= 13, "%zu shared of 13", (size_t)shared);
        if (m != NULL)
            depot_give_back(&depot, m, NOW);
    }
}

Test(depot, counts_never_miss_an_object)
{
    depot_init(&depot);
    push(NOW, 13, NOW);
    crew_run(3, pop_push_and_count, NULL);
    expect_counts(NOW, 13, 0);
}

/* One thread's turns move magazines that others pop and push at the same time. */
static void turn_or_pop(unsigned index, void *unused)
{
    if (index > 0) {
        pop_and_push(index, unused);
        atomic_fetch_sub(&crowd.at_work, 1);
        return;
    }
    for (uint64_t epoch = NOW; atomic_load(&crowd.at_work) > 0; epoch++) {
        depot_turn(&depot, epoch);
        if (epoch % 64 == 0)
            depot_all_due(&depot);
    }
}

Test(depot, a_turn_loses_nothing_to_others)
{
    fill_depot();
    atomic_store(&crowd.at_work, 2);
    crew_run(3, turn_or_pop, NULL);
    expect_all_there();
}
