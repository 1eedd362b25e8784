/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Runs the one test of a process: what the macros of Criterion call. These definitions in the program come
 * before those of the same names in Criterion's library, which send what they are told to Criterion's own
 * runner.
 */
#define _GNU_SOURCE 1
#include "worker.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>

const char *const phase_words[PHASES] = {"start", "init", "body", "fini", "end"};

static struct {
    const struct test_case *running;
    int report;
    pid_t process;
    pthread_t thread;
    atomic_int failed; /* an assertion */
    jmp_buf out;       /* of the phase that runs */
} worker;

/* One write a line: the lines of several threads and processes are not mixed. */
static void tell(const char *word, const char *text)
{
    if (worker.report < 0)
        return;
    if (dprintf(worker.report, "%s %s\n", word, text) < 0) {
        perror("worker: the report of the test");
        abort();
    }
}

static void fail(void)
{
    atomic_store(&worker.failed, 1);
    tell(WORD_FAILED, "");
}

/* ---- a test: what the function that Test() makes calls, one after the other ---- */

static void call(void (*function)(void))
{
    if (function != NULL)
        function();
}

void criterion_internal_test_setup(void)
{
    tell(phase_words[PHASE_INIT], "");
    if (setjmp(worker.out) != 0)
        return;
    if (worker.running->suite->data != NULL)
        call(worker.running->suite->data->init);
    call(worker.running->test->data->init);
}

static void must_be_there(const struct criterion_test_params *params)
{
    if (worker.running->parameter < params->length)
        return;
    dprintf(STDERR_FILENO, "it has %zu parameters\n", params->length);
    exit(1);
}

static void run_parameter(void (*body)(void))
{
    struct criterion_test_params params = worker.running->test->data->param_();
    void (*with_parameter)(void *) = (void (*)(void *))body;
    must_be_there(&params);
    if (setjmp(worker.out) == 0)
        with_parameter((char *)params.params + worker.running->parameter * params.size);
    if (params.cleanup != NULL)
        params.cleanup(&params);
}

/* Without what comes first there is no body; what was begun is finished in any case. */
void criterion_internal_test_main(void (*body)(void))
{
    if (worker.failed)
        return;
    tell(phase_words[PHASE_BODY], "");
    if (worker.running->test->data->kind_ == CR_TEST_PARAMETERIZED)
        run_parameter(body);
    else if (setjmp(worker.out) == 0)
        body();
}

void criterion_internal_test_teardown(void)
{
    tell(phase_words[PHASE_FINI], "");
    if (setjmp(worker.out) == 0) {
        call(worker.running->test->data->fini);
        if (worker.running->suite->data != NULL)
            call(worker.running->suite->data->fini);
    }
}

bool worker_run(const struct test_case *c, int report)
{
    worker.running = c;
    worker.report = report;
    worker.process = getpid();
    worker.thread = pthread_self();
    c->test->test();
    tell(phase_words[PHASE_END], "");
    if (report >= 0)
        close(report);
    return !worker.failed;
}

/* ---- what assertions call ---- */

void criterion_send_assert(struct criterion_assert_stats *assertion)
{
    if (assertion->passed)
        return;
    dprintf(STDERR_FILENO, "%s:%u: %s\n", assertion->file, assertion->line, assertion->message);
    fail();
}

/* Only the thread of the test can leave its body. */
void criterion_abort_test(void)
{
    if (getpid() == worker.process && pthread_equal(pthread_self(), worker.thread))
        longjmp(worker.out, 1);
    dprintf(STDERR_FILENO, "the assertion failed in a thread or a process other than the test's\n");
    abort();
}

void criterion_continue_test(void) {}

void criterion_skip_test(const char *format, ...)
{
    char reason[256];
    va_list args;
    va_start(args, format);
    vsnprintf(reason, sizeof reason, format, args);
    va_end(args);
    tell(WORD_SKIPPED, reason);
    exit(0);
}

void criterion_test_die(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vdprintf(STDERR_FILENO, format, args);
    va_end(args);
    dprintf(STDERR_FILENO, "\n");
    fail();
    exit(1);
}

/* A test with a warning or an error in its log is not one that passed. */
void cr_log_noformat(enum criterion_severity severity, const char *text)
{
    dprintf(STDERR_FILENO, "%s\n", text);
    if (severity != CR_LOG_INFO)
        fail();
}

void cr_log(enum criterion_severity severity, const char *format, ...)
{
    char text[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    cr_log_noformat(severity, text);
}
