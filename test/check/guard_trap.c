/* SPDX-License-Identifier: BSD-2-Clause */
// link: -Wl,--wrap=report
/* The room trap: what an access that traps becomes, and to whom other faults are passed on. */
#include "test.h"

#include "../../src/check/check.h"
#include "threads.h"

#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>

TestSuite(guard_trap, .timeout = TEST_ALARM);

/* The sanitizers' own handlers would be the ones that were there before: without them SIG_DFL is. */
const char *__asan_default_options(void);
const char *__tsan_default_options(void);
const char *__asan_default_options(void)
{
    return "handle_segv=0:handle_sigbus=0";
}
const char *__tsan_default_options(void)
{
    return "handle_segv=0:handle_sigbus=0";
}

/* ---- a report that is only noted ---- */

static struct {
    atomic_int count;
    char word[16], what[128];
    const void *object, *first_pc;
    const struct pond *pond;
    struct finding finding;
    void (*then)(void);
} noted;

void __wrap_report(const struct finding *f);

void __wrap_report(const struct finding *f)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    size_t frames = 0;
    pthread_mutex_lock(&lock);
    const void *const *pcs = stack_frames((uint32_t)f->events[0].event.stack, &frames);
    snprintf(noted.word, sizeof(noted.word), "%s", f->word);
    snprintf(noted.what, sizeof(noted.what), "%s", f->what);
    noted.finding = *f;
    noted.first_pc = frames > 0 ? pcs[0] : NULL;
    atomic_fetch_add(&noted.count, 1);
    pthread_mutex_unlock(&lock);
    if (noted.then != NULL)
        noted.then();
}

#define cr_assert_noted(n, text)                                                                             \
    do {                                                                                                     \
        cr_assert_eq(atomic_load(&noted.count), n, "%d reports", atomic_load(&noted.count));                 \
        cr_assert_str_eq(noted.what, text);                                                                  \
    } while (0)

/* ---- objects ---- */

static pond *owner;

static void start(void)
{
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    check_settings.stacks = 16;
    owner = test_pond((pond_options){.size = 64, .name = "guarded"});
    cr_assert(guard_start());
}

static char *take(void)
{
    char *obj = guard_take(owner, 64, 8);
    must(obj != NULL, "no slot");
    return obj;
}

/* At the beginning of its pages, or at their end. */
static char *take_at(bool end)
{
    for (;;) {
        char *obj = take();
        if (((uintptr_t)obj % os_page_size() != 0) == end)
            return obj;
        guard_give(obj);
    }
}

static char *take_given(void)
{
    char *obj = take();
    memset(obj, 'x', 64);
    guard_give(obj);
    return obj;
}

/* The two accesses: not inlined, so that a stack shows them. */
static __attribute__((noinline)) char read_byte(const volatile char *at)
{
    char byte = *at;
    __asm__ volatile("" : : : "memory"); /* the handler may have changed anything */
    return byte;
}

static __attribute__((noinline)) void write_byte(volatile char *at, char value)
{
    *at = value;
    __asm__ volatile("" : : : "memory");
}

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
    cr_assert_str_eq(f->events[0].role, "accessed here");
    cr_assert_str_eq(f->events[1].role, "got");
    cr_assert_str_eq(f->events[2].role, "put");
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

/* ---- faults that are none of ours ---- */

/* How a child ends that does this. */
static int end_of(void (*body)(void))
{
    pid_t child = fork();
    must(child >= 0, "fork: errno %d", errno);
    if (child == 0) {
        alarm(TEST_ALARM);
        body();
        _exit(0);
    }
    int status;
    must(waitpid(child, &status, 0) == child, "waitpid: errno %d", errno);
    return status;
}

#define cr_assert_dies_of(signal, body)                                                                      \
    do {                                                                                                     \
        int status_ = end_of(body);                                                                          \
        cr_assert(WIFSIGNALED(status_) && WTERMSIG(status_) == (signal), "status %#x", (unsigned)status_);   \
    } while (0)

#define cr_assert_ends_with(code, body)                                                                      \
    do {                                                                                                     \
        int status_ = end_of(body);                                                                          \
        cr_assert(WIFEXITED(status_) && WEXITSTATUS(status_) == (code), "status %#x", (unsigned)status_);    \
    } while (0)

static char *nowhere; /* an address of pages that nothing may be read from */

static void map_nowhere(void)
{
    nowhere = mmap(NULL, 65536, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    cr_assert_neq(nowhere, MAP_FAILED);
}

static void touch_nowhere(void)
{
    (void)read_byte(nowhere + 100);
}

static void touch_unused_slot(void)
{
    (void)read_byte((char *)(guard_region + GUARD_REGION / 2));
}

static void send_segv(void)
{
    kill(getpid(), SIGSEGV);
}

static void send_bus(void)
{
    raise(SIGBUS);
}

Test(guard_trap, without_a_handler_the_process_dies_of_the_signal)
{
    start();
    map_nowhere();
    cr_assert_dies_of(SIGSEGV, touch_nowhere);
    cr_assert_dies_of(SIGSEGV, touch_unused_slot);
    cr_assert_dies_of(SIGSEGV, send_segv);
    cr_assert_dies_of(SIGBUS, send_bus);
}

static void on_info(int signal, siginfo_t *info, void *context)
{
    sigset_t mask;
    sigprocmask(SIG_BLOCK, NULL, &mask);
    bool masked = sigismember(&mask, SIGSEGV) == 1 && sigismember(&mask, SIGUSR1) == 1;
    bool right = signal == SIGSEGV && info->si_addr == nowhere + 100 && context != NULL;
    _exit(right && masked ? 41 : 42);
}

static void on_plain(int signal)
{
    _exit(signal == SIGSEGV ? 43 : signal == SIGBUS ? 44 : 45);
}

/* Handler of SIGSEGV and SIGBUS, with SIGUSR1 blocked meanwhile. */
static void handle(struct sigaction action)
{
    sigemptyset(&action.sa_mask);
    sigaddset(&action.sa_mask, SIGUSR1);
    cr_assert_eq(sigaction(SIGSEGV, &action, NULL), 0);
    cr_assert_eq(sigaction(SIGBUS, &action, NULL), 0);
}

Test(guard_trap, a_handler_with_three_arguments_gets_them)
{
    handle((struct sigaction){.sa_sigaction = on_info, .sa_flags = SA_SIGINFO});
    start();
    map_nowhere();
    cr_assert_ends_with(41, touch_nowhere);
}

Test(guard_trap, a_plain_handler_is_called)
{
    handle((struct sigaction){.sa_handler = on_plain});
    start();
    map_nowhere();
    cr_assert_ends_with(43, touch_nowhere);
    cr_assert_ends_with(43, touch_unused_slot);
    cr_assert_ends_with(44, send_bus);
}

/* Which of the two a trap raises is the system's choice. */
Test(guard_trap, both_signals_are_handled)
{
    struct sigaction bus, segv;
    start();
    sigaction(SIGBUS, NULL, &bus);
    sigaction(SIGSEGV, NULL, &segv);
    cr_assert((bus.sa_flags & SA_SIGINFO) != 0 && bus.sa_sigaction == segv.sa_sigaction);
}

/* What traps in a slot is not the user's handler's. */
Test(guard_trap, a_handler_is_not_called_for_what_is_ours)
{
    handle((struct sigaction){.sa_handler = on_plain});
    start();
    (void)read_byte(take_given());
    cr_assert_eq(atomic_load(&noted.count), 1);
}

Test(guard_trap, an_ignored_signal_is_ignored_when_it_was_sent)
{
    handle((struct sigaction){.sa_handler = SIG_IGN});
    start();
    map_nowhere();
    cr_assert_ends_with(0, send_segv);
    cr_assert_ends_with(0, send_bus);
    cr_assert_dies_of(SIGSEGV, touch_nowhere);
}

static sigjmp_buf back;

static void on_jump(int signal)
{
    (void)signal;
    siglongjmp(back, 1);
}

/* A handler that leaves by a jump, as those do that probe memory; again and again. */
Test(guard_trap, a_handler_may_jump)
{
    handle((struct sigaction){.sa_handler = on_jump});
    start();
    map_nowhere();
    static volatile int jumps;
    while (jumps < 5)
        if (sigsetjmp(back, 1) == 0)
            touch_nowhere();
        else
            jumps++;
    (void)read_byte(take_given());
    cr_assert_eq(atomic_load(&noted.count), 1, "and what is ours is still seen");
}

static volatile sig_atomic_t calls;

static void on_once(int signal)
{
    (void)signal;
    calls = calls + 1;
}

/* Its second call is not the handler's: the process dies, without end. */
Test(guard_trap, a_handler_for_one_time_is_called_once)
{
    handle((struct sigaction){.sa_handler = on_once, .sa_flags = (int)SA_RESETHAND});
    start();
    map_nowhere();
    send_segv();
    cr_assert_eq(calls, 1);
    cr_assert_dies_of(SIGSEGV, send_segv);
    cr_assert_dies_of(SIGSEGV, touch_nowhere);
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
