/* SPDX-License-Identifier: BSD-2-Clause */
// link: -Wl,--wrap=syscall,--wrap=nanosleep,--wrap=sched_yield
/* The room gate: who is inside a cache, and who may take it over. Both at once: gate_race.c. */
#include "test.h"

#include "ground.h"

TestSuite(gate, .timeout = TEST_ALARM);

static void expect_open(void *unused)
{
    (void)unused;
    must(gate_enter(ground) == my_cache(), "the gate of slot %u is closed", gate_slot());
    gate_leave(ground, my_cache());
}

static void expect_closed(void *unused)
{
    (void)unused;
    must(gate_enter(ground) == NULL, "the gate is open");
}

/* ---- one thread ---- */

BOTH_WAYS(gate, a_thread_has_no_cache_before_it_registers)
{
    start(*refused);
    cr_assert_eq(gates_end(), 0);
    cr_assert_not(gate_registered());
    expect_closed(NULL);
    close_ground(GATE_LONG);
    gates_open();
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
        cr_assert(gate_is_free(0));
        expect_closed(NULL);
        gates_open();
        expect_open(NULL);
    }
    gate_close_mine();
    expect_closed(NULL);
    gate_open_mine();
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
    gate_open_mine();
}

BOTH_WAYS(gate, a_bounded_closer_gives_up_and_leaves_the_gate_shut)
{
    start(*refused);
    enroll(NULL);
    worker *parked = start_parked(), *free_one = worker_start();
    worker_do(free_one, enroll, NULL);
    close_ground(GATE_BOUNDED);
    cr_assert_eq(atomic_load(&naps), 0);
    cr_assert(gate_is_free(0) && !gate_is_free(1) && gate_is_free(2));
    gates_open();
    expect_open(NULL);
    worker_do(free_one, expect_open, NULL);
    event_set(&may_leave);
    worker_wait(parked);
    worker_do(parked, expect_closed, NULL);
    cr_assert_not(gate_is_free(1), "its caches were left as they are");
    worker_do(parked, open_own, NULL);
    worker_do(parked, expect_open, NULL);
    cr_assert(gate_is_free(1));
    worker_end(parked);
    worker_end(free_one);
}

BOTH_WAYS(gate, the_next_closer_finds_a_missed_thread_free)
{
    start(*refused);
    worker *parked = start_parked();
    close_ground(GATE_BOUNDED);
    gates_open();
    close_ground(GATE_BOUNDED);
    cr_assert_not(gate_is_free(0), "it is still inside");
    gates_open();
    event_set(&may_leave);
    worker_wait(parked);
    worker_do(parked, expect_closed, NULL);
    close_ground(GATE_BOUNDED);
    cr_assert(gate_is_free(0));
    gates_open();
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
    cr_assert(gate_is_free(0));
    worker_do(parked, expect_closed, NULL);
    gates_open();
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
    cr_assert_not(gate_is_free(0));
    cr_assert(5000 <= atomic_load(&naps) && atomic_load(&naps) <= 20000, "%zu naps", atomic_load(&naps));
    gates_open();
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
    gates_open();
    for (int i = 1; i < PARKED; i++)
        parked[i] = start_parked();
    close_ground(GATE_BOUNDED);
    size_t for_all = atomic_load(&yields);
    cr_assert(for_one > 0 && for_all <= for_one, "%zu yields for one, %zu for all", for_one, for_all);
    for (uint32_t i = 0; i < PARKED; i++)
        cr_assert_not(gate_is_free(i));
    event_set(&may_leave);
    for (int i = 0; i < PARKED; i++) {
        worker_wait(parked[i]);
        worker_end(parked[i]);
    }
}

/* A closer of all ponds finds a thread in whichever it is inside of. */
BOTH_WAYS(gate, a_thread_inside_of_a_later_pond_is_found)
{
    start(*refused);
    worker *parked = start_parked();
    struct pond *first =
        os_map_aligned(sizeof(struct pond) + GATE_THREADS * sizeof(struct cache), os_page_size());
    cr_assert_not_null(first);
    first->lines = GATE_THREADS;
    first->next = ground;
    gates_close((struct gate_scope){.first = first}, GATE_BOUNDED);
    cr_assert_not(gate_is_free(0));
    cr_assert(gate_may_use(0, &ground->caches[0]) && !gate_may_use(0, &first->caches[0]));
    gates_open();
    event_set(&may_leave);
    worker_wait(parked);
    worker_end(parked);
}

/* ---- slots ---- */

static void *come_and_go(void *slot)
{
    enroll(NULL);
    expect_open(NULL);
    *(uint32_t *)slot = gate_slot();
    return NULL;
}

BOTH_WAYS(gate, slots_are_used_again)
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
    cr_assert(gate_is_free(0) && gate_is_free(1), "nobody is in a free slot");
    gates_open();
    expect_open(NULL);
}

BOTH_WAYS(gate, the_lowest_free_slot_is_taken)
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
BOTH_WAYS(gate, threads_without_a_number_have_slots_of_their_own)
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
BOTH_WAYS(gate, a_thread_may_end_without_leaving_its_slot)
{
    start(*refused);
    enroll(NULL);
    cr_assert_eq(pthread_key_create(&later, enroll_last), 0);
    thread_run(end_without_a_word, NULL);
    cr_assert_eq(atomic_load(&exits), 0, "no destructor of the gate came");
    cr_assert_eq(gates_end(), 2);
    for (int i = 0; i < 3; i++) {
        close_ground(GATE_BOUNDED);
        cr_assert(gate_is_free(0) && gate_is_free(1));
        gates_open();
    }
    expect_open(NULL);
}

/* Numbers come again. Whoever has a dead thread's is its successor, and its caches are what was there. */
BOTH_WAYS(gate, a_thread_with_the_number_of_one_that_is_gone_has_its_slot)
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

/* Those who are there keep theirs. */
BOTH_WAYS(gate, slots_of_threads_that_are_gone_are_used_again)
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
    gates_fork_done();
    gates_open();
    for (int i = 0; i < 200; i++)
        thread_run(end_without_a_word, NULL);
    for (int i = 0; i < 200; i++) {
        thread_run(come_and_go, &slot);
        must(slot != gate_slot(), "this thread is there");
    }
    expect_open(NULL);
}

/* The kernel has another number for it in the child. */
BOTH_WAYS(gate, the_thread_of_a_forked_child_keeps_its_slot)
{
    start(*refused);
    enroll(NULL);
    cr_assert_eq(pthread_key_create(&later, enroll_last), 0);
    close_ground(GATE_LONG);
    test_in_child(see_many_go, NULL);
    gates_open();
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

BOTH_WAYS(gate, an_exiting_thread_gets_no_slot)
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
BOTH_WAYS(gate, slots_run_out)
{
    start(*refused);
    worker *one_more = worker_start();
    for (uint32_t i = 0; i < GATE_THREADS; i++) {
        cr_assert(gate_register());
        cr_assert_eq(gate_slot(), i);
    }
    cr_assert_eq(gates_end(), GATE_THREADS);
    cr_assert_not(gate_register());
    expect_open(NULL);
    worker_do(one_more, expect_no_slot, NULL);
    close_ground(GATE_BOUNDED);
    gates_open();
    expect_open(NULL);
    gate_close_mine();
    gate_unregister();
    worker_do(one_more, enroll, NULL);
    worker_do(one_more, expect_open, NULL);
    worker_end(one_more);
}

/* ---- fork ---- */

static void be_the_only_thread(void *unused)
{
    (void)unused;
    uint32_t slot;
    gates_fork_child();
    must(gate_may_use(1, &ground->caches[1]), "where its thread was is known yet");
    must(!gate_may_use(2, &ground->caches[2]), "its thread was inside of nothing");
    gates_fork_done();
    for (uint32_t i = 0; i < gates_end(); i++)
        must(gate_is_free(i), "slot %u belongs to a thread that does not exist", i);
    gates_open();
    expect_open(NULL);
    close_ground(GATE_LONG);
    must(gate_is_free(gate_slot()), "its own gate");
    gates_open();
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
    gates_open();
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
    worker *other = worker_start();
    worker_do(other, enroll, NULL);
    atomic_store(&refuse_membarrier, true);
    for (int i = 0; i < 3; i++) {
        close_ground(GATE_LONG);
        cr_assert(gate_is_free(0), "this thread knows where it is");
        cr_assert_not(gate_is_free(1), "the other may be anywhere");
        cr_assert(gate_may_use(1, &ground->caches[1]) && gate_may_use(1, &ground->closed));
        cr_assert_eq(gates_worth_waiting(), GATE_NAPS_FEW, "it may sleep for ever");
        gates_open();
        expect_open(NULL);
        worker_do(other, expect_closed, NULL);
    }
    worker_do(other, open_own, NULL);
    worker_do(other, expect_open, NULL);
    close_ground(GATE_BOUNDED);
    cr_assert(gate_is_free(0) && gate_is_free(1));
    cr_assert_eq(gates_worth_waiting(), 0);
    gates_open();
    worker_do(other, expect_open, NULL);
    worker_end(other);
}

Test(gate, one_refusal_is_for_good)
{
    start(false);
    enroll(NULL);
    atomic_store(&refuse_membarrier, true);
    close_ground(GATE_BOUNDED);
    gates_open();
    atomic_store(&refuse_membarrier, false);
    size_t asked = atomic_load(&membarriers);
    worker *newcomer = worker_start();
    worker_do(newcomer, enroll, NULL);
    close_ground(GATE_BOUNDED);
    cr_assert_eq(atomic_load(&membarriers), asked);
    cr_assert(gate_is_free(0) && gate_is_free(1), "a newcomer knows from the start");
    gates_open();
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
    gates_open();
#ifdef POND_FENCE
    cr_assert_eq(atomic_load(&membarriers), before);
#else
    cr_assert_eq(atomic_load(&membarriers) - before, *refused != 0 ? 0 : 1);
#endif
    worker_end(other);
}
