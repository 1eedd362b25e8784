/* SPDX-License-Identifier: BSD-2-Clause */
// variants: release fence debug
// link: -Wl,-T,test/support/library_text.ld
// link: -Wl,--wrap=os_nap,--wrap=os_yield,--wrap=pthread_mutex_lock,--wrap=pthread_cond_wait
/*
 * Words come on again while a put that was watched before is still in its hook. The thread that switches them
 * is held at each instruction in turn; meanwhile that put ends, and its thread gets the object again. Its
 * next put is right, and nothing is reported.
 */
#include "test.h"

#include "stepper.h"
#include "threads.h"

#include <pond/debug.h>

TestSuite(switched, .timeout = TEST_ALARM);

/* For all ponds, and for this one by its name. */
static const char *words;

enum { MOST_PLACES = 1 << 14 };

static place places[MOST_PLACES];
static pond *letters;
static void *object;
static event in_reset = EVENT_INIT, may_return = EVENT_INIT, may_put = EVENT_INIT;
static bool slow;

static bool reset(void *obj, void *ctx)
{
    (void)obj, (void)ctx;
    if (slow) {
        slow = false;
        event_set(&in_reset);
        event_wait(&may_return);
    }
    return true;
}

/* A put that takes long, a get and a put. */
static void use(void *unused)
{
    (void)unused;
    slow = true;
    pond_put(letters, object);
    object = pond_get(letters);
    must(object != NULL, "errno %d", errno);
    stepper_done();
    event_wait(&may_put);
    pond_put(letters, object);
}

static void get_object(void *unused)
{
    (void)unused;
    object = pond_get(letters);
    must(object != NULL, "errno %d", errno);
}

static void switch_on(void *unused)
{
    (void)unused;
    stepper_begin();
    must(pond_debug_set(words) == 0, "errno %d", errno);
    stepper_end();
}

/* True: the switch was held. */
static bool run_once(worker *user, worker *switcher)
{
    bool held = false;
    event_clear(&in_reset);
    event_clear(&may_return);
    event_clear(&may_put);
    must(pond_debug_set(words) == 0, "errno %d", errno);
    letters = pond_create(&(pond_options){.name = "letters", .size = 64, .reset = reset});
    must(letters != NULL, "errno %d", errno);
    worker_do(user, get_object, NULL);
    worker_begin(user, use, NULL);
    event_wait(&in_reset);
    must(pond_debug_set("") == 0, "errno %d", errno);
    worker_begin(switcher, switch_on, NULL);
    while (stepper_wait()) {
        held = true;
        stepper_meanwhile(40);
        event_set(&may_return);
        (void)stepper_ended();
        stepper_go();
    }
    worker_wait(switcher);
    event_set(&may_return);
    event_set(&may_put);
    worker_wait(user);
    stepper_no_longer();
    must(pond_debug_set("") == 0 && pond_destroy(letters) == 0, "errno %d", errno);
    return held;
}

static void hold_everywhere(void *list)
{
    words = list;
    stepper_open();
    worker *user = worker_start(), *switcher = worker_start();
    size_t steps, held = 0;
    stepper_pass();
    (void)run_once(user, switcher);
    stepper_find(places, MOST_PLACES, 1);
    (void)run_once(user, switcher);
    size_t n = stepper_found(&steps);
    must(n > 100 && n < MOST_PLACES, "%zu instructions", n);
    for (size_t k = 0; k < n; k++) {
        stepper_hold_at(places[k]);
        held += run_once(user, switcher);
        must(pond_report_count() == 0, "reported, held at %zu of %zu", k, n);
    }
    must(held >= n - n / 10, "of %zu instructions %zu were held at", n, held);
    worker_end(user);
    worker_end(switcher);
}

Test(switched, on_while_a_put_of_before_goes_on)
{
    if (!STEPPER_WORKS)
        cr_skip("needs the trap flag of x86-64");
    test_in_child(hold_everywhere, "double,stacks=0");
    test_in_child(hold_everywhere, "full@nobody,double@let*,stacks=0@letters");
}
