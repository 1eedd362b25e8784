/* SPDX-License-Identifier: BSD-2-Clause */
/* The room due: which get is served from a guard slot. */
#include "test.h"

#include "../../src/check/guard.h"
#include "threads.h"

#include <string.h>
#include <unistd.h>

TestSuite(due, .timeout = TEST_ALARM);

static int64_t step;

static void set_every(uint64_t every)
{
    step = guard_step(every);
}

static size_t count_due(size_t calls)
{
    size_t due = 0;
    for (size_t i = 0; i < calls; i++)
        due += guard_is_due(step);
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
        while (!guard_is_due(step))
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
    *(size_t *)count += guard_is_due(step);
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

/* Gets of ponds with an N each, in turn: each pond has as many as its own N says. */
Test(due, each_pond_has_its_own_n)
{
    const int64_t often = guard_step(20), seldom = guard_step(1000);
    size_t due_often = 0, due_seldom = 0;
    for (int i = 0; i < 1000000; i++) {
        due_often += guard_is_due(often);
        due_seldom += guard_is_due(seldom);
    }
    cr_assert(due_often > 49000 && due_often < 51000, "%zu", due_often);
    cr_assert(due_seldom > 850 && due_seldom < 1150, "%zu", due_seldom);
}

Test(due, every_get_of_a_pond_with_1_is_due_beside_another)
{
    const int64_t all = guard_step(1), seldom = guard_step(1000);
    size_t due = 0;
    for (int i = 0; i < 100000; i++) {
        cr_assert(guard_is_due(all), "get %d", i);
        due += guard_is_due(seldom);
    }
    cr_assert(due > 50 && due < 200, "%zu", due);
}

/* ---- forked workers ---- */

enum { CHILDREN = 4, GETS = 400 };

struct sequence {
    pond *pond;
    int end;        /* of a pipe */
    bool in_thread; /* of the child's own */
    bool guarded[GETS];
};

static void *draw(void *arg)
{
    struct sequence *s = arg;
    for (int i = 0; i < GETS; i++) {
        void *obj = pond_get(s->pond);
        must(obj != NULL, "errno %d", errno);
        s->guarded[i] = guard_owns(obj);
        pond_put(s->pond, obj);
    }
    return NULL;
}

static void draw_and_tell(void *arg)
{
    struct sequence *s = arg;
    s->in_thread ? thread_run(draw, s) : (void)draw(s);
    must(write(s->end, s->guarded, sizeof s->guarded) == sizeof s->guarded, "errno %d", errno);
}

static size_t count_guarded(const bool *guarded)
{
    size_t count = 0;
    for (int i = 0; i < GETS; i++)
        count += guarded[i];
    return count;
}

/*
 * Of 400 gets some 40 are guarded. Two children draw the same with a probability of about one in 19 to the
 * power of 40.
 */
static void expect_each_its_own(const char *words, bool in_thread)
{
    int ends[2];
    bool drawn[CHILDREN][GETS];
    must(pipe(ends) == 0, "errno %d", errno);
    must(pond_debug_set(words) == 0, "errno %d", errno);
    struct sequence s = {
        .pond = test_pond((pond_options){.size = 64}), .end = ends[1], .in_thread = in_thread};
    (void)draw(&s);
    for (int i = 0; i < CHILDREN; i++) {
        test_in_child(draw_and_tell, &s);
        must(read(ends[0], drawn[i], GETS) == GETS, "errno %d", errno);
        cr_assert(count_guarded(drawn[i]) > 5 && count_guarded(drawn[i]) < 120, "%zu of %d",
                  count_guarded(drawn[i]), GETS);
        for (int k = 0; k < i; k++)
            cr_assert(memcmp(drawn[i], drawn[k], GETS) != 0, "%s: children %d and %d draw the same", words, k,
                      i);
    }
    cr_assert_eq(pond_destroy(s.pond), 0);
}

Test(due, forked_workers_draw_their_own)
{
    expect_each_its_own("guard=1/10", false);
    expect_each_its_own("guard=1/10,double", false);
}

/* ThreadSanitizer gives up when a forked child begins a thread. */
#ifdef TEST_TSAN
#define CHILD_HAS_THREADS false
#else
#define CHILD_HAS_THREADS true
#endif

Test(due, threads_of_forked_workers_draw_their_own, .disabled = !CHILD_HAS_THREADS)
{
    expect_each_its_own("guard=1/10", true);
    expect_each_its_own("guard=1/10,double", true);
}

static void tell_first(void *arg)
{
    struct sequence *s = arg;
    int first = 0;
    for (bool guarded = false; !guarded; first++) {
        void *obj = pond_get(s->pond);
        must(obj != NULL, "errno %d", errno);
        guarded = guard_owns(obj);
        pond_put(s->pond, obj);
    }
    must(write(s->end, &first, sizeof first) == sizeof first, "errno %d", errno);
}

/* The parent's thread had drawn its next one before it forked. Each child's is one of the first 1,999. */
static void expect_first_its_own(const char *words)
{
    int ends[2], first[CHILDREN];
    must(pipe(ends) == 0, "errno %d", errno);
    must(pond_debug_set(words) == 0, "errno %d", errno);
    struct sequence s = {.pond = test_pond((pond_options){.size = 64}), .end = ends[1]};
    pond_put(s.pond, pond_get(s.pond));
    for (int i = 0; i < CHILDREN; i++) {
        test_in_child(tell_first, &s);
        must(read(ends[0], &first[i], sizeof first[i]) == sizeof first[i], "errno %d", errno);
        cr_assert_leq(first[i], 1999);
    }
    cr_assert(first[0] != first[1] || first[1] != first[2] || first[2] != first[3], "%s: all draw %d", words,
              first[0]);
    cr_assert_eq(pond_destroy(s.pond), 0);
}

Test(due, what_was_drawn_before_the_fork_does_not_count)
{
    expect_first_its_own("guard=1/1000");
    expect_first_its_own("guard=1/1000,double");
}
