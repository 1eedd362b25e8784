/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The runner of the tests of a program, which is what its main does: each test in a process of its own, and
 * how it ended. It stands in for the runner of Criterion, whose headers, macros and messages the tests use.
 *
 * Criterion's runner forks while a thread of it, nanomsg's, is anywhere, also in an allocator whose lock it
 * holds; the child then allocates before it executes the test, and waits for ever where nothing frees that
 * lock, as in ASan's allocator. This runner has no thread, and starts workers (worker.c) by posix_spawn,
 * which runs nothing of the program between fork and exec. What it waits for are signals: a process that
 * ended, a deadline, a request to stop. A test that is stopped is killed with its whole process group, and
 * named.
 */
#define _GNU_SOURCE 1
#include "worker.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char usage[] =
    "usage: %s [--list] [--filter PATTERN] [--jobs N] [--timeout SECONDS] [--tap FILE] [--verbose]\n"
    "       %s --test SUITE/NAME[:PARAMETER]\n"
    "Runs the tests, each in a process of its own; --list names them; --test runs one in this process, for "
    "a\n"
    "debugger. --timeout is for tests that set none.\n";

/* A test that runs, or did. */
struct run {
    const struct test_case *its;
    pid_t pid;  /* 0: it does not run */
    int report; /* the file to which the worker writes */
    double began;
    double deadline; /* 0: none */
    bool overdue;
};

/* What a worker has told. */
struct told {
    enum phase phase;
    size_t failed;
    bool skipped;
    char reason[CASE_NAME];
};

static struct {
    const char *program;
    const char *pattern;
    const char *only; /* the test to run in this process */
    const char *tap_name;
    FILE *tap;
    double timeout;
    long jobs;
    bool list;
    bool verbose;
    long report; /* of a worker: its file, and who started it */
    long parent;
} options = {.report = -1};

static struct {
    struct test_cases cases;
    struct run *runs; /* options.jobs of them */
    size_t next;      /* of the cases, to be started */
    size_t running;
    size_t passed, failed, skipped;
    sigset_t waited; /* signals */
    sigset_t mask;   /* as it was, for workers */
    int stopped;     /* by this signal */
} runner;

__attribute__((noreturn, format(printf, 1, 2))) static void die(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fprintf(stderr, "%s: ", options.program);
    vfprintf(stderr, format, args);
    fprintf(stderr, "\n");
    exit(2);
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* ---- results ---- */

__attribute__((format(printf, 1, 2))) static void tap(const char *format, ...)
{
    if (options.tap == NULL)
        return;
    va_list args;
    va_start(args, format);
    vfprintf(options.tap, format, args);
    va_end(args);
    fflush(options.tap);
}

static void note_skipped(const struct test_case *c, const char *reason)
{
    char name[CASE_NAME];
    case_name(c, name, sizeof name);
    runner.skipped++;
    tap("ok - %s # SKIP %s\n", name, reason);
    if (options.verbose)
        fprintf(stderr, "[SKIP] %s: %s\n", name, reason);
}

/* problem: NULL for a test that passed. */
static void note_result(const struct run *r, const char *problem)
{
    char name[CASE_NAME];
    double seconds = now() - r->began;
    case_name(r->its, name, sizeof name);
    if (problem == NULL) {
        runner.passed++;
        tap("ok - %s (%.2fs)\n", name, seconds);
        if (options.verbose)
            fprintf(stderr, "[PASS] %s (%.2fs)\n", name, seconds);
    } else {
        runner.failed++;
        tap("not ok - %s: %s (%.2fs)\n", name, problem, seconds);
        fprintf(stderr, "[FAIL] %s: %s (%.2fs)\n", name, problem, seconds);
    }
}

/* ---- a test that has ended ---- */

static void read_line(struct told *told, const char *line)
{
    for (int phase = PHASE_START; phase < PHASES; phase++) {
        size_t length = strlen(phase_words[phase]);
        if (strncmp(line, phase_words[phase], length) == 0 && line[length] == ' ' && phase > (int)told->phase)
            told->phase = (enum phase)phase;
    }
    if (strncmp(line, WORD_FAILED " ", strlen(WORD_FAILED " ")) == 0)
        told->failed++;
    if (strncmp(line, WORD_SKIPPED " ", strlen(WORD_SKIPPED " ")) == 0) {
        told->skipped = true;
        const char *reason = line + strlen(WORD_SKIPPED " ");
        snprintf(told->reason, sizeof told->reason, "%.*s", (int)strcspn(reason, "\n"), reason);
    }
}

/* Reads through a descriptor of its own place in the file, and closes the file. */
static struct told read_report(int report)
{
    struct told told = {.phase = PHASE_START};
    char line[2 * CASE_NAME];
    FILE *file = fdopen(report, "r");
    if (file == NULL)
        die("the report of a test: %s", strerror(errno));
    rewind(file);
    while (fgets(line, sizeof line, file) != NULL)
        read_line(&told, line);
    fclose(file);
    return told;
}

/* What is wrong with how a test ended, written to text; NULL when nothing is. */
static const char *judge(const struct run *r, const struct told *told, int status, char *text, size_t size)
{
    static const char *const where[PHASES] = {"before it began", "in its init", "in its body", "in its fini",
                                              "when it was over"};
    const struct criterion_test_extra_data *expected = r->its->test->data;
    const char *place = where[told->phase];
    if (r->overdue)
        snprintf(text, size, "killed after %g s, %s: it hangs or is slow", r->deadline - r->began, place);
    else if (runner.stopped && told->phase < PHASE_END)
        snprintf(text, size, "it still ran when the runner was told to stop (%s), %s",
                 strsignal(runner.stopped), place);
    else if (told->failed)
        snprintf(text, size, "%zu failed assertions", told->failed);
    else if (WIFSIGNALED(status) && !(WTERMSIG(status) == expected->signal && told->phase == PHASE_BODY))
        snprintf(text, size, "ended by signal %d (%s), %s", WTERMSIG(status), strsignal(WTERMSIG(status)),
                 place);
    else if (WIFEXITED(status) && expected->signal)
        snprintf(text, size, "signal %d (%s) did not end it", expected->signal, strsignal(expected->signal));
    else if (WIFEXITED(status) && WEXITSTATUS(status) != expected->exit_code)
        snprintf(text, size, "ended with exit status %d instead of %d, %s", WEXITSTATUS(status),
                 expected->exit_code, place);
    else if (WIFEXITED(status) && told->phase != PHASE_END && !told->skipped && expected->exit_code == 0)
        snprintf(text, size, "ended with exit status 0, %s", place);
    else
        return NULL;
    return text;
}

static void kill_run(const struct run *r)
{
    kill(-r->pid, SIGKILL);
    kill(r->pid, SIGKILL);
}

/*
 * What a test left running in its group dies with it: the group is the test's as long as that is not reaped.
 */
static void end_run(struct run *r)
{
    char text[CASE_NAME];
    int status;
    kill(-r->pid, SIGKILL);
    if (waitpid(r->pid, &status, 0) != r->pid)
        die("waitpid: %s", strerror(errno));
    r->pid = 0;
    runner.running--;
    struct told told = read_report(r->report);
    const char *problem = judge(r, &told, status, text, sizeof text);
    if (problem == NULL && told.skipped)
        note_skipped(r->its, told.reason);
    else
        note_result(r, problem);
}

static void end_runs(void)
{
    for (long i = 0; i < options.jobs; i++) {
        siginfo_t info = {.si_pid = 0};
        struct run *r = &runner.runs[i];
        if (r->pid != 0 && waitid(P_PID, (id_t)r->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
            info.si_pid == r->pid)
            end_run(r);
    }
}

/* ---- a test that begins ---- */

/* The worker is this program once more, by the name it has in the file system: /proc/self/exe is another in a
 * tool. */
static pid_t spawn_worker(const struct test_case *c, int report)
{
    char path[4096], name[CASE_NAME], file[16], parent[16];
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
    if (length < 0)
        die("/proc/self/exe: %s", strerror(errno));
    path[length] = '\0';
    case_name(c, name, sizeof name);
    snprintf(file, sizeof file, "%d", report);
    snprintf(parent, sizeof parent, "%d", (int)getpid());
    char *const args[] = {path, (char[]){"--test"},   name,   (char[]){"--report"},
                          file, (char[]){"--parent"}, parent, NULL};
    posix_spawn_file_actions_t files;
    posix_spawnattr_t how;
    pid_t pid;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&files, report, report); /* inherited, unlike those of other workers */
    posix_spawnattr_init(&how);
    posix_spawnattr_setflags(&how, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK);
    posix_spawnattr_setpgroup(&how, 0);
    posix_spawnattr_setsigmask(&how, &runner.mask);
    int error = posix_spawn(&pid, path, &files, &how, args, environ);
    if (error != 0)
        die("%s: %s", path, strerror(error));
    posix_spawnattr_destroy(&how);
    posix_spawn_file_actions_destroy(&files);
    return pid;
}

static void start_run(struct run *r, const struct test_case *c)
{
    double seconds = case_timeout(c) > 0 ? case_timeout(c) : options.timeout;
    int report = memfd_create("report", MFD_CLOEXEC);
    if (report < 0 || fcntl(report, F_SETFL, O_APPEND) != 0)
        die("the report of a test: %s", strerror(errno));
    *r = (struct run){.its = c, .report = report, .began = now()};
    if (seconds > 0)
        r->deadline = r->began + seconds;
    r->pid = spawn_worker(c, report);
    runner.running++;
}

static void start_runs(void)
{
    for (long i = 0; i < options.jobs && runner.next < runner.cases.count; i++) {
        while (runner.next < runner.cases.count && case_is_disabled(&runner.cases.all[runner.next]))
            note_skipped(&runner.cases.all[runner.next++], "disabled");
        if (runner.runs[i].pid == 0 && runner.next < runner.cases.count)
            start_run(&runner.runs[i], &runner.cases.all[runner.next++]);
    }
}

/* ---- waiting ---- */

static void stop_overdue(void)
{
    for (long i = 0; i < options.jobs; i++) {
        struct run *r = &runner.runs[i];
        if (r->pid != 0 && r->deadline > 0 && now() >= r->deadline && !r->overdue) {
            r->overdue = true;
            kill_run(r);
        }
    }
}

/* Told to stop: what runs is killed, and named when it has ended; nothing more is started. */
static void stop_all(int signal)
{
    runner.stopped = signal;
    runner.next = runner.cases.count;
    for (long i = 0; i < options.jobs; i++)
        if (runner.runs[i].pid != 0)
            kill_run(&runner.runs[i]);
}

/* Until a process has ended or the next deadline has come. */
static void wait_for_runs(void)
{
    double wait = 3600;
    for (long i = 0; i < options.jobs; i++) {
        const struct run *r = &runner.runs[i];
        if (r->pid != 0 && r->deadline > 0 && !r->overdue && r->deadline - now() < wait)
            wait = r->deadline - now();
    }
    if (wait < 0)
        wait = 0;
    struct timespec t = {.tv_sec = (time_t)wait, .tv_nsec = (long)((wait - (double)(time_t)wait) * 1e9)};
    int signal = sigtimedwait(&runner.waited, NULL, &t);
    if (signal > 0 && signal != SIGCHLD)
        stop_all(signal);
    end_runs();
    stop_overdue();
}

/* The signals stay blocked: one that comes between two waits is still there for the next. */
static void prepare(void)
{
    static const int signals[] = {SIGCHLD, SIGTERM, SIGINT, SIGHUP};
    sigemptyset(&runner.waited);
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        sigaddset(&runner.waited, signals[i]);
    signal(SIGCHLD, SIG_DFL);
    sigprocmask(SIG_BLOCK, &runner.waited, &runner.mask);
    runner.runs = calloc((size_t)options.jobs, sizeof *runner.runs);
    options.tap = options.tap_name == NULL ? NULL : fopen(options.tap_name, "we");
    if (runner.runs == NULL || (options.tap_name != NULL && options.tap == NULL))
        die("%s: %s", options.tap_name, strerror(errno));
}

static int run_all(void)
{
    prepare();
    tap("TAP version 13\n1..%zu\n", runner.cases.count);
    for (start_runs(); runner.running != 0; start_runs())
        wait_for_runs();
    size_t done = runner.passed + runner.failed + runner.skipped;
    fprintf(stderr, "[====] Synthesis: Tested: %zu | Passing: %zu | Failing: %zu | Skipped: %zu\n",
            runner.passed + runner.failed, runner.passed, runner.failed, runner.skipped);
    if (done != runner.cases.count)
        fprintf(stderr, "[====] Not run: %zu\n", runner.cases.count - done);
    if (options.tap != NULL && fclose(options.tap) != 0)
        die("%s: %s", options.tap_name, strerror(errno));
    free(runner.runs);
    if (runner.stopped)
        return 128 + runner.stopped;
    return runner.failed == 0 ? 0 : 1;
}

/* ---- what is asked for ---- */

/* The worker dies with its runner, also when that died before. */
static int run_one(void)
{
    struct test_case c;
    if (!case_named(&c, options.only))
        die("there is no test %s", options.only);
    if (options.report >= 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != (pid_t)options.parent)
            return 2;
        fcntl((int)options.report, F_SETFD, FD_CLOEXEC);
    }
    bool well = worker_run(&c, (int)options.report);
    return well ? 0 : 1;
}

static void list_cases(void)
{
    for (size_t i = 0; i < runner.cases.count; i++) {
        char name[CASE_NAME];
        case_name(&runner.cases.all[i], name, sizeof name);
        printf("%s\n", name);
    }
}

static double number(const char *text)
{
    char *end;
    double value = strtod(text, &end);
    if (*text == '\0' || *end != '\0' || value < 0 || value > 1e6)
        die("%s is not a number", text);
    return value;
}

static void set_option(int option)
{
    switch (option) {
    case 'l':
        options.list = true;
        break;
    case 'f':
        options.pattern = optarg;
        break;
    case 'j':
        options.jobs = (long)number(optarg);
        break;
    case 's':
        options.timeout = number(optarg);
        break;
    case 't':
        options.tap_name = optarg;
        break;
    case 'v':
        options.verbose = true;
        break;
    case 'o':
        options.only = optarg;
        break;
    case 'r':
        options.report = (long)number(optarg);
        break;
    case 'p':
        options.parent = (long)number(optarg);
        break;
    default:
        fprintf(stderr, usage, options.program, options.program);
        exit(option == 'h' ? 0 : 2);
    }
}

int main(int argc, char **argv)
{
    static const struct option names[] = {
        {"list", no_argument, NULL, 'l'},
        {"filter", required_argument, NULL, 'f'},
        {"jobs", required_argument, NULL, 'j'},
        {"timeout", required_argument, NULL, 's'},
        {"tap", required_argument, NULL, 't'},
        {"verbose", no_argument, NULL, 'v'},
        {"test", required_argument, NULL, 'o'},
        {"report", required_argument, NULL, 'r'},
        {"parent", required_argument, NULL, 'p'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    options.program = argv[0];
    options.jobs = sysconf(_SC_NPROCESSORS_ONLN);
    for (int option; (option = getopt_long(argc, argv, "j:", names, NULL)) != -1;)
        set_option(option);
    if (optind != argc || options.jobs < 1)
        set_option('?');
    if (options.only != NULL)
        return run_one();
    cases_find(&runner.cases, options.pattern);
    int status = 0;
    if (options.list)
        list_cases();
    else
        status = run_all();
    free(runner.cases.all);
    return status;
}
