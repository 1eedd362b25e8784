/* SPDX-License-Identifier: BSD-2-Clause */
// variants: release asan lock clang
/* Stress where membarrier is refused from the start, and where it is refused after it had worked. */
#include "test.h"

#include "membarrier.h"
#include "stress.h"

TestSuite(refused, .timeout = 2 * TEST_ALARM);

static const stress_plan plan = {
    .threads = 4,
    .times = TEST_TIMES(40000),
    .hold = 60,
    .size = 64,
    .max_objects = 300,
    .mix = {.get = 40, .put = 40, .discard = 1, .hand = 5, .take = 5, .tick = 1, .trim = 1, .churn = 1},
};

static void use_and_tick(void)
{
    void *obj;
    pond *p = test_pond((pond_options){.size = 8});
    test_get(p, &obj, 1);
    pond_put(p, obj);
    pond_epoch_advance();
    pond_epoch_advance();
    cr_assert_eq(test_stats(p).dropped[POND_DROP_EPOCH], 1);
    cr_assert_eq(pond_destroy(p), 0);
}

Test(refused, from_the_start)
{
    membarrier_refuse();
    use_and_tick();
    stress_run(&plan);
}

Test(refused, after_first_use)
{
    use_and_tick();
    membarrier_refuse();
    use_and_tick();
    stress_run(&plan);
}

static void *leave_one_idle(void *p)
{
    void *obj;
    test_get((pond *)p, &obj, 1);
    pond_put((pond *)p, obj);
    return NULL;
}

/* The child has to ask again, and is refused. */
static void child_is_refused(void *arg)
{
    (void)arg;
    use_and_tick();
    membarrier_refuse();
    use_and_tick();
    stress_run(&plan);
}

static void child_of_a_refused_parent(void *p)
{
    leave_one_idle(p);
    pond_epoch_advance();
    pond_epoch_advance();
    must(pond_destroy((pond *)p) == 0, "errno %d", errno);
    stress_run(&plan);
}

Test(refused, in_a_forked_child)
{
    use_and_tick();
    test_in_child(child_is_refused, NULL);
}

Test(refused, before_a_fork)
{
    membarrier_refuse();
    pond *p = test_pond((pond_options){.size = 8});
    leave_one_idle(p);
    test_in_child(child_of_a_refused_parent, p);
    cr_assert_eq(pond_destroy(p), 0);
}

/* Allowed in the parent and refused from before the fork on: the child cannot register again. */
Test(refused, between_first_use_and_fork)
{
    pond *p = test_pond((pond_options){.size = 8});
    leave_one_idle(p);
    pond_epoch_advance();
    membarrier_refuse();
    test_in_child(child_of_a_refused_parent, p);
    cr_assert_eq(pond_destroy(p), 0);
}
