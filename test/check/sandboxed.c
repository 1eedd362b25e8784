/* SPDX-License-Identifier: BSD-2-Clause */
// variants: release clang debug
/*
 * In a sandbox that kills whoever opens a file or reads a link: what is wrong, with which object and where,
 * arrives before the library looks for names.
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

static bool enter_sandbox(void)
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        KILL_AT(SYS_openat),
        KILL_AT(SYS_readlinkat),
#ifdef SYS_open
        KILL_AT(SYS_open),
        KILL_AT(SYS_readlink),
#endif
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {.len = sizeof(filter) / sizeof(filter[0]), .filter = filter};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

static void put_twice(pond *p)
{
    void *obj = pond_get(p);
    void *volatile again = obj;
    pond_put(p, obj);
    pond_put(p, again);
}

static void use_destroyed(pond *p)
{
    must(pond_destroy(p) == 0, "pond_destroy");
    must(pond_get(p) == NULL, "it works");
}

enum { NO_SANDBOX = 77 };

/* What a child says in the sandbox. */
static const char *said_of(const char *words, void (*misuse)(pond *p))
{
    static char text[16384];
    int ends[2], status;
    must(pipe(ends) == 0, "pipe");
    pid_t child = fork();
    if (child == 0) {
        must(dup2(ends[1], STDERR_FILENO) >= 0 && pond_debug_set(words) == 0, "begin");
        pond *p = pond_create(&(pond_options){.name = "letters", .size = 64});
        if (!enter_sandbox())
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

Test(sandboxed, a_double_put_is_told_of)
{
    const char *said = said_of("double,stacks=16", put_twice);
    cr_assert_not_null(strstr(said, "pond: double: double put"), "%s", said);
    cr_assert_not_null(strstr(said, "of pond \"letters\""), "%s", said);
    cr_assert_not_null(strstr(said, "put again here, addresses: program+0x"), "%s", said);
    cr_assert_not_null(strstr(said, "put before, addresses: program+0x"), "%s", said);
}

Test(sandboxed, so_is_the_use_of_a_destroyed_pond)
{
    const char *said = said_of("", use_destroyed);
    cr_assert_not_null(strstr(said, "pond_get of a destroyed pond"), "%s", said);
    cr_assert_not_null(strstr(said, "used here, addresses: program+0x"), "%s", said);
}
