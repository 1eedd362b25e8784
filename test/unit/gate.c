/* SPDX-License-Identifier: BSD-2-Clause */
// link: -Wl,--wrap=syscall,--wrap=nanosleep,--wrap=sched_yield
/* The room gate: who is inside a cache, and who may take it over. Both at once: gate_race.c. */
#include "test.h"

#include "ground.h"

TestSuite(gate, .timeout = TEST_ALARM);

/* ---- one thread ---- */

BOTH_WAYS(gate, a_thread_has_no_cache_before_it_registers)
{
    start(*refused);
    cr_assert_eq(gates_end(), 0);
    cr_assert_not(gate_registered());
    expect_closed(NULL);
    close_ground(GATE_LONG);
    gates_open(ground);
    expect_closed(NULL);
    enroll(NULL);
    cr_assert(gate_registered());
    cr_assert_eq(gate_slot(), 0);
    cr_assert_eq(gates_end(), 1);
    expect_open(NULL);
}

BOTH_WAYS(gate, a_closed_gate_lets_nobody_in)
{
    start(*refused);
    enroll(NULL);
    for (int i = 0; i < 3; i++) {
        close_ground(GATE_BOUNDED);
        cr_assert(gate_is_free(ground, 0));
        expect_closed(NULL);
        gates_open(ground);
        expect_open(NULL);
    }
    gate_close_mine();
    expect_closed(NULL);
    gate_open_mine();
    expect_open(NULL);
    gate_dismiss(ground);
    expect_closed(NULL);
    gate_admit(ground);
    expect_open(NULL);
}

/* ---- a thread inside ---- */

static event inside = EVENT_INIT, may_leave = EVENT_INIT;

static void park_inside(void *unused)
{
    (void)unused;
    must(gate_enter(ground) == my_cache(), "the gate of slot %u is closed", gate_slot());
    event_set(&inside);
    event_wait(&may_leave);
    my_cache()->gets = 1; /* without an atomic: the gate orders it */
    gate_leave(ground, my_cache());
}

static worker *start_parked(void)
{
    worker *w = worker_start();
    worker_do(w, enroll, NULL);
    event_clear(&inside);
    worker_begin(w, park_inside, NULL);
    event_wait(&inside);
    return w;
}

static void open_own(void *unused)
{
    (void)unused;
    come_by(ground);
}

BOTH_WAYS(gate, a_bounded_closer_gives_up_and_leaves_the_gate_shut)
{
    start(*refused);
    enroll(NULL);
    worker *parked = start_parked(), *free_one = worker_start();
    worker_do(free_one, enroll, NULL);
    close_ground(GATE_BOUNDED);
    cr_assert_eq(atomic_load(&naps), 0);
    cr_assert(gate_is_free(ground, 0) && !gate_is_free(ground, 1) && gate_is_free(ground, 2));
    gates_open(ground);
    expect_open(NULL);
    worker_do(free_one, expect_open, NULL);
    event_set(&may_leave);
    worker_wait(parked);
    worker_do(parked, expect_closed, NULL);
    cr_assert_not(gate_is_free(ground, 1), "its caches were left as they are");
    worker_do(parked, open_own, NULL);
    worker_do(parked, expect_open, NULL);
    cr_assert(gate_is_free(ground, 1));
    worker_end(parked);
    worker_end(free_one);
}

BOTH_WAYS(gate, the_next_closer_finds_a_missed_thread_free)
{
    start(*refused);
    worker *parked = start_parked();
    close_ground(GATE_BOUNDED);
    gates_open(ground);
    close_ground(GATE_BOUNDED);
    cr_assert_not(gate_is_free(ground, 0), "it is still inside");
    gates_open(ground);
    event_set(&may_leave);
    worker_wait(parked);
    worker_do(parked, expect_closed, NULL);
    close_ground(GATE_BOUNDED);
    cr_assert(gate_is_free(ground, 0));
    gates_open(ground);
    worker_do(parked, expect_open, NULL);
    worker_end(parked);
}

static void close_long(void *unused)
{
    (void)unused;
    close_ground(GATE_LONG);
    must(ground->caches[0].gets == 1, "the closer did not wait for who was inside");
}

BOTH_WAYS(gate, a_long_closer_waits)
{
    start(*refused);
    worker *parked = start_parked(), *closer = worker_start();
    atomic_store(&naps_last, true);
    worker_begin(closer, close_long, NULL);
    event_wait(&napping);
    event_set(&may_leave);
    worker_wait(parked);
    event_set(&may_wake);
    worker_wait(closer);
    cr_assert(gate_is_free(ground, 0));
    worker_do(parked, expect_closed, NULL);
    gates_open(ground);
    worker_do(parked, expect_open, NULL);
    worker_end(parked);
    worker_end(closer);
}

/* About a second: ten thousand naps of a tenth of a millisecond. */
BOTH_WAYS(gate, a_long_closer_gives_up_in_the_end)
{
    start(*refused);
    worker *parked = start_parked();
    close_ground(GATE_LONG);
    cr_assert_not(gate_is_free(ground, 0));
    cr_assert(5000 <= atomic_load(&naps) && atomic_load(&naps) <= 20000, "%zu naps", atomic_load(&naps));
    gates_open(ground);
    event_set(&may_leave);
    worker_wait(parked);
    worker_do(parked, expect_closed, NULL);
    worker_end(parked);
}

/* What a tick may cost does not grow with the number of threads that are held up. */
BOTH_WAYS(gate, many_missed_threads_are_waited_for_once)
{
    enum { PARKED = 12 };
    worker *parked[PARKED];
    start(*refused);
    parked[0] = start_parked();
    close_ground(GATE_BOUNDED);
    size_t for_one = atomic_exchange(&yields, 0);
    gates_open(ground);
    for (int i = 1; i < PARKED; i++)
        parked[i] = start_parked();
    close_ground(GATE_BOUNDED);
    size_t for_all = atomic_load(&yields);
    cr_assert(for_one > 0 && for_all <= for_one, "%zu yields for one, %zu for all", for_one, for_all);
    for (uint32_t i = 0; i < PARKED; i++)
        cr_assert_not(gate_is_free(ground, i));
    event_set(&may_leave);
    for (int i = 0; i < PARKED; i++) {
        worker_wait(parked[i]);
        worker_end(parked[i]);
    }
}

static void use_other(void *other)
{
    must(gate_enter((struct pond *)other) == NULL, "it was not admitted there");
    gate_admit((struct pond *)other);
    struct cache *c = gate_enter((struct pond *)other);
    must(c != NULL, "the gate is closed");
    gate_leave((struct pond *)other, c);
}

/* Of those that are closed together a thread is found in the one it is inside of. */
BOTH_WAYS(gate, a_thread_inside_of_a_later_pond_is_found)
{
    start(*refused);
    struct pond *first = lay_ground();
    worker *parked = worker_start();
    worker_do(parked, enroll, NULL);
    worker_do(parked, use_other, first);
    worker_begin(parked, park_inside, NULL);
    event_wait(&inside);
    first->together = ground;
    gates_close(first, GATE_BOUNDED);
    cr_assert(!gate_is_free(ground, 0) && gate_is_free(first, 0));
    gates_open(first);
    event_set(&may_leave);
    worker_wait(parked);
    worker_end(parked);
}

/* ---- fork ---- */

static void be_the_only_thread(void *unused)
{
    (void)unused;
    uint32_t slot;
    gates_fork_child();
    must(!gate_is_free(ground, 1), "where its thread was is known yet");
    must(gate_is_free(ground, 2), "its thread was inside of nothing");
    gates_fork_done(ground);
    for (uint32_t i = 0; i < gates_end(); i++)
        must(gate_is_free(ground, i), "slot %u belongs to a thread that does not exist", i);
    gates_open(ground);
    expect_open(NULL);
    close_ground(GATE_LONG);
    must(gate_is_free(ground, gate_slot()), "its own gate");
    gates_open(ground);
    expect_open(NULL);
#ifdef TEST_TSAN
    return; /* it has no threads in a forked child */
#endif
    thread_run(come_and_go, &slot);
    must(slot == 1, "slot %u is taken, not 1", slot);
    must(gates_end() == 3, "%u slots", gates_end());
}

BOTH_WAYS(gate, a_forked_child_has_its_own_gate_alone)
{
    start(*refused);
    enroll(NULL);
    worker *parked = start_parked(), *free_one = worker_start();
    worker_do(free_one, enroll, NULL);
    close_ground(GATE_BOUNDED);
    test_in_child(be_the_only_thread, NULL);
    gates_open(ground);
    expect_open(NULL);
    event_set(&may_leave);
    worker_wait(parked);
    worker_end(parked);
    worker_end(free_one);
}

/* ---- a kernel that refuses after it had agreed ---- */

#ifndef POND_FENCE
Test(gate, without_a_barrier_a_thread_is_let_be_until_it_comes_by)
{
    start(false);
    enroll(NULL);
    expect_open(NULL);
    worker *other = worker_start();
    worker_do(other, enroll, NULL);
    worker_do(other, expect_open, NULL);
    atomic_store(&refuse_membarrier, true);
    for (int i = 0; i < 3; i++) {
        close_ground(GATE_LONG);
        cr_assert(gate_is_free(ground, 0), "this thread knows where it is");
        cr_assert_not(gate_is_free(ground, 1), "the other may be anywhere");
        cr_assert_eq(gates_worth_waiting(ground), GATE_NAPS_FEW, "it may sleep for ever");
        gates_open(ground);
        come_by(ground);
        expect_open(NULL);
        worker_do(other, expect_closed, NULL);
    }
    worker_do(other, open_own, NULL);
    worker_do(other, expect_open, NULL);
    close_ground(GATE_BOUNDED);
    cr_assert(gate_is_free(ground, 0) && gate_is_free(ground, 1));
    cr_assert_eq(gates_worth_waiting(ground), 0);
    gates_open(ground);
    worker_do(other, expect_open, NULL);
    worker_end(other);
}

Test(gate, one_refusal_is_for_good)
{
    start(false);
    enroll(NULL);
    atomic_store(&refuse_membarrier, true);
    close_ground(GATE_BOUNDED);
    gates_open(ground);
    atomic_store(&refuse_membarrier, false);
    size_t asked = atomic_load(&membarriers);
    worker *newcomer = worker_start();
    worker_do(newcomer, enroll, NULL);
    close_ground(GATE_BOUNDED);
    cr_assert_eq(atomic_load(&membarriers), asked);
    cr_assert(gate_is_free(ground, 0) && gate_is_free(ground, 1), "a newcomer knows from the start");
    gates_open(ground);
    worker_do(newcomer, expect_open, NULL);
    worker_end(newcomer);
}
#endif

/* ---- the protocol itself ---- */

/* All threads of a closing pass the barrier together; who closed nothing needs none. */
BOTH_WAYS(gate, a_closing_takes_one_barrier)
{
    start(*refused);
    enroll(NULL);
    worker *other = worker_start();
    worker_do(other, enroll, NULL);
    size_t before = atomic_load(&membarriers);
    close_ground(GATE_BOUNDED);
    gates_open(ground);
    cr_assert_eq(atomic_load(&membarriers), before, "nobody has used a cache");
    expect_open(NULL);
    worker_do(other, expect_open, NULL);
    close_ground(GATE_BOUNDED);
    gates_open(ground);
#ifdef POND_FENCE
    cr_assert_eq(atomic_load(&membarriers), before);
#else
    cr_assert_eq(atomic_load(&membarriers) - before, *refused != 0 ? 0 : 1);
#endif
    worker_end(other);
}
