/* SPDX-License-Identifier: BSD-2-Clause */
// link: -Wl,--wrap=report
/* Faults that are none of ours go to whom they would have gone without us. */
#include "trap.h"

TestSuite(guard_trap_foreign, .timeout = TEST_ALARM);

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

Test(guard_trap_foreign, without_a_handler_the_process_dies_of_the_signal)
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

Test(guard_trap_foreign, a_handler_with_three_arguments_gets_them)
{
    handle((struct sigaction){.sa_sigaction = on_info, .sa_flags = SA_SIGINFO});
    start();
    map_nowhere();
    cr_assert_ends_with(41, touch_nowhere);
}

Test(guard_trap_foreign, a_plain_handler_is_called)
{
    handle((struct sigaction){.sa_handler = on_plain});
    start();
    map_nowhere();
    cr_assert_ends_with(43, touch_nowhere);
    cr_assert_ends_with(43, touch_unused_slot);
    cr_assert_ends_with(44, send_bus);
}

/* Which of the two a trap raises is the system's choice. */
Test(guard_trap_foreign, both_signals_are_handled)
{
    struct sigaction bus, segv;
    start();
    sigaction(SIGBUS, NULL, &bus);
    sigaction(SIGSEGV, NULL, &segv);
    cr_assert((bus.sa_flags & SA_SIGINFO) != 0 && bus.sa_sigaction == segv.sa_sigaction);
}

/* What traps in a slot is not the user's handler's. */
Test(guard_trap_foreign, a_handler_is_not_called_for_what_is_ours)
{
    handle((struct sigaction){.sa_handler = on_plain});
    start();
    (void)read_byte(take_given());
    cr_assert_eq(atomic_load(&noted.count), 1);
}

Test(guard_trap_foreign, an_ignored_signal_is_ignored_when_it_was_sent)
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
Test(guard_trap_foreign, a_handler_may_jump)
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
Test(guard_trap_foreign, a_handler_for_one_time_is_called_once)
{
    handle((struct sigaction){.sa_handler = on_once, .sa_flags = (int)SA_RESETHAND});
    start();
    map_nowhere();
    send_segv();
    cr_assert_eq(calls, 1);
    cr_assert_dies_of(SIGSEGV, send_segv);
    cr_assert_dies_of(SIGSEGV, touch_nowhere);
}
