/* SPDX-License-Identifier: BSD-2-Clause */
// link: -Wl,--wrap=report
/* The room trap: what an access that traps becomes, and to whom other faults are passed on. */
#include "trap.h"

TestSuite(guard_trap, .timeout = TEST_ALARM);

/* ---- what is reported ---- */

Test(guard_trap, read_after_put)
{
    start();
    char *obj = take_given();
    cr_assert_eq(read_byte(obj + 5), 'x', "the access goes on, and sees the object as it was put");
    cr_assert_noted(1, "read after put at offset 5");
    cr_assert_str_eq(noted.word, "guard");
    cr_assert_eq(noted.finding.object, obj);
    cr_assert_eq(noted.finding.pond, owner);
    cr_assert(noted.finding.offset == 5 && noted.finding.size == 1);
    cr_assert_not_null(noted.finding.advice);
}

Test(guard_trap, write_after_put)
{
    start();
    char *obj = take_given();
    write_byte(obj + 63, 'y');
    cr_assert_noted(1, "write after put at offset 63");
    cr_assert_eq(read_byte(obj + 63), 'y');
    cr_assert_noted(1, "write after put at offset 63");
}

Test(guard_trap, overflow_by_one_byte)
{
    start();
    char *obj = take_at(true);
    write_byte(obj + 63, 1);
    cr_assert_eq(atomic_load(&noted.count), 0);
    write_byte(obj + 64, 1);
    cr_assert_noted(1, "write 1 byte behind the object");
    guard_give(obj);
    obj = take_at(true);
    (void)read_byte(obj + 64 + 99);
    cr_assert_noted(2, "read 100 bytes behind the object");
}

Test(guard_trap, underflow_by_one_byte)
{
    start();
    char *obj = take_at(false);
    write_byte(obj, 1);
    cr_assert_eq(atomic_load(&noted.count), 0);
    (void)read_byte(obj - 1);
    cr_assert_noted(1, "read 1 byte in front of the object");
    guard_give(obj);
    obj = take_at(false);
    write_byte(obj - 30000, 1);
    cr_assert_noted(2, "write 30000 bytes in front of the object");
}

Test(guard_trap, who_accessed_got_and_put)
{
    start();
    char *obj = take();
    const void *object;
    struct pond *p;
    struct record *r = guard_record(obj, &object, &p);
    r->got = (struct event){.stack = 11, .thread = 2, .epoch = 3};
    r->put = (struct event){.stack = 12, .thread = 4, .epoch = 5};
    guard_give(obj);
    (void)read_byte(obj);
    const struct finding *f = &noted.finding;
    cr_assert_eq(f->event_count, 3);
    cr_assert_eq(f->events[0].role, ROLE_ACCESSED_HERE);
    cr_assert_eq(f->events[1].role, ROLE_GOT);
    cr_assert_eq(f->events[2].role, ROLE_PUT);
    cr_assert(f->events[1].event.stack == 11 && f->events[1].event.thread == 2);
    cr_assert(f->events[2].event.stack == 12 && f->events[2].event.epoch == 5);
    size_t into = (size_t)((uintptr_t)noted.first_pc - (uintptr_t)&read_byte);
    cr_assert(into > 0 && into < 128, "the first frame is the interrupted one");
}

Test(guard_trap, a_pond_that_ended)
{
    start();
    char *obj = take_given();
    guard_forget(owner);
    cr_assert_eq(pond_destroy(owner), 0);
    (void)read_byte(obj);
    cr_assert_noted(1, "read after put at offset 0");
    cr_assert_null(noted.finding.pond);
}

Test(guard_trap, errno_is_kept)
{
    start();
    errno = 77;
    (void)read_byte(take_given());
    cr_assert_eq(errno, 77);
    cr_assert_eq(atomic_load(&noted.count), 1);
}

/* ---- an access that went on ---- */

static bool same_slot(const void *a, const void *b)
{
    return guard_slot_at((uintptr_t)a) == guard_slot_at((uintptr_t)b);
}

/* The slot has to wait for two rounds of all slots, and traps again after the first. */
Test(guard_trap, a_slot_that_trapped_is_not_used_while_open)
{
    start();
    char *obj = take_given();
    (void)read_byte(obj);
    for (int i = 0; i < GUARD_SLOTS; i++)
        cr_assert(!same_slot(take_given(), obj), "%d", i);
    cr_assert_eq(atomic_load(&noted.count), 1);
    (void)read_byte(obj);
    cr_assert_eq(atomic_load(&noted.count), 2, "it traps again");
    int rounds = 0;
    while (!same_slot(take_given(), obj))
        cr_assert_lt(rounds++, 3 * GUARD_SLOTS, "the slot is lost");
}

Test(guard_trap, pages_opened_around_a_live_object_trap_again_for_the_next)
{
    start();
    char *obj = take_at(true);
    (void)read_byte(obj + 64);
    (void)read_byte(obj + 64);
    cr_assert_eq(atomic_load(&noted.count), 1);
    guard_give(obj);
    (void)read_byte(obj + 64);
    cr_assert_eq(atomic_load(&noted.count), 2);
}

/* ---- a NULL pond ---- */

static void get_from_null(void)
{
    pond *volatile none = NULL;
    _exit(pond_get(none) == NULL ? 52 : 53);
}

static void on_null(int signal)
{
    (void)signal;
    bool right = atomic_load(&noted.count) == 1 && strcmp(noted.word, "null") == 0 &&
                 strcmp(noted.what, "an operation on a NULL pond") == 0;
    _exit(right ? 46 : 47);
}

static void put_to_null(void)
{
    pond *volatile none = NULL;
    pond_put(none, owner);
}

static void read_null(void)
{
    char *volatile none = NULL;
    (void)read_byte(none);
}

/* Sanitizers see the NULL before it is used: UBSan in pond_get, TSan in a function of its own. */
Test(guard_trap, a_null_pond_is_reported_and_the_fault_passed_on, .disabled = TEST_SANITIZED)
{
    handle((struct sigaction){.sa_handler = on_null});
    start();
    cr_assert_ends_with(46, get_from_null);
    cr_assert_ends_with(46, put_to_null);
    cr_assert_ends_with(47, read_null);
    void *obj = pond_get(owner);
    pond_put(owner, obj);
    cr_assert_ends_with(46, get_from_null);
}

/* ---- traps within traps, and at once ---- */

static char *touched_by_report;

static void touch_in_report(void)
{
    noted.then = NULL;
    (void)read_byte(touched_by_report);
}

static void trap_with_a_trap_in_the_report(void)
{
    noted.then = touch_in_report;
    (void)read_byte(take_given());
}

Test(guard_trap, a_trap_within_a_report_is_passed_on)
{
    start();
    touched_by_report = take_given();
    cr_assert_dies_of(SIGSEGV, trap_with_a_trap_in_the_report);
}

/* TSan has the signal's handler called by one of its own, which does not take a second trap meanwhile. */
#ifdef TEST_TSAN
#define TRAPS_NEST false
#else
#define TRAPS_NEST true
#endif

Test(guard_trap, a_trap_within_a_report_goes_to_the_handler_that_was_there, .disabled = !TRAPS_NEST)
{
    handle((struct sigaction){.sa_handler = on_plain});
    start();
    touched_by_report = take_given();
    cr_assert_ends_with(43, trap_with_a_trap_in_the_report);
}

static pthread_barrier_t both_report;

static void wait_for_both(void)
{
    pthread_barrier_wait(&both_report);
}

static void trap_in_thread(unsigned index, void *arg)
{
    char **objs = arg;
    must(read_byte(objs[index]) == 'x', "thread %u", index);
}

static void trap_two(char *first, char *second)
{
    char *objs[2] = {first, second};
    atomic_store(&noted.count, 0);
    crew_run(2, trap_in_thread, objs);
    cr_assert_eq(atomic_load(&noted.count), 2);
}

/* Each report waits until the other thread's has begun. */
Test(guard_trap, two_threads_that_trap_at_once_are_both_reported)
{
    start();
    cr_assert_eq(pthread_barrier_init(&both_report, NULL, 2), 0);
    char *one = take_given(), *two = take_given();
    noted.then = wait_for_both;
    trap_two(one, two);
}

/* ---- small stacks ---- */

/* A sanitizer may keep variables elsewhere: with one, these tests do not look where the handler ran. */

static char alternate[32768];

static void use_alternate_stack(void)
{
    stack_t stack = {.ss_sp = alternate, .ss_size = sizeof(alternate)};
    must(sigaltstack(&stack, NULL) == 0, "errno %d", errno);
}

static bool on_alternate(const void *address)
{
    return (uintptr_t)address - (uintptr_t)alternate < sizeof(alternate);
}

static bool reported_on_alternate;

static void note_stack(void)
{
    char here;
    char *volatile address = &here;
    reported_on_alternate = on_alternate(address);
}

Test(guard_trap, a_trap_is_handled_on_the_alternate_stack)
{
    start();
    use_alternate_stack();
    noted.then = note_stack;
    cr_assert_eq(read_byte(take_given()), 'x');
    cr_assert_noted(1, "read after put at offset 0");
    cr_assert(reported_on_alternate || TEST_SANITIZED);
}

static void on_overflow(int signal)
{
    char here;
    char *volatile address = &here;
    _exit(signal == SIGSEGV && (on_alternate(address) || TEST_SANITIZED) ? 48 : 49);
}

static __attribute__((noinline)) int recurse(volatile char *above)
{
    volatile char frame[4096];
    frame[0] = *above;
    return frame[0] == 1 ? 0 : recurse(frame) + frame[0];
}

static void overflow_the_stack(void)
{
    char above = 0;
    struct rlimit small = {256 << 10, 256 << 10};
    setrlimit(RLIMIT_STACK, &small);
    use_alternate_stack();
    recurse(&above);
}

Test(guard_trap, a_stack_that_overflows_is_passed_on_to_a_handler_with_its_own)
{
    handle((struct sigaction){.sa_handler = on_overflow, .sa_flags = SA_ONSTACK});
    start();
    cr_assert_ends_with(48, overflow_the_stack);
}

/* ---- fork ---- */

static char *inherited;

static void trap_in_child(void)
{
    must(read_byte(inherited) == 'x', "the child sees the object as it was put");
    _exit(atomic_load(&noted.count) == 1 ? 50 : 51);
}

Test(guard_trap, a_child_traps_too_and_the_parent_is_as_it_was)
{
    start();
    inherited = take_given();
    cr_assert_ends_with(50, trap_in_child);
    cr_assert_eq(atomic_load(&noted.count), 0);
    (void)read_byte(inherited);
    cr_assert_eq(atomic_load(&noted.count), 1);
}
