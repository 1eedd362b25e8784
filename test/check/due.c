/* SPDX-License-Identifier: BSD-2-Clause */
/* The room due: which get is served from a guard slot. */
#include "test.h"

#include "../../src/check/check.h"
#include "threads.h"

TestSuite(due, .timeout = TEST_ALARM);

static void set_every(uint64_t every)
{
    check_settings.guard_every = every;
}

static size_t count_due(size_t calls)
{
    size_t due = 0;
    for (size_t i = 0; i < calls; i++)
        due += guard_is_due();
    return due;
}

Test(due, every_get_is_due_with_1)
{
    set_every(1);
    cr_assert_eq(count_due(1000), 1000);
}

/* Of 2,000,000 calls 2,000 in the mean, with a standard deviation of 26. */
Test(due, one_get_in_n_is_due)
{
    set_every(1000);
    size_t due = count_due(2000000);
    cr_assert(due > 1800 && due < 2200, "%zu", due);
}

Test(due, distances_between_due_gets_are_random)
{
    set_every(100);
    size_t below = 0, above = 0, longest = 0;
    for (int i = 0; i < 1000; i++) {
        size_t distance = 1;
        while (!guard_is_due())
            distance++;
        below += distance < 50;
        above += distance > 150;
        longest = distance > longest ? distance : longest;
    }
    cr_assert(below > 150 && above > 150, "%zu below half, %zu above one and a half", below, above);
    cr_assert_leq(longest, 199);
}

static void *first_is_due(void *count)
{
    *(size_t *)count += guard_is_due();
    return NULL;
}

/* A thread that lives for one get only is no likelier to be served by a slot. */
Test(due, the_first_get_of_a_thread_is_due_as_rarely)
{
    set_every(50);
    size_t due = 0;
    for (int i = 0; i < 500; i++)
        thread_run(first_is_due, &due);
    cr_assert(due < 40, "%zu of 500", due);
}

Test(due, another_n_counts_at_once)
{
    set_every(1u << 30);
    cr_assert_eq(count_due(100), 0);
    set_every(1);
    cr_assert_eq(count_due(100), 100);
    set_every(1u << 30);
    cr_assert_eq(count_due(100), 0);
}
