/* SPDX-License-Identifier: BSD-2-Clause */
// link: -Wno-unknown-warning-option -Wno-use-after-free -Wno-free-nonheap-object
/* Guard slots as an application sees them, with the words guard and guard=1/N. */
#include "test.h"

#include "../../src/check/guard.h"
#include "../misuse/heard.h"
#include "ledger.h"
#include "stress.h"
#include "threads.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>

TestSuite(guard_pond, .timeout = TEST_ALARM);

/*
 * The sanitizers' own handlers would be the ones that were there before: without them SIG_DFL is. The handler
 * of a trap may allocate, whatever TSan says of signals: what it interrupts is a program's access to its
 * object.
 */
const char *__asan_default_options(void);
const char *__tsan_default_options(void);
const char *__asan_default_options(void)
{
    return "handle_segv=0:handle_sigbus=0:handle_abort=0";
}
const char *__tsan_default_options(void)
{
    return "handle_segv=0:handle_sigbus=0:handle_abort=0:report_signal_unsafe=0";
}

static struct heard heard;

static pond *make(const char *words)
{
    listen_to(&heard, words);
    return test_pond((pond_options){.size = 64, .name = "guarded"});
}

static char *get(pond *p)
{
    char *obj = pond_get(p);
    must(obj != NULL, "errno %d", errno);
    return obj;
}

/* At the beginning of its pages, or at their end. */
static char *get_at(pond *p, bool end)
{
    for (;;) {
        char *obj = get(p);
        must(guard_owns(obj), "every get is served from a slot");
        if (((uintptr_t)obj % os_page_size() != 0) == end)
            return obj;
        pond_put(p, obj);
    }
}

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

/* ---- each misuse ---- */

Test(guard_pond, read_and_write_after_put)
{
    pond *p = make("guard,log");
    char *obj = get(p);
    obj[7] = 'x';
    pond_put(p, obj);
    cr_assert_eq(read_byte(obj + 7), 'x');
    HEARD(heard, 0, "guard", "read after put at offset 7");
    cr_assert_eq(heard.object, obj);
    cr_assert(heard.offset == 7 && heard.size == 1);
    cr_assert_str_eq(heard.pond, "guarded");
    cr_assert_eq(heard.stack_count, 3);
    cr_assert_str_eq(heard.stacks[0].role, "accessed here");
    cr_assert_str_eq(heard.stacks[1].role, "got");
    cr_assert_str_eq(heard.stacks[2].role, "put");
    for (int i = 0; i < 3; i++)
        cr_assert(heard.stacks[i].count > 0 && heard.stacks[i].thread != 0, "%s", heard.text);
    cr_assert_lt((uintptr_t)heard.stacks[0].first - (uintptr_t)&read_byte, 128, "%s", heard.text);
    obj = get(p);
    pond_put(p, obj);
    write_byte(obj + 8, 1);
    HEARD(heard, 1, "guard", "write after put at offset 8");
    cr_assert_eq(pond_destroy(p), 0);
}

Test(guard_pond, overflow_and_underflow_by_one_byte_trap)
{
    pond *p = make("guard,log");
    char *last = get_at(p, true), *first = get_at(p, false);
    write_byte(last + 64, 1);
    HEARD(heard, 0, "guard", "write 1 byte behind the object");
    (void)read_byte(first - 1);
    HEARD(heard, 1, "guard", "read 1 byte in front of the object");
    cr_assert_eq(heard.stack_count, 2, "it was not put yet");
    pond_put(p, last);
    pond_put(p, first);
    cr_assert_eq(heard.count, 2);
    cr_assert_eq(pond_destroy(p), 0);
}

Test(guard_pond, overflow_and_underflow_that_cannot_trap_are_seen_at_put)
{
    pond *p = make("guard,log");
    char *last = get_at(p, true), *first = get_at(p, false);
    write_byte(last - 1, 1);
    pond_put(p, last);
    HEARD(heard, 0, "guard", "write of 1 byte in front of the object");
    write_byte(first + 64, 1);
    pond_put(p, first);
    HEARD(heard, 1, "guard", "write of 1 byte behind the object");
    cr_assert_eq(pond_destroy(p), 0);
}

/* With the stack of the first put and of the get, though no other word is on. */
Test(guard_pond, double_put_of_a_guarded_object)
{
    pond *p = make("guard,log");
    char *obj = get(p);
    pond_put(p, obj);
    pond_put(p, obj);
    HEARD(heard, 0, "double", "double put");
    cr_assert_eq(heard.stack_count, 3, "%s", heard.text);
    pond_discard(p, obj);
    HEARD(heard, 1, "double", "pond_discard of an object that");
    pond_stats s = test_stats(p);
    cr_assert_eq(s.live, 0);
    cr_assert_eq(pond_destroy(p), 0);
}

Test(guard_pond, a_guarded_object_put_into_another_pond)
{
    pond *p = make("guard,log"), *other = test_pond((pond_options){.size = 64, .name = "other"});
    char *obj = get(p);
    pond_put(other, obj);
    HEARD(heard, 0, "tag", "guarded");
    pond_put(p, obj + 8);
    HEARD(heard, 1, "tag", "8 bytes into an object");
    pond_put(p, obj);
    cr_assert_eq(heard.count, 2);
    cr_assert_eq(pond_destroy(p), 0);
    cr_assert_eq(pond_destroy(other), 0);
}

Test(guard_pond, an_access_after_the_ponds_end)
{
    pond *p = make("guard,log");
    char *obj = get(p);
    pond_put(p, obj);
    cr_assert_eq(pond_destroy(p), 0);
    (void)read_byte(obj);
    HEARD(heard, 0, "guard", "read after put at offset 0");
    cr_assert_str_eq(heard.pond, "");
}

static void read_after_put(void *words)
{
    signal(SIGABRT, SIG_DFL);
    pond *p = make(words);
    pond_on_report(NULL, NULL);
    char *obj = get(p);
    pond_put(p, obj);
    (void)read_byte(obj);
    _exit(60);
}

static void read_nowhere(void *words)
{
    pond *p = make(words);
    pond_put(p, get(p));
    char *nowhere = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    must(nowhere != MAP_FAILED, "errno %d", errno);
    (void)read_byte(nowhere);
    _exit(61);
}

static int end_of(void (*body)(void *), void *arg)
{
    int status;
    pid_t child = fork();
    must(child >= 0, "fork: errno %d", errno);
    if (child == 0) {
        struct rlimit none = {0, 0};
        setrlimit(RLIMIT_CORE, &none);
        must(freopen("/dev/null", "w", stderr) != NULL, "errno %d", errno);
        alarm(TEST_ALARM);
        body(arg);
    }
    must(waitpid(child, &status, 0) == child, "waitpid: errno %d", errno);
    return status;
}

Test(guard_pond, without_log_the_process_aborts)
{
    int status = end_of(read_after_put, "guard");
    cr_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT, "status %#x", (unsigned)status);
    status = end_of(read_after_put, "guard,log");
    cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 60, "status %#x", (unsigned)status);
}

Test(guard_pond, another_fault_ends_the_process_as_ever)
{
    int status = end_of(read_nowhere, "guard,log");
    cr_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV, "status %#x", (unsigned)status);
}

/* ---- the life of a guarded object ---- */

/* Every hook once for each object, whatever served it, and the statistics in balance. */
Test(guard_pond, hooks_and_statistics_are_those_of_any_object)
{
    ledger l = {.size = 100, .reject_one_in = 5};
    pond *p = test_pond(ledger_options(&l));
    listen_to(&heard, "guard=1/3,log");
    void *objs[40];
    size_t guarded = 0;
    for (int round = 0; round < 20; round++) {
        for (int i = 0; i < 40; i++) {
            objs[i] = ledger_get(&l, p);
            cr_assert_not_null(objs[i]);
            guarded += guard_owns(objs[i]);
        }
        ledger_check(&l, p, 40);
        for (int i = 0; i < 40; i++)
            i % 7 == 0 ? ledger_discard(&l, p, objs[i]) : ledger_put(&l, p, objs[i]);
        pond_epoch_advance();
    }
    cr_assert(guarded > 150 && guarded < 400, "%zu of 800", guarded);
    ledger_check(&l, p, 0);
    ledger_close(&l, p);
    cr_assert_eq(heard.count, 0, "%s", heard.text);
}

Test(guard_pond, a_construct_that_fails_costs_no_slot)
{
    ledger l = {.size = 100, .fail_one_in = 2, .fail_with = EIO};
    pond *p = test_pond(ledger_options(&l));
    listen_to(&heard, "guard,log");
    for (int i = 0; i < 4 * GUARD_SLOTS; i++) {
        void *obj = ledger_get(&l, p);
        if (obj != NULL)
            ledger_put(&l, p, obj);
    }
    ledger_check(&l, p, 0);
    ledger_close(&l, p);
    p = make("guard,log");
    for (int i = 0; i < GUARD_SLOTS; i++)
        cr_assert(guard_owns(get(p)), "%d", i);
}

Test(guard_pond, with_all_slots_live_a_get_is_served_as_ever)
{
    pond *p = make("guard,log");
    void *objs[GUARD_SLOTS + 20];
    for (int i = 0; i < GUARD_SLOTS + 20; i++) {
        objs[i] = get(p);
        cr_assert_eq(guard_owns(objs[i]), i < GUARD_SLOTS, "%d", i);
    }
    for (int i = 0; i < GUARD_SLOTS + 20; i++)
        pond_put(p, objs[i]);
    cr_assert_eq(test_stats(p).live, 0);
    cr_assert_eq(heard.count, 0, "%s", heard.text);
    cr_assert_eq(pond_destroy(p), 0);
}

Test(guard_pond, created_objects_are_served_as_ever)
{
    ledger l = {.size = 100};
    listen_to(&heard, "guard,log");
    pond *created = test_pond(ledger_create_options(&l));
    for (int i = 0; i < 50; i++) {
        char *obj = ledger_get(&l, created);
        cr_assert(!guard_owns(obj));
        ledger_put(&l, created, obj);
    }
    ledger_close(&l, created);
    cr_assert_eq(pond_debug_unguarded(), 0);
    cr_assert_eq(heard.count, 0, "%s", heard.text);
}

/* At max_objects a guarded object would be one too many: an idle one serves. */
Test(guard_pond, max_objects_holds)
{
    listen_to(&heard, "guard=1/2,log");
    pond *p = test_pond((pond_options){.size = 64, .max_objects = 4});
    void *objs[4];
    for (int round = 0; round < 50; round++) {
        test_get(p, objs, 4);
        errno = 0;
        cr_assert_null(pond_get(p));
        cr_assert_eq(errno, EAGAIN);
        pond_put_many(p, objs, 4);
        cr_assert_leq(test_stats(p).high_water, 4);
    }
    cr_assert_eq(pond_destroy(p), 0);
}

Test(guard_pond, an_object_that_is_live_when_the_word_goes_off_is_put_as_ever)
{
    pond *p = make("guard,log");
    char *obj = get(p);
    cr_assert(guard_owns(obj));
    cr_assert_eq(pond_debug_set("off"), 0);
    obj[63] = 1;
    pond_put(p, get(p));
    pond_put(p, obj);
    (void)read_byte(obj);
    HEARD(heard, 0, "guard", "read after put at offset 0");
    cr_assert_eq(pond_destroy(p), 0);
}

Test(guard_pond, a_word_that_changes_its_n_counts_at_once)
{
    pond *p = make("guard=1/1000000,log");
    for (int i = 0; i < 100; i++) {
        char *obj = get(p);
        cr_assert(!guard_owns(obj) || i == 0);
        pond_put(p, obj);
    }
    cr_assert_eq(pond_debug_set("guard,log"), 0);
    char *obj = get(p);
    cr_assert(guard_owns(obj));
    pond_put(p, obj);
    cr_assert_eq(pond_destroy(p), 0);
}

/* ---- threads, fork, no memory ---- */

static stress_plan mixed = {.name = "guarded",
                            .threads = 4,
                            .times = TEST_TIMES(20000),
                            .hold = 60,
                            .size = 64,
                            .reject_one_in = 9,
                            .mix = {.get = 20,
                                    .put = 20,
                                    .get_many = 4,
                                    .put_many = 4,
                                    .discard = 2,
                                    .hand = 4,
                                    .take = 4,
                                    .tick = 1,
                                    .trim = 1,
                                    .stats = 1,
                                    .churn = 1}};

Test(guard_pond, threads_with_one_get_in_two_guarded)
{
    listen_to(&heard, "guard=1/2,log");
    stress_run(&mixed);
    cr_assert_eq(heard.count, 0, "%s", heard.text);
}

static void ignore(const pond_report *r, void *ctx)
{
    (void)r, (void)ctx;
}

static void trap_on(void *obj)
{
    (void)read_byte(obj);
}

/* Each of its own object, handed over by the thread that got it. */
Test(guard_pond, two_threads_trap)
{
    pond *p = make("guard,log");
    worker *workers[2] = {worker_start(), worker_start()};
    char *objs[2] = {get(p), get(p)};
    pond_on_report(ignore, NULL);
    uint64_t before = pond_report_count();
    for (int i = 0; i < 2; i++)
        pond_put(p, objs[i]);
    for (int i = 0; i < 2; i++)
        worker_begin(workers[i], trap_on, objs[i]);
    for (int i = 0; i < 2; i++)
        worker_wait(workers[i]);
    cr_assert_eq(pond_report_count(), before + 2);
    for (int i = 0; i < 2; i++)
        worker_end(workers[i]);
    cr_assert_eq(pond_destroy(p), 0);
}

struct inherited {
    pond *pond;
    char *live, *given;
};

static void use_in_child(void *arg)
{
    struct inherited *in = arg;
    must(in->live[3] == 'p', "the child's copy");
    pond_put(in->pond, in->live);
    must(heard.count == 0, "%s", heard.text);
    (void)read_byte(in->given + 1);
    must(heard.count == 1 && strstr(heard.what, "read after put at offset 1") != NULL, "%s", heard.text);
    (void)read_byte(in->live + 2);
    must(heard.count == 2 && strstr(heard.what, "read after put at offset 2") != NULL, "%s", heard.text);
    for (int i = 0; i < 2 * GUARD_SLOTS; i++)
        pond_put(in->pond, get(in->pond));
}

Test(guard_pond, a_child_has_its_own_slots)
{
    struct inherited in = {.pond = make("guard,log")};
    in.given = get(in.pond);
    in.live = get(in.pond);
    in.live[3] = 'p';
    pond_put(in.pond, in.given);
    test_in_child(use_in_child, &in);
    cr_assert_eq(in.live[3], 'p');
    pond_put(in.pond, in.live);
    cr_assert_eq(heard.count, 0, "%s", heard.text);
}

static void set_without_space(void *arg)
{
    pond *p = arg;
    struct rlimit none = {1, 1};
    must(setrlimit(RLIMIT_AS, &none) == 0, "errno %d", errno);
    errno = 0;
    must(pond_debug_set("guard,log") == -1 && errno == ENOMEM, "errno %d", errno);
    char *obj = get(p);
    must(!guard_owns(obj), "no slot");
    pond_put(p, obj);
}

/* A sanitizer needs address space of its own all the time. */
Test(guard_pond, without_address_space_the_word_stays_off, .disabled = TEST_SANITIZED)
{
    pond *p = test_pond((pond_options){.size = 64});
    pond_put(p, get(p));
    test_in_child(set_without_space, p);
    cr_assert_eq(pond_destroy(p), 0);
}
