/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A report arrives where it is wanted, whatever stderr is: a full pipe that does not block, whose reader is
 * slow, and with signals that interrupt each write. A reader that never reads holds the program up for a
 * bounded time.
 */
#include "test.h"

#include "threads.h"

#include <fcntl.h>
#include <pond/debug.h>
#include <signal.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

TestSuite(delivery, .timeout = TEST_ALARM);

static int reading;
static char text[1 << 20];
static size_t length;
static event full = EVENT_INIT;

/* Reads until the last writer closes, a byte at first: the writer finds the pipe full again and again. */
static void read_slowly(void *unused)
{
    (void)unused;
    event_wait(&full);
    ssize_t n = 0;
    do {
        length += n > 0 ? (size_t)n : 0;
        n = read(reading, text + length, sizeof(text) - 1 - length < 5000 ? sizeof(text) - 1 - length : 5000);
    } while (n > 0 || (n < 0 && errno == EINTR)); /* the signals are this thread's, too */
}

/* stderr is a full pipe from now on. Returns what it was. */
static int fill_stderr(int flags)
{
    static const char filler[4096];
    int ends[2], before = dup(STDERR_FILENO);
    must(pipe2(ends, flags) == 0, "pipe2: errno %d", errno);
    must(fcntl(ends[1], F_SETFL, O_NONBLOCK) == 0, "fcntl");
    while (write(ends[1], filler, sizeof(filler)) > 0)
        continue;
    must(dup2(ends[1], STDERR_FILENO) >= 0 && close(ends[1]) == 0, "dup2");
    reading = ends[0];
    return before;
}

static void put_twice(void)
{
    must(pond_debug_set("double,stacks=16,log") == 0, "pond_debug_set");
    pond *p = pond_create(&(pond_options){.name = "letters", .size = 64});
    void *obj = pond_get(p);
    void *volatile again = obj;
    pond_put(p, obj);
    event_set(&full);
    pond_put(p, again);
    must(pond_destroy(p) == 0, "pond_destroy");
}

static void nothing(int signal)
{
    (void)signal;
}

static void interrupt_often(void)
{
    struct sigaction action = {.sa_handler = nothing}; /* no SA_RESTART */
    struct itimerval often = {.it_interval = {.tv_usec = 500}, .it_value = {.tv_usec = 500}};
    must(sigaction(SIGALRM, &action, NULL) == 0 && setitimer(ITIMER_REAL, &often, NULL) == 0, "setitimer");
}

static void stop_interrupting(void)
{
    struct itimerval never = {.it_value = {.tv_usec = 0}};
    (void)setitimer(ITIMER_REAL, &never, NULL);
}

static void a_whole_report_arrives(void)
{
    worker *reader = worker_start();
    int before = fill_stderr(O_CLOEXEC);
    worker_begin(reader, read_slowly, NULL);
    put_twice();
    stop_interrupting();
    must(dup2(before, STDERR_FILENO) >= 0, "dup2");
    worker_wait(reader);
    worker_end(reader);
    const char *heading = memmem(text, length, "double put", strlen("double put"));
    cr_assert_not_null(heading, "of %zu bytes none is the report", length);
    cr_assert_not_null(strstr(heading, "words: double"), "the end is missing: %s", heading);
}

Test(delivery, to_a_full_pipe_that_does_not_block)
{
    a_whole_report_arrives();
}

Test(delivery, while_signals_interrupt)
{
    interrupt_often();
    a_whole_report_arrives();
}

Test(delivery, not_at_all_to_one_that_nobody_reads)
{
    int before = fill_stderr(O_CLOEXEC);
    put_twice();
    must(dup2(before, STDERR_FILENO) >= 0, "dup2");
    cr_assert_eq(pond_report_count(), 1);
}
