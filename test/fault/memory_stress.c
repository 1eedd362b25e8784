/* SPDX-License-Identifier: BSD-2-Clause */
// link: -Wl,--wrap=mmap,--wrap=munmap,--wrap=madvise
/*
 * Stress while memory comes and goes: every now and then mmap, munmap or madvise fails, for a while or once.
 */
#include "test.h"

#include "fault.h"
#include "stress.h"
#include "threads.h"

TestSuite(memory_stress, .timeout = 2 * TEST_ALARM);

/* clang-format off */
static stress_plan plans[] = {
    {.name = "small objects", .threads = 4, .times = 40000, .hold = 200, .size = 64, .no_memory = true,
     .mix = {.get = 20, .put = 20, .get_many = 4, .put_many = 4, .discard = 1, .tick = 1, .trim = 1, .reserve = 1}},
    {.name = "large objects", .threads = 3, .times = 3000, .hold = 12, .size = 600000, .no_memory = true,
     .mix = {.get = 20, .put = 20, .get_many = 4, .put_many = 4, .discard = 4, .tick = 1, .trim = 1}},
    {.name = "max_idle_bytes", .threads = 4, .times = 40000, .hold = 200, .size = 64, .no_memory = true,
     .max_idle_bytes = 60000,
     .mix = {.get = 20, .put = 20, .get_many = 4, .put_many = 4, .tick = 1, .trim = 1, .reserve = 1, .churn = 1}},
};
/* clang-format on */

static atomic_bool stop;
static atomic_size_t faults;

/* Arms one fault after another: each call in turn, once or from then on. */
static void *make_faults(void *arg)
{
    (void)arg;
    for (unsigned round = 0; !atomic_load(&stop); round++) {
        fault_call call = (fault_call)(round % FAULT_CALLS);
        fault_arm(call, round % 5, round % 2 == 0);
        for (int i = 0; i < 200; i++)
            sched_yield();
        fault_disarm(call);
        atomic_fetch_add(&faults, fault_hits(call));
        sched_yield();
    }
    return NULL;
}

ParameterizedTestParameters(memory_stress, memory_comes_and_goes)
{
    return cr_make_param_array(stress_plan, plans, sizeof plans / sizeof *plans);
}

ParameterizedTest(stress_plan *plan, memory_stress, memory_comes_and_goes)
{
    pthread_t thread;
    pond *first = test_pond((pond_options){.size = 8});
    cr_assert_eq(pthread_create(&thread, NULL, make_faults, NULL), 0);
    plan->times = TEST_TIMES(plan->times);
    stress_run(plan);
    atomic_store(&stop, true);
    pthread_join(thread, NULL);
    cr_log_info("%s: %zu calls failed", plan->name, atomic_load(&faults));
    cr_assert_eq(pond_destroy(first), 0);
}
