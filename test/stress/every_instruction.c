/* SPDX-License-Identifier: BSD-2-Clause */
// variants: release fence lock clang asan
/*
 * A thread is stopped before each single instruction of the fast path in turn, while another ticks and
 * takes all that is idle: a get then still returns an object that nobody else has, and a put object is
 * idle once. The processor's trap flag stops the thread, so this is for x86-64; preempted.c is for all.
 */
#include "test.h"

#include "ledger.h"
#include "threads.h"

#include <pond/inline.h>
#include <semaphore.h>
#include <signal.h>
#include <ucontext.h>

TestSuite(every_instruction, .timeout = TEST_ALARM);

#ifdef __x86_64__

enum { IDLE = 4, TAKEN = 20, ENOUGH = 10000 };

static ledger book = {.size = 64, .no_reset = true};
static pond *shared;
static sem_t stopped, go;

/* Of the thread that is stepped. */
static size_t wanted, steps; /* it stops before this instruction of the hot path; those passed so far */
static bool was_stopped;
static void *objs[IDLE + 1];

extern const char __start_hot_path[], __stop_hot_path[];

__attribute__((section("hot_path"), noinline)) static void *hot_get(pond *p)
{
    return pond_get_inline(p);
}

__attribute__((section("hot_path"), noinline)) static void hot_put(pond *p, void *obj)
{
    pond_put_inline(p, obj);
}

static void wait_for(sem_t *s)
{
    while (sem_wait(s) != 0)
        ;
}

/* Before each instruction while the trap flag is set. The slow path may hold locks: not stopped there. */
static void trapped(int signal, siginfo_t *info, void *context)
{
    int saved = errno;
    const ucontext_t *at = (const ucontext_t *)context;
    const char *pc = (const char *)at->uc_mcontext.gregs[REG_RIP];
    (void)signal, (void)info;
    if (pc >= __start_hot_path && pc < __stop_hot_path && steps++ == wanted) {
        was_stopped = true;
        sem_post(&stopped);
        wait_for(&go);
    }
    errno = saved;
}

/* The flags are changed on the stack below the red zone. */
static void trap_on(void)
{
    __asm__ volatile(
        "leaq -128(%%rsp), %%rsp\n\tpushfq\n\torq $0x100, (%%rsp)\n\tpopfq\n\tleaq 128(%%rsp), %%rsp"
        :
        :
        : "cc", "memory");
}

static void trap_off(void)
{
    __asm__ volatile(
        "leaq -128(%%rsp), %%rsp\n\tpushfq\n\tandq $~0x100, (%%rsp)\n\tpopfq\n\tleaq 128(%%rsp), %%rsp"
        :
        :
        : "cc", "memory");
}

static void fill_cache(void)
{
    for (size_t i = 0; i < IDLE + 1; i++)
        must((objs[i] = ledger_get(&book, shared)) != NULL, "errno %d", errno);
    for (size_t i = 1; i < IDLE + 1; i++)
        ledger_put(&book, shared, objs[i]);
}

static void begin(void)
{
    steps = 0;
    was_stopped = false;
}

/* Not stopped at all: there are no more instructions than that. */
static void end(void)
{
    if (!was_stopped)
        sem_post(&stopped);
}

static void stepped_get(void *arg)
{
    (void)arg;
    fill_cache();
    begin();
    trap_on();
    void *obj = hot_get(shared);
    trap_off();
    ledger_took(&book, obj);
    end();
    ledger_put(&book, shared, objs[0]);
    ledger_put(&book, shared, obj);
}

static void stepped_put(void *arg)
{
    (void)arg;
    fill_cache();
    ledger_gives(&book, objs[0]);
    begin();
    trap_on();
    hot_put(shared, objs[0]);
    trap_off();
    end();
}

static void tick_and_take(void **taken)
{
    pond_rotate(shared);
    for (size_t i = 0; i < TAKEN; i++)
        must((taken[i] = ledger_get(&book, shared)) != NULL, "errno %d", errno);
    pond_epoch_advance();
    pond_epoch_advance();
}

/* What the stepped thread gets and puts meanwhile, the other keeps apart from. */
static bool stop_and_take(worker *w, void (*step)(void *arg))
{
    void *taken[TAKEN];
    worker_begin(w, step, NULL);
    wait_for(&stopped);
    bool more = was_stopped;
    tick_and_take(taken);
    if (more)
        sem_post(&go);
    worker_wait(w);
    for (size_t i = 0; i < TAKEN; i++)
        ledger_put(&book, shared, taken[i]);
    ledger_check(&book, shared, 0);
    return more;
}

static void stop_everywhere(void (*step)(void *arg))
{
    struct sigaction action = {.sa_sigaction = trapped, .sa_flags = SA_SIGINFO};
    sigemptyset(&action.sa_mask);
    cr_assert_eq(sigaction(SIGTRAP, &action, NULL), 0);
    sem_init(&stopped, 0, 0);
    sem_init(&go, 0, 0);
    shared = test_pond(ledger_options(&book));
    worker *w = worker_start();
    for (wanted = 0; wanted < ENOUGH && stop_and_take(w, step); wanted++)
        ;
    cr_log_info("%zu instructions", wanted);
    cr_assert(wanted > 8 && wanted < ENOUGH, "%zu instructions", wanted);
    pond_epoch_advance();
    pond_epoch_advance();
    cr_assert_eq(ledger_objects(&book), 0);
    worker_end(w);
    ledger_close(&book, shared);
}

Test(every_instruction, of_a_get)
{
    stop_everywhere(stepped_get);
}

Test(every_instruction, of_a_put)
{
    stop_everywhere(stepped_put);
}

#else

Test(every_instruction, of_a_get)
{
    cr_skip("needs the trap flag of x86-64");
}

#endif
