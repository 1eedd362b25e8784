/* SPDX-License-Identifier: BSD-2-Clause */
// variants: release clang debug
/*
 * The system calls that doc/host.md lists for each part of the library are those it makes: each part is done
 * by a child that is traced, and what it calls and that page does not list is an error. Names are those of
 * x86-64.
 */
#include "test.h"

#include "../../src/profile/trace.h"
#include "../misuse/heard.h"
#include "threads.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <pond/debug.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

TestSuite(syscalls, .timeout = TEST_ALARM);

#if defined(__x86_64__) && defined(__linux__)

#define CALL(name)                                                                                           \
    {                                                                                                        \
#name, SYS_##name                                                                                    \
    }

/* Those that doc/host.md may list, and some that it should not. */
static const struct {
    const char *name;
    unsigned number;
} known[] = {
    CALL(access),
    CALL(brk),
    CALL(clock_nanosleep),
    CALL(clone),
    CALL(clone3),
    CALL(close),
    CALL(exit),
    CALL(exit_group),
    CALL(fcntl),
    CALL(fstat),
    CALL(futex),
    CALL(getpid),
    CALL(getppid),
    CALL(getrandom),
    CALL(gettid),
    CALL(lseek),
    CALL(lstat),
    CALL(madvise),
    CALL(membarrier),
    CALL(mlock2),
    CALL(mmap),
    CALL(mprotect),
    CALL(munmap),
    CALL(newfstatat),
    CALL(open),
    CALL(openat),
    CALL(poll),
    CALL(pread64),
    CALL(prlimit64),
    CALL(read),
    CALL(readlink),
    CALL(rename),
    CALL(rseq),
    CALL(rt_sigaction),
    CALL(rt_sigprocmask),
    CALL(rt_sigreturn),
    CALL(sched_getaffinity),
    CALL(sched_yield),
    CALL(set_robust_list),
    CALL(stat),
    CALL(tgkill),
    CALL(wait4),
    CALL(sysinfo),
    CALL(unlink),
    CALL(write),
};

enum { KNOWN = sizeof(known) / sizeof(known[0]), NUMBERS = 1024 };

typedef bool calls[NUMBERS];

static const char *name_of(unsigned number)
{
    static char text[16];
    for (size_t i = 0; i < KNOWN; i++)
        if (known[i].number == number)
            return known[i].name;
    (void)snprintf(text, sizeof(text), "%u", number);
    return text;
}

/* ---- doc/host.md ---- */

static void add_name(calls listed, const char *name)
{
    size_t i = 0;
    while (i < KNOWN && strcmp(known[i].name, name) != 0)
        i++;
    must(i < KNOWN, "doc/host.md lists \"%s\", which this test does not know", name);
    listed[known[i].number] = true;
}

/* What the row of this part lists: "| part | a, b, c |". */
static void read_list(calls listed, const char *part)
{
    char line[2048], start[64];
    FILE *file = fopen("doc/host.md", "r");
    must(file != NULL, "there is no doc/host.md here");
    (void)snprintf(start, sizeof(start), "| %s |", part);
    bool found = false;
    while (!found && fgets(line, sizeof(line), file) != NULL)
        found = strncmp(line, start, strlen(start)) == 0;
    (void)fclose(file);
    must(found, "doc/host.md has no row \"%s\"", part);
    for (char *rest = line + strlen(start), *name; (name = strsep(&rest, ", |\n")) != NULL;)
        if (*name != '\0')
            add_name(listed, name);
}

/* ---- a traced child ---- */

static void mark(void)
{
    (void)getegid(); /* which nothing here calls */
}

static void child_main(void (*prepare)(void), void (*body)(void))
{
    int nowhere = open("/dev/null", O_WRONLY);
    if (nowhere < 0 || dup2(nowhere, STDERR_FILENO) < 0 || ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0)
        _exit(2);
    (void)raise(SIGSTOP);
    prepare();
    mark();
    body();
    mark();
    _exit(0);
}

/* At the entry of a system call: its number, else -1. */
static int entered(pid_t thread)
{
    struct __ptrace_syscall_info info;
    long n = ptrace(PTRACE_GET_SYSCALL_INFO, thread, sizeof(info), &info);
    return n > 0 && info.op == PTRACE_SYSCALL_INFO_ENTRY && info.entry.nr < NUMBERS ? (int)info.entry.nr : -1;
}

/* The signal that it goes on with. */
static int look_at_stop(pid_t thread, int status, calls made, bool *marked)
{
    int signal = WSTOPSIG(status);
    if (signal != (SIGTRAP | 0x80))
        return status >> 16 != 0 || signal == SIGSTOP ? 0 : signal;
    int number = entered(thread);
    if (number == SYS_getegid)
        *marked = !*marked;
    else if (number >= 0 && *marked)
        made[number] = true;
    return 0;
}

/* False: nobody may trace here. */
static bool trace(calls made, void (*prepare)(void), void (*body)(void))
{
    int status, flags = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_EXITKILL;
    bool marked = false;
    pid_t child = fork(), thread;
    must(child >= 0, "fork");
    if (child == 0)
        child_main(prepare, body);
    must(waitpid(child, &status, 0) == child, "waitpid");
    if (!WIFSTOPPED(status))
        return false;
    must(ptrace(PTRACE_SETOPTIONS, child, NULL, (void *)(uintptr_t)flags) == 0, "PTRACE_SETOPTIONS");
    must(ptrace(PTRACE_SYSCALL, child, NULL, NULL) == 0, "PTRACE_SYSCALL");
    while ((thread = waitpid(-1, &status, __WALL)) != child || WIFSTOPPED(status)) {
        must(thread > 0, "waitpid: errno %d", errno);
        if (WIFSTOPPED(status)) {
            int signal = look_at_stop(thread, status, made, &marked);
            (void)ptrace(PTRACE_SYSCALL, thread, NULL, (void *)(uintptr_t)signal);
        }
    }
    must(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the child ended with %#x", (unsigned)status);
    must(!marked, "it was not done to its end");
    return true;
}

/* Nothing but what is listed for these parts, separated by ";", and what the program itself does. */
static void made_by(const char *parts, const char *programs, void (*prepare)(void), void (*body)(void))
{
    static calls made, listed;
    char all[256];
    unsigned count = 0;
    memset(made, 0, sizeof(made));
    memset(listed, 0, sizeof(listed));
    (void)snprintf(all, sizeof(all), "%s", parts);
    for (char *rest = all, *part; (part = strsep(&rest, ";")) != NULL;)
        read_list(listed, part);
    (void)snprintf(all, sizeof(all), "%s", programs);
    for (char *rest = all, *name; (name = strsep(&rest, " ")) != NULL;)
        if (*name != '\0')
            add_name(listed, name);
    if (!trace(made, prepare, body))
        cr_skip("nobody may trace here");
    for (unsigned i = 0; i < NUMBERS; i++) {
        count += made[i];
        cr_expect(!made[i] || listed[i], "%s: %s is made, and not listed in doc/host.md", parts, name_of(i));
    }
    cr_assert_gt(count, 0, "nothing was seen");
}

/* ---- the parts ---- */

enum { MANY = 2000 };

static pond *letters;
static void *objects[MANY];
static worker *other;

static bool reset(void *obj, void *ctx)
{
    (void)obj, (void)ctx;
    return true;
}

static void use(pond *p)
{
    for (int i = 0; i < MANY; i++)
        must((objects[i] = pond_get(p)) != NULL, "errno %d", errno);
    for (int i = 0; i < MANY; i++)
        pond_put(p, objects[i]);
}

static void use_there(void *p)
{
    use(p);
    (void)pond_epoch_advance();
}

static void nothing(void *unused)
{
    (void)unused;
}

/* What the C library does for a new thread is over then. */
static void start_thread(void)
{
    other = worker_start();
    worker_do(other, nothing, NULL);
}

static void live_and_die(void)
{
    pond_stats s;
    pond *p = pond_create(&(pond_options){.name = "letters", .size = 300, .reset = reset});
    pond *few = pond_create(&(pond_options){.name = "few", .size = 64, .max_objects = 3});
    must(p != NULL && few != NULL, "errno %d", errno);
    use(p);
    if (other != NULL)
        worker_do(other, use_there, p);
    for (int i = 0; i < 4; i++)
        must((objects[i] = pond_get(few)) != NULL || i == 3, "errno %d", errno);
    must(pond_get_wait(few, 1000) == NULL && pond_get_idle(few) == NULL, "there is one");
    for (int i = 0; i < 3; i++)
        pond_put_from(few, objects[i], NULL);
    for (int i = 0; i < 4; i++)
        (void)pond_epoch_advance();
    use(p);
    (void)pond_trim_to(0);
    use(p);
    must(pond_limits_set(p, &(pond_limits){.max_objects = MANY / 2}) == 0, "errno %d", errno);
    pond_trim(p);
    pond_stats_read(p, &s);
    must(pond_destroy(p) == 0 && pond_destroy(few) == 0, "pond_destroy");
}

static void fork_once(void)
{
    live_and_die();
    pid_t child = fork();
    if (child == 0) {
        other = NULL;
        live_and_die();
        _exit(0);
    }
    must(waitpid(child, NULL, 0) == child, "waitpid");
}

static void begin_with(const char *words)
{
    (void)setenv("POND_SYMBOLIZE", "0", 1);
    must(pond_debug_set(words) == 0, "pond_debug_set(%s)", words);
    letters = pond_create(&(pond_options){.name = "letters", .size = 64, .reset = reset});
    must(letters != NULL, "errno %d", errno);
    pond_put(letters, pond_get(letters));
    objects[0] = pond_get(letters);
}

static void begin_plain(void)
{
    start_thread();
    begin_with("");
}

static void words_come_and_go(void)
{
    char text[100];
    must(pond_debug_set("fast") == 0, "fast");
    live_and_die();
    must(pond_debug_set("double,reset,poison,redzone,grow,hold=1000,stacks=16") == 0, "most");
    live_and_die();
    must(pond_debug_set("chaos=1,fail=0") == 0, "chaos");
    live_and_die();
    must(pond_debug_set("bypass@l*,audit,redzone,full@nobody,-guard@nobody") == 0, "by name");
    live_and_die();
    must(pond_audit(NULL) == 0, "an audit found something");
    (void)pond_debug_get(text, sizeof(text));
    must(pond_debug_set("") == 0, "none");
}

static void begin_reports(void)
{
    begin_with("double,tag,stacks=16,log");
}

static void put_twice(void)
{
    void *volatile again = objects[0], *volatile wild = &letters;
    pond_put(letters, objects[0]);
    pond_put(letters, again);
    pond_put(letters, wild);
}

static void begin_handled(void)
{
    static struct heard heard;
    begin_reports();
    pond_on_report(hear, &heard);
}

/* Beside this program's directory, if it was made; libpond then knows it by its name. */
static void begin_names(void)
{
    char path[512];
    ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 40);
    must(n > 0, "readlink");
    path[n] = '\0';
    for (int i = 0; i < 3; i++)
        *strrchr(path, '/') = '\0';
    strcat(path, "/libpond-symbol.so");
    (void)dlopen(path, RTLD_NOW);
    begin_reports();
    (void)unsetenv("POND_SYMBOLIZE");
}

static void begin_prepared(void)
{
    begin_names();
    int said = pond_prepare(POND_PREPARE_SYMBOLS | POND_PREPARE_SYSTEM_CALLS);
    must(said == 0 || errno == ENOENT, "pond_prepare");
}

static void guard_and_trap(void)
{
    must(pond_debug_set("guard,log") == 0, "guard");
    volatile char *volatile text = pond_get(letters);
    pond_put(letters, (void *)(uintptr_t)text);
    must(text[3] == 0, "it is written");
}

static void guard_quietly(void)
{
    must(pond_debug_set("guard") == 0, "guard");
    for (int i = 0; i < 300; i++)
        pond_put(letters, pond_get(letters));
}

static void begin_leak(void)
{
    begin_with("leak,stacks=1,log");
}

static void leak(void)
{
    must(pond_destroy(letters) == -1, "destroyed");
}

static void begin_trace(void)
{
    begin_plain();
    trace_on(true);
}

static void tick_to_stderr(void)
{
    (void)pond_epoch_advance();
    (void)pond_rotate(letters);
}

static void dump_to_stderr(void)
{
    must(pond_dump(STDERR_FILENO) == 0, "errno %d", errno);
}

/* The second of the files replaces the first one; the name that it has before is taken. */
static void begin_tuned(void)
{
    char file[64], taken[80];
    (void)snprintf(file, sizeof(file), "stats=/tmp/pond-syscalls-%ld", (long)getpid());
    (void)snprintf(taken, sizeof(taken), "%s.%ld", file + 6, (long)getpid());
    (void)setenv("POND_TUNE", file, 1);
    begin_plain();
    int fd = open(taken, O_CREAT | O_WRONLY, 0600);
    must(fd >= 0, "errno %d", errno);
    (void)close(fd);
}

static void tick_twice(void)
{
    char file[64];
    (void)pond_epoch_advance();
    (void)pond_epoch_advance();
    (void)snprintf(file, sizeof(file), "/tmp/pond-syscalls-%ld", (long)getpid());
    must(unlink(file) == 0, "errno %d", errno);
}

#define CORE "ponds;ponds, now and then"

Test(syscalls, of_ponds)
{
    made_by(CORE, "", start_thread, live_and_die);
}

Test(syscalls, of_ponds_and_a_fork)
{
    made_by(CORE, "clone wait4 set_robust_list exit_group", start_thread, fork_once);
}

Test(syscalls, of_words)
{
    made_by(CORE, "", begin_plain, words_come_and_go);
}

Test(syscalls, of_reports)
{
    made_by("reports", "", begin_reports, put_twice);
    made_by("reports", "", begin_handled, put_twice);
}

Test(syscalls, of_reports_with_names)
{
    made_by("reports;reports with names", "", begin_names, put_twice);
}

Test(syscalls, of_the_trace)
{
    made_by("ponds;the trace", "", begin_trace, tick_to_stderr);
}

Test(syscalls, of_pond_dump)
{
    made_by("ponds;`pond_dump`", "", begin_plain, dump_to_stderr);
}

Test(syscalls, of_the_statistics_file)
{
    made_by(CORE ";`stats=FILE` of POND_TUNE", "unlink", begin_tuned, tick_twice);
}

Test(syscalls, of_reports_with_names_prepared)
{
    made_by("reports with names, prepared", "", begin_prepared, put_twice);
}

Test(syscalls, of_guard)
{
    made_by("ponds;guard", "", begin_plain, guard_quietly);
    made_by("ponds;guard;reports", "", begin_plain, guard_and_trap);
}

Test(syscalls, of_leak)
{
    made_by("ponds;reports", "", begin_leak, leak);
}

#else
Test(syscalls, of_all_parts)
{
    cr_skip("their names are those of x86-64");
}
#endif
