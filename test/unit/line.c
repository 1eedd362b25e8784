/* SPDX-License-Identifier: BSD-2-Clause */
// link: -Wl,--wrap=syscall,--wrap=nanosleep,--wrap=sched_yield
/* The room gate: the line that a thread has in a pond, which the fast path goes by. */
#include "test.h"

#include "ground.h"

TestSuite(line, .timeout = TEST_ALARM);

static union {
    struct magazine magazine;
    char bytes[sizeof(struct magazine) + 8 * sizeof(void *)];
} memory;
static struct magazine *const loaded = &memory.magazine;

/* This thread's cache has one object and room for seven, and its line is open if it may be. */
static void load_mine(void *unused)
{
    (void)unused;
    struct cache *c = gate_enter(ground);
    must(c != NULL, "the gate is closed");
    loaded->room = 8;
    c->loaded = loaded;
    c->top = loaded->slots + 1;
    gate_leave(ground, c);
}

static void start_loaded(bool refused)
{
    start(refused);
    enroll(NULL);
    load_mine(NULL);
}

static bool opens(bool refused)
{
    return POND_FENCED || !refused;
}

static void expect_line(bool open)
{
    const struct cache *c = my_cache();
    if (open)
        must(c->base == loaded->slots && c->limit == loaded->slots + 8 && c->room == 8, "it is closed");
    else
        must((c->base == LINE_CLOSED || c->base == NULL) && c->limit == NULL &&
                 (c->room == 0 || c->room == LINE_COUNTED),
             "it is open");
}

static void expect_served(bool served)
{
    uintptr_t top = pond_line_enter(pond_line(ground));
    must((top > POND_BOUND_(pond_line(ground)->base)) == served, "a get is%s served", served ? " not" : "");
    must((top < POND_BOUND_(pond_line(ground)->limit)) == served, "a put is%s served", served ? " not" : "");
    line_unmark(ground);
}

/* ---- who opens and closes it ---- */

BOTH_WAYS(line, a_new_thread_has_the_one_that_never_opens)
{
    start(*refused);
    cr_assert_eq((void *)pond_line(ground), (void *)&ground->closed);
    expect_served(false);
    cr_assert(ground->closed.base == LINE_CLOSED && (uintptr_t)ground->closed.top % 2 == 0);
    enroll(NULL);
    cr_assert_eq((void *)pond_line(ground), (void *)my_cache());
    expect_served(false);
    gate_close_mine();
    gate_unregister();
    cr_assert_eq((void *)pond_line(ground), (void *)&ground->closed);
}

BOTH_WAYS(line, its_owner_opens_it_when_something_is_loaded)
{
    start(*refused);
    enroll(NULL);
    struct cache *c = gate_enter(ground);
    gate_leave(ground, c);
    expect_line(false);
    load_mine(NULL);
    expect_line(opens(*refused != 0));
    expect_served(opens(*refused != 0));
    c = gate_enter(ground);
    c->loaded = NULL;
    gate_leave(ground, c);
    expect_line(false);
}

BOTH_WAYS(line, the_loaded_magazine_of_an_older_epoch_takes_no_puts)
{
    start_loaded(*refused != 0);
    STORE(ground->epoch, 1);
    load_mine(NULL);
    cr_assert_null(my_cache()->limit);
    cr_assert(!opens(*refused != 0) || my_cache()->base == loaded->slots);
}

/* Puts come to line_put when their hooks have run. */
BOTH_WAYS(line, with_work_at_a_put_it_serves_gets_alone)
{
    start(*refused);
    enroll(NULL);
    ground->put_is_slow = true;
    load_mine(NULL);
    cr_assert_null(my_cache()->limit);
    cr_assert(!opens(*refused != 0) || my_cache()->base == loaded->slots);
    for (size_t n = 1; n < 8; n++)
        /* the guess may be right or wrong */
        cr_assert_eq(line_put(ground, &memory, n % 2 == 0 ? (uintptr_t)my_cache()->top : 0),
                     opens(*refused != 0), "put %zu", n);
    cr_assert_not(line_put(ground, &memory, 0), "a ninth object");
    cr_assert_eq(my_cache()->top, loaded->slots + (opens(*refused != 0) ? 8 : 1));
    close_ground(GATE_BOUNDED);
    cr_assert(gate_is_free(ground, 0) && !line_put(ground, &memory, 0), "the line is closed");
    gates_open(ground);
}

/* The owner may be on its way with a top that it read before the line was taken over. */
BOTH_WAYS(line, whoever_closed_it_does_not_open_it_again)
{
    start_loaded(*refused != 0);
    close_ground(GATE_BOUNDED);
    cr_assert(gate_is_free(ground, 0));
    expect_line(false);
    gates_open(ground);
    expect_line(false);
    expect_served(false);
    load_mine(NULL);
    expect_line(opens(*refused != 0));
}

BOTH_WAYS(line, it_stays_closed_while_its_pond_is_shut)
{
    start_loaded(*refused != 0);
    ground->shut = true;
    close_ground(GATE_BOUNDED);
    gates_open(ground);
    load_mine(NULL);
    expect_line(false);
    ground->shut = false;
    load_mine(NULL);
    expect_line(opens(*refused != 0));
}

/* ---- a thread inside ---- */

static event inside = EVENT_INIT, may_leave = EVENT_INIT;

static void park_with_mark(void *unused)
{
    (void)unused;
    uintptr_t top = pond_line_enter(pond_line(ground));
    event_set(&inside);
    event_wait(&may_leave);
    my_cache()->gets = 1; /* without an atomic: the line orders it */
    pond_line_leave(pond_line(ground), top);
}

static worker *start_parked(void)
{
    worker *w = worker_start();
    worker_do(w, enroll, NULL);
    worker_do(w, load_mine, NULL);
    event_clear(&inside);
    worker_begin(w, park_with_mark, NULL);
    event_wait(&inside);
    return w;
}

static void expect_gate(void *open)
{
    must(gate_is_admitted(ground) == *(bool *)open, "the gate is%s open", *(bool *)open ? " not" : "");
}

static void open_own(void *unused)
{
    (void)unused;
    come_by(ground);
}

BOTH_WAYS(line, a_closer_misses_who_is_inside)
{
    start(*refused);
    worker *parked = start_parked();
    close_ground(GATE_BOUNDED);
    cr_assert_not(gate_is_free(ground, 0));
    gates_open(ground);
    event_set(&may_leave);
    worker_wait(parked);
    worker_do(parked, expect_gate, &(bool){false});
    close_ground(GATE_BOUNDED);
    cr_assert(gate_is_free(ground, 0) && ground->caches[0].gets == 1);
    gates_open(ground);
    worker_do(parked, expect_gate, &(bool){true});
    worker_end(parked);
}

/* A second pond, whose lines are nobody's concern here. */
static struct pond *elsewhere(void)
{
    static struct pond *other;
    if (other == NULL)
        other = lay_ground();
    return other;
}

BOTH_WAYS(line, out_of_scope_it_is_let_be)
{
    start_loaded(*refused != 0);
    worker *parked = start_parked();
    gates_close(elsewhere(), GATE_LONG);
    expect_line(opens(*refused != 0));
    expect_served(opens(*refused != 0));
    expect_open(NULL);
    gates_open(elsewhere());
    event_set(&may_leave);
    worker_wait(parked);
    worker_end(parked);
}

/* Its caches were not emptied: it must not go on with them because it is free in another pond. */
BOTH_WAYS(line, who_was_missed_in_one_pond_is_not_found_in_another)
{
    start(*refused);
    worker *parked = start_parked();
    close_ground(GATE_BOUNDED);
    gates_open(ground);
    event_set(&may_leave);
    worker_wait(parked);
    gates_close(elsewhere(), GATE_BOUNDED);
    gates_open(elsewhere());
    worker_do(parked, expect_gate, &(bool){false});
    worker_do(parked, open_own, NULL);
    worker_do(parked, expect_gate, &(bool){true});
    worker_end(parked);
}

/* ---- an owner that read its top, and was then held up ---- */

BOTH_WAYS(line, a_top_from_before_a_takeover_leads_nowhere)
{
    start_loaded(*refused != 0);
    uintptr_t before = (uintptr_t)my_cache()->top;
    close_ground(GATE_BOUNDED);
    my_cache()->loaded = NULL;
    gates_open(ground);
    STORE(my_cache()->top, (void **)(before + 1));
    cr_assert_leq(before, (uintptr_t)my_cache()->base);
    cr_assert_geq(before, (uintptr_t)my_cache()->limit);
    line_unmark(ground);
    load_mine(NULL);
    cr_assert_eq(my_cache()->top, loaded->slots + 1);
    expect_served(opens(*refused != 0));
}

/* ---- a kernel that refuses after it had agreed ---- */

#ifndef POND_FENCE
static void close_ground_and_look(void *unused)
{
    (void)unused;
    gates_close(ground, GATE_BOUNDED);
    must(!gate_is_free(ground, 0), "its line was open: without a fence nobody knows where it is");
    gates_open(ground);
}

static void use_elsewhere(void *unused)
{
    (void)unused;
    gate_admit(elsewhere());
    struct cache *c = gate_enter(elsewhere());
    must(c != NULL, "the gate is closed");
    gate_leave(elsewhere(), c);
}

/* Who meets the refusal while it closes one pond has open lines in others. */
Test(line, one_that_was_open_at_the_refusal_is_not_taken_over)
{
    start_loaded(false);
    expect_line(true);
    atomic_store(&refuse_membarrier, true);
    use_elsewhere(NULL);
    gates_close(elsewhere(), GATE_BOUNDED);
    cr_assert(gate_is_free(elsewhere(), 0), "this thread knows where it is itself");
    gates_open(elsewhere());
    expect_line(true);
    worker *other = worker_start();
    worker_do(other, enroll, NULL);
    worker_do(other, close_ground_and_look, NULL);
    worker_end(other);
}

static void meet_the_refusal(void *unused)
{
    (void)unused;
    close_ground(GATE_BOUNDED);
    gates_open(ground);
}

/* Whoever closes is not anywhere but here, whether it has come by or not. */
Test(line, a_closer_has_its_own_cache)
{
    start_loaded(false);
    worker *other = worker_start();
    worker_do(other, enroll, NULL);
    atomic_store(&refuse_membarrier, true);
    worker_do(other, meet_the_refusal, NULL);
    gates_close(ground, GATE_LONG);
    cr_assert(gate_is_free(ground, 0));
    gates_open(ground);
    close_ground(GATE_LONG);
    cr_assert(gate_is_free(ground, 0));
    gates_open(ground);
    worker_end(other);
}
#endif
