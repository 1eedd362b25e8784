/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Words are switched on and off, for all ponds and by name, while threads do everything to a pond and another
 * one audits it: objects, counts and contents stay right, and nothing is reported of a program that is right.
 */
#include "test.h"

#include "stress.h"
#include "threads.h"

#include <pond/debug.h>
#include <stdatomic.h>

static const char *const sets[] = {"double,stacks=1",
                                   "",
                                   "poison,stacks=1",
                                   "fast",
                                   "guard=1/7",
                                   "poison=8,guard=1/20,stacks=2",
                                   "",
                                   "guard=1/3",
                                   "hold=1000000000",
                                   "leak,confine",
                                   "bypass",
                                   "full@nobody,guard=1/5@nobody",
                                   "fast,-redzone,audit@led*",
                                   "poison@ledger,guard=1/4@ledger",
                                   "bypass@ledger,-tag@ledger",
                                   "double,-double@ledger",
                                   "audit,redzone,poison"};

static atomic_bool done;
static atomic_uint reports;

static void count_report(const pond_report *r, void *ctx)
{
    (void)ctx;
    if (atomic_fetch_add(&reports, 1) == 0)
        cr_log_error("%s", r->text);
}

static void switch_words(void)
{
    unsigned n = 0;
    while (!atomic_load(&done)) {
        must(pond_debug_set(sets[n++ % (sizeof(sets) / sizeof(sets[0]))]) == 0, "pond_debug_set");
        sched_yield();
    }
    must(pond_debug_set("") == 0, "off");
}

/* Nothing is ever wrong. */
static void look_at_all(void)
{
    while (!atomic_load(&done)) {
        must(pond_audit(NULL) == 0, "an audit found something");
        sched_yield();
    }
}

static void run(unsigned index, void *plan)
{
    if (index == 0) {
        switch_words();
    } else if (index == 1) {
        look_at_all();
    } else {
        stress_run(plan);
        atomic_store(&done, true);
    }
}

#define MIX                                                                                                  \
    .mix = {.get = 30,                                                                                       \
            .put = 30,                                                                                       \
            .get_many = 2,                                                                                   \
            .put_many = 2,                                                                                   \
            .discard = 2,                                                                                    \
            .hand = 5,                                                                                       \
            .take = 5,                                                                                       \
            .tick = 1,                                                                                       \
            .rotate = 1,                                                                                     \
            .trim = 1,                                                                                       \
            .reserve = 1,                                                                                    \
            .stats = 1,                                                                                      \
            .churn = 1}

static stress_plan plans[] = {
    {.name = "plain", .threads = 4, .times = 60000, .hold = 40, .size = 64, .seed = 1, MIX},
    {.name = "large objects", .threads = 2, .times = 6000, .hold = 10, .size = 9000, .seed = 2, MIX},
    {.name = "made by create",
     .threads = 3,
     .times = 12000,
     .hold = 40,
     .created = true,
     .size = 64,
     .seed = 3,
     MIX},
    {.name = "max_objects",
     .threads = 3,
     .times = 12000,
     .hold = 20,
     .size = 100,
     .max_objects = 70,
     .seed = 4,
     MIX},
    {.name = "exact bytes",
     .threads = 2,
     .times = 6000,
     .hold = 30,
     .size = 80,
     .footprint = true,
     .max_idle_bytes = 20000,
     .seed = 5,
     MIX},
    {.name = "rejected and failing",
     .threads = 3,
     .times = 12000,
     .hold = 30,
     .size = 48,
     .reject_one_in = 7,
     .fail_one_in = 11,
     .seed = 6,
     MIX},
    {.name = "few kept",
     .threads = 3,
     .times = 12000,
     .hold = 30,
     .size = 256,
     .min_idle = 20,
     .cache_objects = 4,
     .seed = 7,
     MIX},
};

ParameterizedTestParameters(words, change_while_all_goes_on)
{
    return cr_make_param_array(stress_plan, plans, sizeof(plans) / sizeof(plans[0]));
}

ParameterizedTest(stress_plan *plan, words, change_while_all_goes_on, .timeout = TEST_ALARM)
{
    pond_on_report(count_report, NULL);
    crew_run(3, run, plan);
    cr_assert_eq(atomic_load(&reports), 0);
    cr_assert_eq(pond_report_count(), 0);
}
