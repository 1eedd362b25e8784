/* SPDX-License-Identifier: BSD-2-Clause */
/* What the words themselves drop, guard and chaos, has a reason of its own; every other drop keeps its true
 * one. */
#include "test.h"

#include "../../src/check/guard.h"
#include "ledger.h"
#include "witness.h"

TestSuite(reasons, .timeout = TEST_ALARM);

static witness seen = WITNESS_INIT;

static void switch_to(const char *words)
{
    must(pond_debug_set(words) == 0, "pond_debug_set(\"%s\"): errno %d", words, errno);
}

/* The hook is told what the statistics count. */
static void expect_dropped(pond *p, pond_drop_reason why, size_t n)
{
    cr_assert_eq(test_stats(p).dropped[why], n, "reason %d: %zu dropped", (int)why,
                 (size_t)test_stats(p).dropped[why]);
    cr_assert_eq(witness_count_why(&seen, why), n);
}

static bool reject(void *obj, void *ctx)
{
    (void)obj, (void)ctx;
    return false;
}

static size_t owns_ten(const void *obj, void *ctx)
{
    (void)obj, (void)ctx;
    return 10;
}

/* Gets and puts n objects one after the other; returns how many of them were in guard slots. */
static size_t get_and_put(pond *p, size_t n)
{
    size_t guarded = 0;
    for (size_t i = 0; i < n; i++) {
        void *obj = pond_get(p);
        must(obj != NULL, "errno %d", errno);
        guarded += guard_owns(obj);
        pond_put(p, obj);
    }
    return guarded;
}

Test(reasons, what_guard_takes_is_dropped_for_debug)
{
    pond *p = test_pond(witness_options(&seen, 64));
    switch_to("guard=1/10");
    size_t guarded = get_and_put(p, 5000);
    cr_assert(guarded > 300 && guarded < 700, "%zu of 5000", guarded);
    expect_dropped(p, POND_DROP_DEBUG, guarded);
    expect_dropped(p, POND_DROP_LIMIT, 0);
    cr_assert_eq(pond_destroy(p), 0);
}

Test(reasons, what_chaos_takes_is_dropped_for_debug)
{
    pond *p = test_pond(witness_options(&seen, 64));
    switch_to("chaos=3");
    (void)get_and_put(p, 5000);
    size_t taken = (size_t)test_stats(p).dropped[POND_DROP_DEBUG];
    cr_assert(taken > 200 && taken < 450, "one in 16 of 5000: %zu", taken);
    expect_dropped(p, POND_DROP_DEBUG, taken);
    expect_dropped(p, POND_DROP_TRIM, 0);
    cr_assert_eq(pond_destroy(p), 0);
}

/* Each of these would have gone without any word, and in a guard slot goes for the same reason. */
static void expect_true_reason(pond_options options, pond_drop_reason why, const char *words)
{
    seen.count = 0;
    pond *p = test_pond(options);
    switch_to(words);
    for (int i = 0; i < 200; i++) {
        void *obj = pond_get(p);
        must(obj != NULL, "errno %d", errno);
        why == POND_DROP_DISCARDED ? pond_discard(p, obj) : pond_put(p, obj);
    }
    expect_dropped(p, why, 200);
    expect_dropped(p, POND_DROP_DEBUG, 0);
    cr_assert_eq(pond_destroy(p), 0);
}

Test(reasons, another_reason_goes_first)
{
    static const char *const words[] = {"guard", "chaos=3", "guard,chaos=3,double"};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        pond_options options = witness_options(&seen, 64);
        expect_true_reason(options, POND_DROP_DISCARDED, words[i]);
        options.footprint = owns_ten;
        options.max_footprint = 9;
        expect_true_reason(options, POND_DROP_LIMIT, words[i]);
        options.reset = reject;
        expect_true_reason(options, POND_DROP_REJECTED, words[i]);
    }
}

/* Every hook once for each object, for the reason that is counted, and the counts in balance (test_stats). */
Test(reasons, all_objects_are_accounted_for)
{
    ledger l = {.size = 100, .reject_one_in = 5};
    pond *p = test_pond(ledger_options(&l));
    void *objs[40];
    switch_to("guard=1/3,chaos=9");
    for (int round = 0; round < 100; round++) {
        for (int i = 0; i < 40; i++)
            objs[i] = ledger_get(&l, p);
        ledger_check(&l, p, 40);
        for (int i = 0; i < 40; i++)
            i % 7 == 0 ? ledger_discard(&l, p, objs[i]) : ledger_put(&l, p, objs[i]);
        round % 5 == 0 ? (void)pond_trim(p) : (void)pond_rotate(p);
    }
    cr_assert_gt(test_stats(p).dropped[POND_DROP_DEBUG], 500);
    cr_assert_eq(test_stats(p).dropped[POND_DROP_LIMIT], 0);
    ledger_close(&l, p);
}
