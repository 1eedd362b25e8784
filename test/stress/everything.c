/* SPDX-License-Identifier: BSD-2-Clause */
// debug
/*
 * Everything at once, in many shapes: no object is ever in two hands, none is lost, each is destroyed
 * exactly once and for the right reason.
 */
#include "test.h"

#include "stress.h"

TestSuite(stress, .timeout = 2 * TEST_ALARM);

/* clang-format off */
#define USUAL .get = 40, .put = 40, .get_many = 2, .put_many = 2, .discard = 1, .stats = 1
#define UPKEEP .tick = 1, .rotate = 1, .trim = 1, .reserve = 1

static stress_plan plans[] = {
    {.name = "gets and puts alone", .threads = 2, .times = 2000000, .hold = 30, .size = 64,
     .mix = {.get = 1, .put = 1}},
    {.name = "8 threads on few processors", .threads = 8, .times = 150000, .hold = 60, .size = 64,
     .mix = {USUAL, .tick = 1}},
    {.name = "all calls", .threads = 4, .times = 60000, .hold = 100, .size = 128,
     .mix = {USUAL, UPKEEP, .hand = 8, .take = 8}},
    {.name = "all calls, yielding hooks", .threads = 4, .times = 20000, .hold = 100, .size = 128,
     .yields = true, .mix = {USUAL, UPKEEP, .hand = 8, .take = 8}},
    {.name = "ticks all the time", .threads = 4, .times = 30000, .hold = 20, .size = 40,
     .mix = {USUAL, .tick = 20, .rotate = 20}},
    {.name = "trims all the time", .threads = 4, .times = 30000, .hold = 20, .size = 40,
     .mix = {USUAL, .trim = 20, .tick = 5}},
    {.name = "handed from thread to thread", .threads = 4, .times = 200000, .hold = 40, .size = 64,
     .mix = {.get = 10, .put = 10, .hand = 30, .take = 30, .tick = 1}},
    {.name = "threads come and go", .threads = 3, .times = 3000, .hold = 20, .size = 64,
     .mix = {USUAL, UPKEEP, .churn = 15}},
    {.name = "bursts", .threads = 4, .times = 5000, .hold = 256, .size = 64,
     .mix = {.get_many = 10, .put_many = 10, .tick = 1, .reserve = 1}},
    {.name = "caches of one object", .threads = 4, .times = 60000, .hold = 20, .size = 64,
     .cache_objects = 1, .mix = {USUAL, UPKEEP, .hand = 5, .take = 5}},
    {.name = "caches of two objects", .threads = 4, .times = 60000, .hold = 20, .size = 64,
     .cache_objects = 2, .mix = {USUAL, UPKEEP, .hand = 5, .take = 5}},
    {.name = "caches of three objects", .threads = 4, .times = 60000, .hold = 20, .size = 64,
     .cache_objects = 3, .mix = {USUAL, UPKEEP, .hand = 5, .take = 5}},
    {.name = "largest caches", .threads = 4, .times = 30000, .hold = 256, .size = 24,
     .cache_objects = POND_MAX_CACHE_OBJECTS, .mix = {USUAL, UPKEEP}},
    {.name = "few objects for many threads", .threads = 6, .times = 40000, .hold = 10, .size = 64,
     .max_objects = 25, .mix = {USUAL, UPKEEP, .hand = 5, .take = 5}},
    {.name = "a single object", .threads = 4, .times = 60000, .hold = 1, .size = 64,
     .max_objects = 1, .mix = {.get = 10, .put = 10, .tick = 1, .trim = 1, .hand = 1, .take = 1}},
    {.name = "max_idle_bytes, few", .threads = 4, .times = 40000, .hold = 60, .size = 64,
     .max_idle_bytes = 1000, .mix = {USUAL, UPKEEP}},
    {.name = "max_idle_bytes, many", .threads = 4, .times = 40000, .hold = 256, .size = 64,
     .max_idle_bytes = 40000, .mix = {USUAL, UPKEEP}},
    {.name = "min_idle", .threads = 4, .times = 40000, .hold = 60, .size = 64,
     .min_idle = 50, .mix = {USUAL, .tick = 5, .rotate = 2}},
    {.name = "max_age", .threads = 4, .times = 40000, .hold = 60, .size = 64, .max_objects = 200,
     .min_idle = 50, .max_age = 3, .budget = 7, .mix = {USUAL, UPKEEP}},
    {.name = "a tick budget", .threads = 4, .times = 40000, .hold = 200, .size = 64,
     .budget = 7, .mix = {USUAL, .tick = 3, .rotate = 1}},
    {.name = "every third put rejected", .threads = 4, .times = 40000, .hold = 60, .size = 64,
     .reject_one_in = 3, .mix = {USUAL, UPKEEP}},
    {.name = "every fifth construct fails", .threads = 4, .times = 40000, .hold = 60, .size = 64,
     .fail_one_in = 5, .mix = {USUAL, UPKEEP}},
    {.name = "every hook fails at times", .threads = 4, .times = 40000, .hold = 60, .size = 64,
     .created = true, .fail_one_in = 4, .reject_one_in = 5, .yields = true, .max_objects = 150,
     .mix = {USUAL, UPKEEP, .hand = 5, .take = 5, .churn = 1}},
    {.name = "a footprint", .threads = 4, .times = 40000, .hold = 60, .size = 64,
     .footprint = true, .mix = {USUAL, UPKEEP}},
    {.name = "a footprint and max_idle_bytes", .threads = 4, .times = 40000, .hold = 60, .size = 64,
     .footprint = true, .max_idle_bytes = 5000, .mix = {USUAL, UPKEEP}},
    {.name = "created", .threads = 4, .times = 40000, .hold = 60, .size = 64,
     .created = true, .mix = {USUAL, UPKEEP, .hand = 5, .take = 5}},
    {.name = "created, few", .threads = 4, .times = 40000, .hold = 20, .size = 64,
     .created = true, .max_objects = 30, .max_idle_bytes = 20, .mix = {USUAL, UPKEEP}},
    {.name = "wiped", .threads = 4, .times = 40000, .hold = 60, .size = 256,
     .flags = POND_ZERO_ON_PUT, .mix = {USUAL, UPKEEP}},
    {.name = "pages", .threads = 4, .times = 20000, .hold = 100, .size = 4096,
     .mix = {USUAL, UPKEEP, .hand = 5, .take = 5}},
    {.name = "the largest objects", .threads = 3, .times = 4000, .hold = 8, .size = 1 << 20,
     .mix = {USUAL, UPKEEP}},
    {.name = "odd sizes", .threads = 4, .times = 20000, .hold = 50, .size = 3000,
     .mix = {USUAL, UPKEEP}},
};
/* clang-format on */

ParameterizedTestParameters(stress, everything)
{
    return cr_make_param_array(stress_plan, plans, sizeof plans / sizeof *plans);
}

ParameterizedTest(stress_plan *plan, stress, everything)
{
    cr_log_info("%s", plan->name);
    plan->times = TEST_TIMES(plan->times);
    stress_run(plan);
}
