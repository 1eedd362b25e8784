/* SPDX-License-Identifier: BSD-2-Clause */
// variants: release clang debug
/*
 * The word `leak` at the exit of a process in a sandbox that refuses what the look takes, or kills who asks
 * for it: nothing is an error that could not be found out, and the status stays the program's own.
 */
#include "test.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pond/debug.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

TestSuite(exit_sandboxed, .timeout = TEST_ALARM);

enum { STATUS = 7, NO_SANDBOX = 77 };

static bool enter_sandbox(unsigned call, unsigned answer)
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, answer),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {.len = sizeof(filter) / sizeof(filter[0]), .filter = filter};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

static __attribute__((noinline)) void lose_one(pond *p)
{
    (void)!pond_get(p);
}

static __attribute__((noinline)) void wipe_stack(void)
{
    volatile char bytes[12 << 10];
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = 0;
}

static void *stay(void *arg)
{
    for (;;)
        (void)pause();
    return arg;
}

static char said[16384];

/* The status of a child that loses an object in such a sandbox, and what it says. */
static int ended(bool beside_a_thread, unsigned call, unsigned answer)
{
    int ends[2], status;
    must(pipe(ends) == 0, "pipe");
    pid_t child = fork();
    if (child == 0) {
        pthread_t thread;
        must(dup2(ends[1], STDERR_FILENO) >= 0 && pond_debug_set("leak=1,stacks=1") == 0, "begin");
        pond *p = pond_create(&(pond_options){.name = "letters", .size = 64});
        must(!beside_a_thread || pthread_create(&thread, NULL, stay, NULL) == 0, "thread");
        lose_one(p);
        wipe_stack();
        if (!enter_sandbox(call, answer))
            _exit(NO_SANDBOX);
        exit(STATUS);
    }
    (void)close(ends[1]);
    size_t length = 0;
    for (ssize_t n; (n = read(ends[0], said + length, sizeof(said) - 1 - length)) > 0;)
        length += (size_t)n;
    said[length] = 0;
    (void)close(ends[0]);
    must(waitpid(child, &status, 0) == child, "waitpid");
    if (WIFEXITED(status) && WEXITSTATUS(status) == NO_SANDBOX)
        cr_skip("the kernel lets nobody enter a sandbox here");
    return status;
}

#define REFUSED (SECCOMP_RET_ERRNO | 1) /* EPERM */

static void expect_unknown(bool beside_a_thread, unsigned call, unsigned answer)
{
    int status = ended(beside_a_thread, call, answer);
    cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == STATUS, "call %u, %#x: status %#x: %s", call,
              answer, (unsigned)status, said);
    cr_expect_not_null(strstr(said, "1 object live at exit may be kept or lost: nobody could look"),
                       "call %u, %#x: %s", call, answer, said);
}

Test(exit_sandboxed, who_may_not_open_files_is_told_of_nothing)
{
    expect_unknown(false, SYS_openat, SECCOMP_RET_KILL_PROCESS);
    expect_unknown(true, SYS_openat, SECCOMP_RET_KILL_PROCESS);
    expect_unknown(false, SYS_openat, REFUSED);
}

Test(exit_sandboxed, nor_who_may_have_no_child)
{
    expect_unknown(false, SYS_clone, REFUSED);
}

Test(exit_sandboxed, nor_who_may_not_stop_threads)
{
    expect_unknown(true, SYS_ptrace, SECCOMP_RET_KILL_PROCESS);
    expect_unknown(true, SYS_ptrace, REFUSED);
}

static void expect_lost(unsigned call, unsigned answer)
{
    int status = ended(false, call, answer);
    cr_expect(WIFSIGNALED(status), "call %u: status %#x: %s", call, (unsigned)status, said);
    cr_expect_not_null(strstr(said, "1 object live at exit that nothing leads to"), "call %u: %s", call,
                       said);
}

/* A kernel that does not copy memory, and one that does not say which pages were written to. */
Test(exit_sandboxed, there_are_other_ways)
{
    expect_lost(SYS_process_vm_readv, REFUSED);
    expect_lost(SYS_lseek, REFUSED);
}
