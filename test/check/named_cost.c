/* SPDX-License-Identifier: BSD-2-Clause */
// variants: release fence lock clang debug
// link: -Wl,-T,test/support/library_text.ld
// link: -Wl,--wrap=os_nap,--wrap=os_yield,--wrap=pthread_mutex_lock,--wrap=pthread_cond_wait
/* While words are on for ponds of other names a get and put take not an instruction more. */
#include "test.h"

#include "stepper.h"
#include "threads.h"

#include <pond/debug.h>

TestSuite(named_cost, .timeout = TEST_ALARM);

static void *get(pond *p)
{
    void *obj = pond_get(p);
    must(obj != NULL, "errno %d", errno);
    return obj;
}

static pond *make_named(const char *name)
{
    return test_pond((pond_options){.name = name, .size = 64});
}

enum { MOST_PLACES = 1 << 12 };

static place places[MOST_PLACES];
static pond *counted;

static void pair(void *unused)
{
    (void)unused;
    stepper_begin();
    pond_put(counted, pond_get(counted));
    stepper_end();
}

static void warm(void *unused)
{
    (void)unused;
    for (int i = 0; i < 10; i++)
        pond_put(counted, get(counted));
}

/* Of a get and put by the fast path, and of what measures it. */
static size_t count_instructions(worker *w)
{
    size_t steps;
    worker_do(w, warm, NULL);
    stepper_find(places, MOST_PLACES, 1);
    worker_begin(w, pair, NULL);
    while (stepper_wait())
        stepper_go();
    worker_wait(w);
    (void)stepper_found(&steps);
    return steps;
}

static void count_with_and_without(void *unused)
{
    (void)unused;
    stepper_open();
    worker *w = worker_start();
    must(pond_debug_set("") == 0, "errno %d", errno);
    counted = make_named("counted");
    size_t plain = count_instructions(w);
    must(pond_debug_set("full@other*,guard=1/100@watched") == 0, "errno %d", errno);
    (void)make_named("other");
    (void)make_named("watched");
    size_t beside = count_instructions(w);
    must(pond_debug_set("double,stacks=0") == 0, "errno %d", errno);
    size_t watched = count_instructions(w);
    must(pond_debug_set("") == 0, "errno %d", errno);
    size_t after = count_instructions(w);
    worker_end(w);
    must(plain == beside && plain == after,
         "a pair takes %zu instructions, %zu while words are on for others, %zu afterwards", plain, beside,
         after);
    must(watched > plain + 30, "watched %zu, %zu else", watched, plain);
}

Test(named_cost, other_ponds_take_no_instruction_more)
{
    if (!STEPPER_WORKS || TEST_SANITIZED)
        cr_skip("needs the trap flag of x86-64");
    test_in_child(count_with_and_without, NULL);
}
