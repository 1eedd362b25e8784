/* SPDX-License-Identifier: BSD-2-Clause */
// variants: release clang debug
/*
 * In a sandbox that kills whoever opens a file or reads a link, or does anything but write: what is wrong,
 * with which object and where, arrives before the library looks for names, maps memory, or asks for anything.
 */
#include "test.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pond/debug.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

TestSuite(sandboxed, .timeout = TEST_ALARM);

#define KILL_AT(number)                                                                                      \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (number), 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS)

#define LOAD_NUMBER BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr))
#define ENTER(filter) enter_sandbox(filter, sizeof(filter) / sizeof((filter)[0]))

static bool enter_sandbox(struct sock_filter *filter, size_t n)
{
    struct sock_fprog program = {.len = (unsigned short)n, .filter = filter};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

static bool without_files(void)
{
    struct sock_filter filter[] = {
        LOAD_NUMBER,
        KILL_AT(SYS_openat),
        KILL_AT(SYS_readlinkat),
#ifdef SYS_open
        KILL_AT(SYS_open),
        KILL_AT(SYS_readlink),
#endif
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    return ENTER(filter);
}

static bool without_anything_but_write(void)
{
    struct sock_filter filter[] = {
        LOAD_NUMBER,
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_write, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
    };
    return ENTER(filter);
}

static const pond_type letter = {.name = "struct letter", .size = 64};

static int construct(void *obj, void *ctx)
{
    (void)obj, (void)ctx;
    return 0;
}

/* Got, and for the trap put, before the sandbox is entered: the first get and put need memory. */
static void *volatile object;

static void put_twice(pond *p)
{
    pond_put(p, object);
    pond_put(p, object);
}

static void read_after_put(pond *p)
{
    (void)p;
    (void)*(volatile char *)((char *)object + 3);
}

static void leave_something(pond *p)
{
    ((char *)object)[40] = 'x';
    pond_put(p, object);
}

static void use_destroyed(pond *p)
{
    pond_put(p, object);
    must(pond_destroy(p) == 0, "pond_destroy");
    must(pond_get(p) == NULL, "it works");
}

static bool reset(void *obj, void *ctx)
{
    (void)obj, (void)ctx;
    return true;
}

enum { NO_SANDBOX = 77 };

/* What a child says in the sandbox. */
static const char *said_in(bool (*sandbox)(void), const char *words, void (*misuse)(pond *p))
{
    static char text[16384];
    int ends[2], status;
    must(pipe(ends) == 0, "pipe");
    pid_t child = fork();
    if (child == 0) {
        must(dup2(ends[1], STDERR_FILENO) >= 0 && pond_debug_set(words) == 0, "begin");
        pond *p = pond_create(&(pond_options){
            .name = "letters", .size = 64, .type = &letter, .construct = construct, .reset = reset});
        pond_put(p, pond_get(p));
        object = pond_get(p);
        if (misuse == read_after_put)
            pond_put(p, object);
        if (!sandbox())
            _exit(NO_SANDBOX);
        misuse(p);
        _exit(0);
    }
    (void)close(ends[1]);
    size_t length = 0;
    for (ssize_t n; (n = read(ends[0], text + length, sizeof(text) - 1 - length)) > 0;)
        length += (size_t)n;
    text[length] = 0;
    must(waitpid(child, &status, 0) == child, "waitpid");
    if (WIFEXITED(status) && WEXITSTATUS(status) == NO_SANDBOX)
        cr_skip("the kernel lets nobody enter a sandbox here");
    cr_assert(WIFSIGNALED(status), "the child ended with %#x; it said: %s", (unsigned)status, text);
    return text;
}

static void double_put_in(bool (*sandbox)(void))
{
    const char *said = said_in(sandbox, "double,stacks=16", put_twice);
    cr_assert_not_null(strstr(said, "pond: double: double put"), "%s", said);
    cr_assert_not_null(strstr(said, "of pond \"letters\""), "%s", said);
    cr_assert_not_null(strstr(said, "put again here, addresses: program+0x"), "%s", said);
    cr_assert_not_null(strstr(said, "put before, addresses: program+0x"), "%s", said);
}

Test(sandboxed, a_double_put_is_told_of)
{
    double_put_in(without_files);
}

Test(sandboxed, a_double_put_is_told_of_by_write_alone)
{
    double_put_in(without_anything_but_write);
}

/* Names of fields need files. */
Test(sandboxed, so_is_what_reset_leaves)
{
    const char *said = said_in(without_files, "reset", leave_something);
    cr_assert_not_null(strstr(said, "reset does not clear 1 byte at offset 40"), "%s", said);
    cr_assert_not_null(strstr(said, "put here, addresses: program+0x"), "%s", said);
}

Test(sandboxed, so_is_a_trap_by_write_alone)
{
    const char *said = said_in(without_anything_but_write, "full,guard=1", read_after_put);
    cr_assert_not_null(strstr(said, "after put at offset 3"), "%s", said);
    cr_assert_not_null(strstr(said, "accessed here, addresses: program+0x"), "%s", said);
}

Test(sandboxed, so_is_the_use_of_a_destroyed_pond)
{
    const char *said = said_in(without_files, "", use_destroyed);
    cr_assert_not_null(strstr(said, "pond_get of a destroyed pond"), "%s", said);
    cr_assert_not_null(strstr(said, "used here, addresses: program+0x"), "%s", said);
}
