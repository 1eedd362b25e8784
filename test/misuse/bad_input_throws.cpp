/* SPDX-License-Identifier: BSD-2-Clause */
// variants: release asan tsan fence lock clang
/* Hooks that are left by an exception, with no words on and with them: the rest of the pond goes on. */
#include "test.h"

#include "heard.h"

#include <stdexcept>

TestSuite(bad_input_throws, .timeout = TEST_ALARM);

static bool throwing;

static void may_throw()
{
    if (throwing) {
        throwing = false;
        throw std::runtime_error("from a hook");
    }
}

static int construct(void *, void *)
{
    may_throw();
    return 0;
}

static bool reset(void *, void *)
{
    may_throw();
    return true;
}

static void destroy(void *, pond_drop_reason, void *)
{
    may_throw();
}

static pond *make()
{
    pond_options o = pond_options();
    o.size = 64;
    o.construct = construct;
    o.reset = reset;
    o.destroy = destroy;
    return test_pond(o);
}

static void still_works(pond *p)
{
    void *objs[50];
    test_get(p, objs, 50);
    pond_put_many(p, objs, 50);
    pond_epoch_advance();
    pond_epoch_advance();
}

static bool throws_in_get(pond *p)
{
    throwing = true;
    try {
        return pond_get(p) == nullptr && !throwing;
    } catch (const std::runtime_error &) {
        return true;
    }
    return false;
}

static bool throws_in_put(pond *p, void *obj)
{
    throwing = true;
    try {
        pond_put(p, obj);
    } catch (const std::runtime_error &) {
        return true;
    }
    return false;
}

static bool throws_in_tick()
{
    pond_epoch_advance();
    throwing = true;
    try {
        pond_epoch_advance();
    } catch (const std::runtime_error &) {
        return true;
    }
    return false;
}

static void expect_live(pond *p, unsigned live)
{
    pond_stats s;
    still_works(p);
    pond_stats_read(p, &s);
    cr_assert_eq(s.live, live, "%d live", (int)s.live);
}

static void all_three(pond *p)
{
    cr_assert(throws_in_get(p));
    expect_live(p, 1);
    void *obj = pond_get(p);
    cr_assert(throws_in_put(p, obj));
    expect_live(p, 2);
    pond_put(p, pond_get(p));
    cr_assert(throws_in_tick());
    expect_live(p, 2);
    cr_assert_eq(pond_destroy(p), -1);
    cr_assert_eq(errno, EBUSY);
}

Test(bad_input_throws, objects_stay_live_and_the_pond_goes_on)
{
    all_three(make());
}

/* Each is told of, by the next call of the thread. */
Test(bad_input_throws, and_is_reported_when_any_word_is_on)
{
    static const char *const hooks[] = {"construct", "reset", "destroy"};
    struct heard h;
    listen_to(&h, "double,stacks=0"); // what repeats from one place is told once
    pond *p = make();
    for (unsigned i = 0; i < 3; i++) {
        char sentence[80];
        void *obj = pond_get(p);
        pond_put(p, pond_get(p));
        unsigned before = h.count;
        if (i == 0) {
            pond_trim(p);
            cr_assert(throws_in_get(p));
        } else {
            cr_assert(i == 1 ? throws_in_put(p, obj) : throws_in_tick());
        }
        if (i != 1)
            pond_put(p, obj);
        still_works(p);
        snprintf(sentence, sizeof sentence, "the %s hook was left by longjmp or an exception", hooks[i]);
        HEARD(h, before, "hook", sentence);
    }
    cr_assert_eq(pond_destroy(p), -1);
}
