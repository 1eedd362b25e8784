/* SPDX-License-Identifier: BSD-2-Clause */
// link: -Wl,--wrap=syscall,--wrap=nanosleep,--wrap=sched_yield
/* The room gate: which slot a thread has, and what becomes of the slots of threads that are gone. */
#include "test.h"

#include "ground.h"

TestSuite(gate_slots, .timeout = TEST_ALARM);

BOTH_WAYS(gate_slots, slots_are_used_again)
{
    uint32_t slot;
    start(*refused);
    enroll(NULL);
    for (int i = 0; i < 200; i++) {
        thread_run(come_and_go, &slot);
        cr_assert_eq(slot, 1);
    }
    cr_assert_eq(gates_end(), 2);
    cr_assert_eq(atomic_load(&exits), 200);
    close_ground(GATE_LONG);
    cr_assert(gate_is_free(ground, 0) && gate_is_free(ground, 1), "nobody is in a free slot");
    gates_open(ground);
    expect_open(NULL);
}

BOTH_WAYS(gate_slots, the_lowest_free_slot_is_taken)
{
    enum { THREADS = 5 };
    worker *w[THREADS];
    uint32_t slot;
    start(*refused);
    for (int i = 0; i < THREADS; i++)
        worker_do(w[i] = worker_start(), enroll, NULL);
    worker_end(w[3]);
    worker_end(w[1]);
    thread_run(come_and_go, &slot);
    cr_assert_eq(slot, 1);
    worker_do(w[1] = worker_start(), enroll, NULL);
    thread_run(come_and_go, &slot);
    cr_assert_eq(slot, 3);
    cr_assert_eq(gates_end(), THREADS);
    worker_end(w[0]), worker_end(w[1]), worker_end(w[2]), worker_end(w[4]);
}

/* A sandbox may refuse gettid: then no thread takes another one for itself. */
BOTH_WAYS(gate_slots, threads_without_a_number_have_slots_of_their_own)
{
    start(*refused);
    atomic_store(&refuse_gettid, true);
    enroll(NULL);
    worker *other = worker_start();
    worker_do(other, enroll, NULL);
    cr_assert_eq(gate_slot(), 0);
    cr_assert_eq(gates_end(), 2, "two threads have one slot");
    worker_end(other);
}

static pthread_key_t later;

#ifndef TEST_TSAN /* which ends a thread in the last round, and does not survive what comes after */
/* A destructor that comes in the last round there is, after the gate's own in each. */
static void enroll_last(void *round)
{
    intptr_t rounds = (intptr_t)round;
    if (rounds < PTHREAD_DESTRUCTOR_ITERATIONS) {
        (void)pthread_setspecific(later, (void *)(rounds + 1));
        return;
    }
    enroll(NULL);
    expect_open(NULL);
}

static void *end_without_a_word(void *unused)
{
    must(pthread_setspecific(later, (void *)1) == 0, "pthread_setspecific");
    return unused;
}

/* Its storage is gone: nobody looks at it any more. */
BOTH_WAYS(gate_slots, a_thread_may_end_without_leaving_its_slot)
{
    start(*refused);
    enroll(NULL);
    cr_assert_eq(pthread_key_create(&later, enroll_last), 0);
    thread_run(end_without_a_word, NULL);
    cr_assert_eq(atomic_load(&exits), 0, "no destructor of the gate came");
    cr_assert_eq(gates_end(), 2);
    for (int i = 0; i < 3; i++) {
        close_ground(GATE_BOUNDED);
        cr_assert(gate_is_free(ground, 0) && gate_is_free(ground, 1));
        gates_open(ground);
    }
    expect_open(NULL);
}

/* Numbers come again. Whoever has a dead thread's is its successor, and its caches are what was there. */
BOTH_WAYS(gate_slots, a_thread_with_the_number_of_one_that_is_gone_has_its_slot)
{
    uint32_t slot;
    start(*refused);
    enroll(NULL);
    cr_assert_eq(pthread_key_create(&later, enroll_last), 0);
    atomic_store(&thread_number, INT32_MAX);
    thread_run(end_without_a_word, NULL);
    cr_assert_eq(gates_end(), 2);
    thread_run(come_and_go, &slot);
    cr_assert_eq(slot, 1);
    cr_assert_eq(gates_end(), 2);
    thread_run(come_and_go, &slot);
    cr_assert_eq(slot, 1, "the successor left it");
    expect_open(NULL);
}

static void expect_to_clean_up(void *unused)
{
    (void)unused;
    must(gate_register() && !gate_mine_is_open(), "what its predecessor left is taken for its own");
    expect_closed(NULL);
    come_by(ground);
    expect_open(NULL);
}

/* A line of the dead thread's may be open, by a magazine of an earlier epoch: the successor empties its
 * caches first. */
BOTH_WAYS(gate_slots, what_is_left_in_a_slot_is_emptied_first)
{
    start(*refused);
    enroll(NULL);
    cr_assert_eq(pthread_key_create(&later, enroll_last), 0);
    atomic_store(&thread_number, INT32_MAX);
    thread_run(end_without_a_word, NULL);
    worker *successor = worker_start();
    worker_do(successor, expect_to_clean_up, NULL);
    worker_end(successor);
    cr_assert_eq(gates_end(), 2);
    successor = worker_start();
    worker_do(successor, enroll, NULL);
    worker_do(successor, expect_open, NULL);
    worker_end(successor);
}

/* Those who are there keep theirs. */
BOTH_WAYS(gate_slots, slots_of_threads_that_are_gone_are_used_again)
{
    start(*refused);
    enroll(NULL);
    cr_assert_eq(pthread_key_create(&later, enroll_last), 0);
    for (int i = 0; i < 1000; i++)
        thread_run(end_without_a_word, NULL);
    cr_assert_leq(gates_end(), 64);
    uint32_t slot;
    for (int i = 0; i < 1000; i++) {
        thread_run(come_and_go, &slot);
        cr_assert_neq(slot, gate_slot(), "this thread is there");
    }
    expect_open(NULL);
}

static void see_many_go(void *unused)
{
    uint32_t slot;
    (void)unused;
    gates_fork_child();
    gates_fork_done(ground);
    gates_open(ground);
    for (int i = 0; i < 200; i++)
        thread_run(end_without_a_word, NULL);
    for (int i = 0; i < 200; i++) {
        thread_run(come_and_go, &slot);
        must(slot != gate_slot(), "this thread is there");
    }
    expect_open(NULL);
}

/* The kernel has another number for it in the child. */
BOTH_WAYS(gate_slots, the_thread_of_a_forked_child_keeps_its_slot)
{
    start(*refused);
    enroll(NULL);
    cr_assert_eq(pthread_key_create(&later, enroll_last), 0);
    close_ground(GATE_LONG);
    test_in_child(see_many_go, NULL);
    gates_open(ground);
    expect_open(NULL);
}
#endif

/* The second time it runs, the gate's own destructor has run. */
static void come_back(void *unused)
{
    if (gate_registered()) {
        (void)pthread_setspecific(later, unused);
        return;
    }
    expect_closed(NULL);
    must(!gate_register() && !gate_registered(), "an exiting thread got a slot that nobody would free");
    expect_closed(NULL);
    atomic_fetch_add(&exits, 1);
}

static void *exit_and_come_back(void *unused)
{
    enroll(NULL);
    must(pthread_setspecific(later, &later) == 0, "pthread_setspecific");
    return unused;
}

BOTH_WAYS(gate_slots, an_exiting_thread_gets_no_slot)
{
    start(*refused);
    cr_assert_eq(pthread_key_create(&later, come_back), 0);
    thread_run(exit_and_come_back, NULL);
    cr_assert_eq(atomic_load(&exits), 2, "both destructors came");
    cr_assert_eq(gates_end(), 1);
}

static void expect_no_slot(void *unused)
{
    (void)unused;
    pthread_mutex_lock(&lock);
    must(!gate_register() && !gate_registered(), "more slots than there are");
    pthread_mutex_unlock(&lock);
    expect_closed(NULL);
}

/* One thread takes all slots for itself: to the gates it is as many threads. */
BOTH_WAYS(gate_slots, slots_run_out)
{
    start(*refused);
    worker *one_more = worker_start();
    for (uint32_t i = 0; i < GATE_THREADS; i++) {
        cr_assert(gate_register());
        cr_assert_eq(gate_slot(), i);
    }
    cr_assert_eq(gates_end(), GATE_THREADS);
    cr_assert_not(gate_register());
    atomic_store(&asked_for_threads, 0);
    for (int i = 0; i < 1000; i++)
        cr_assert_not(gate_register());
    cr_assert_leq(atomic_load(&asked_for_threads), GATE_THREADS,
                  "each operation of such a thread comes here");
    come_by(ground);
    expect_open(NULL);
    worker_do(one_more, expect_no_slot, NULL);
    close_ground(GATE_BOUNDED);
    gates_open(ground);
    expect_open(NULL);
    gate_close_mine();
    gate_dismiss(ground);
    gate_unregister();
    worker_do(one_more, enroll, NULL);
    worker_do(one_more, expect_open, NULL);
    worker_end(one_more);
}
