/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A test for each way in which a test can end: test/build/runner.sh knows what the runner has to say of each.
 */
#define _GNU_SOURCE 1
#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static void say(const char *what)
{
    dprintf(STDERR_FILENO, "said: %s\n", what);
}

Test(ends, passes) {}

Test(ends, fails)
{
    cr_assert_eq(1, 2);
    say("after a failed assertion");
}

Test(ends, fails_twice)
{
    cr_expect(0);
    cr_expect(0);
    say("after failed expectations");
}

Test(ends, logs_a_warning)
{
    cr_log_info("said: information");
    cr_log_warn("said: warning");
}

Test(ends, is_skipped)
{
    cr_skip("for %s", "a reason");
}

Test(ends, is_disabled, .disabled = true)
{
    abort();
}

Test(ends, crashes)
{
    raise(SIGABRT);
}

Test(ends, stops_early)
{
    _exit(0);
}

static void *assert_in_thread(void *unused)
{
    (void)unused;
    cr_assert(0);
    return NULL;
}

Test(ends, fails_in_a_thread)
{
    pthread_t thread;
    pthread_create(&thread, NULL, assert_in_thread, NULL);
    pthread_join(thread, NULL);
}

/* It passes itself, but an assertion in its child failed. */
Test(ends, fails_in_a_child)
{
    if (fork() == 0) {
        cr_expect(0);
        _exit(0);
    }
    while (waitpid(-1, NULL, 0) > 0)
        continue;
}

static void wait_for_ever(void)
{
    for (;;)
        pause();
}

/* With a child, which hangs as well. */
static void hang(void)
{
    pid_t child = fork();
    if (child == 0)
        wait_for_ever();
    dprintf(STDERR_FILENO, "hanging: %d %d\n", (int)getpid(), (int)child);
    wait_for_ever();
}

Test(ends, hangs, .timeout = 0.5)
{
    hang();
}

/* ---- what is expected of it ---- */

Test(expected, signal, .signal = SIGUSR1)
{
    raise(SIGUSR1);
}

Test(expected, another_signal, .signal = SIGUSR1)
{
    raise(SIGUSR2);
}

Test(expected, signal_does_not_come, .signal = SIGUSR1) {}

Test(expected, exit_code, .exit_code = 3)
{
    _exit(3);
}

Test(expected, another_exit_code, .exit_code = 3)
{
    _exit(4);
}

Test(expected, exit_code_of_a_body_that_returns, .exit_code = 3) {}

/* ---- what comes before and after ---- */

static void suite_init(void)
{
    say("init of the suite");
}

static void suite_fini(void)
{
    say("fini of the suite");
}

static void init(void)
{
    say("init");
}

static void fini(void)
{
    say("fini");
}

static void failing(void)
{
    cr_assert(0);
}

static void crashing(void)
{
    abort();
}

TestSuite(around, .init = suite_init, .fini = suite_fini, .timeout = 0.5);

Test(around, order, .init = init, .fini = fini)
{
    say("body");
}

Test(around, init_fails, .init = failing, .fini = fini)
{
    say("body of a test whose init failed");
}

Test(around, fini_fails, .fini = failing) {}

Test(around, fini_crashes, .fini = crashing) {}

Test(around, hangs_by_the_timeout_of_the_suite)
{
    wait_for_ever();
}

TestSuite(disabled, .disabled = true);

Test(disabled, suite)
{
    abort();
}

/* ---- parameters ---- */

static void free_parameters(struct criterion_test_params *params)
{
    free(params->params);
}

ParameterizedTestParameters(parameters, of_which_one_fails)
{
    int *numbers = malloc(4 * sizeof *numbers);
    for (int i = 0; i < 4; i++)
        numbers[i] = 10 * i;
    return cr_make_param_array(int, numbers, 4, free_parameters);
}

ParameterizedTest(int *number, parameters, of_which_one_fails)
{
    cr_assert_neq(*number, 20);
}

/* ---- for other runs of the program ---- */

Test(other, hangs)
{
    hang();
}

/* The address is hidden, so that nothing is left that finds the block. */
Test(other, leaks)
{
    static volatile size_t length = 1000;
    char *volatile block = malloc(length);
    block[0] = 1;
    block = NULL;
}

static int threads_of(pid_t process)
{
    char path[64], line[256];
    int threads = -1;
    snprintf(path, sizeof path, "/proc/%d/status", (int)process);
    FILE *status = fopen(path, "re");
    while (status != NULL && fgets(line, sizeof line, status) != NULL)
        sscanf(line, "Threads: %d", &threads);
    if (status != NULL)
        fclose(status);
    return threads;
}

Test(other, the_runner_has_one_thread)
{
    cr_assert_eq(threads_of(getppid()), 1);
}
