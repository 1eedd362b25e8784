/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A copy of the process, and threads that are stopped from there.
 *
 *   1. A copy has this thread alone. What another thread held is held in it for ever: it takes no lock, calls
 *      no malloc, and goes to the kernel itself, past what tools put before it.
 *   2. Whatever becomes of a copy (a sandbox kills it, it crashes, it is too slow) is nothing but an answer
 *      that there is not.
 *   3. Threads are stopped as a debugger stops them (ptrace). They go on when the copy that has stopped them
 *      ends, however it ends. While they are stopped nobody waits for anything that one of them may hold.
 */
#include "reach.h"
#include "tools.h"
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- files ---- */

int apart_open(int at, const char *path)
{
    return (int)syscall(SYS_openat, at, path, O_RDONLY | O_CLOEXEC, 0);
}

ssize_t apart_read(int file, void *to, size_t n)
{
    tools_zeroed(to, n); /* it will be defined, which tools do not see */
    return syscall(SYS_read, file, to, n);
}

/* An entry of a directory, as the kernel writes it. */
struct apart_entry {
    uint64_t number;
    int64_t next;
    uint16_t bytes;
    unsigned char kind;
    char name[];
};

bool apart_list(int directory, bool (*visit)(const char *name, void *ctx), void *ctx)
{
    char entries[2048] __attribute__((aligned(8))) = {0};
    long length;
    while ((length = syscall(SYS_getdents64, directory, entries, sizeof(entries))) > 0)
        for (long at = 0; at < length;) {
            const struct apart_entry *e = (const struct apart_entry *)(const void *)(entries + at);
            const char *name = entries + at + offsetof(struct apart_entry, name);
            if (*name != '.' && !visit(name, ctx))
                return false;
            at += e->bytes;
        }
    return length == 0;
}

/* ---- a copy ---- */

pid_t apart_begin(void (*work)(void *arg), void *arg)
{
    sigset_t all, before;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    long copy = syscall(SYS_clone, 0UL, NULL, NULL, NULL, 0UL); /* in its flags: no signal tells of its end */
    if (copy == 0) {
        (void)prctl(PR_SET_PDEATHSIG, (unsigned long)SIGKILL);
        work(arg);
        for (;;)
            (void)syscall(SYS_exit_group, 0);
    }
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return (pid_t)copy;
}

static bool apart_is_over(pid_t copy)
{
    pid_t ended = waitpid(copy, NULL, __WALL | WNOHANG);
    return ended == copy || (ended < 0 && errno != EINTR);
}

void apart_end(pid_t copy, uint64_t milliseconds)
{
    uint64_t end = os_milliseconds() + milliseconds;
    if (copy <= 0)
        return;
    while (!apart_is_over(copy)) {
        if (os_milliseconds() >= end) {
            (void)kill(copy, SIGKILL);
            end = UINT64_MAX; /* it does end */
        }
        os_nap();
    }
}

/* ---- threads are stopped: in the copy ---- */

static uint32_t halt_state(const struct halt *h)
{
    return __atomic_load_n(&h->state, __ATOMIC_ACQUIRE); /* Pairs with halt_be, in the other process */
}

static void halt_be(struct halt *h, uint32_t state)
{
    __atomic_store_n(&h->state, state, __ATOMIC_RELEASE); /* Pairs with halt_state: the registers are there */
}

static bool halt_is_over(const struct halt *h)
{
    /* Pairs with halt_end. */
    return __atomic_load_n(&h->over, __ATOMIC_ACQUIRE) != 0 || getppid() != h->process;
}

/* True: the thread has ended. A process's first thread that ended before the others stays in the list. */
static bool halt_is_dead(const struct halt *h, pid_t thread)
{
    char text[512] = {0};
    (void)snprintf(text, sizeof(text), "/proc/%d/task/%d/stat", (int)h->process, (int)thread);
    int file = apart_open(AT_FDCWD, text);
    ssize_t length = file >= 0 ? apart_read(file, text, sizeof(text) - 1) : 0;
    (void)syscall(SYS_close, file);
    text[MAX(length, 0)] = '\0';
    const char *name_end = strrchr(text, ')');
    return length <= 0 || (name_end != NULL && (name_end[2] == 'Z' || name_end[2] == 'X'));
}

static long halt_ask(int request, pid_t thread, long what, void *data)
{
    return syscall(SYS_ptrace, (long)request, (long)thread, what, data);
}

/* Asks the process, once, to allow that its threads be stopped. True: it did. */
static bool halt_is_granted(struct halt *h)
{
    if (halt_state(h) != HALT_BEGINS)
        return false;
    for (halt_be(h, HALT_ASKS); halt_state(h) == HALT_ASKS && !halt_is_over(h);)
        os_nap();
    return halt_state(h) == HALT_GRANTED;
}

static bool halt_read(struct halt *h, pid_t thread, long kind)
{
    struct iovec to = {h->registers + h->bytes, HALT_SET};
    POND_ASSERT(h->bytes + HALT_SET <= sizeof(h->registers));
    if (halt_ask(PTRACE_GETREGSET, thread, kind, &to) != 0)
        return false;
    h->bytes += rounded_up(to.iov_len, 16);
    return true;
}

static bool halt_one(struct halt *h, pid_t thread)
{
    int status = 0;
    long seized = halt_ask(PTRACE_SEIZE, thread, 0, NULL);
    if (seized != 0 && errno == EPERM && !halt_is_dead(h, thread) && halt_is_granted(h))
        seized = halt_ask(PTRACE_SEIZE, thread, 0, NULL);
    if (seized != 0)
        return errno == ESRCH || halt_is_dead(h, thread);
    if (halt_ask(PTRACE_INTERRUPT, thread, 0, NULL) != 0)
        return errno == ESRCH;
    if (syscall(SYS_wait4, thread, &status, __WALL, NULL) != thread || !WIFSTOPPED(status))
        return true; /* it has ended */
    (void)halt_read(h, thread, NT_PRFPREG);
    return halt_read(h, thread, NT_PRSTATUS) || errno == ESRCH;
}

/* Stops a thread of the list, unless it was stopped before or is the one that waits for us. */
static bool halt_listed(const char *name, void *ctx)
{
    struct halt *h = ctx;
    pid_t thread = (pid_t)strtol(name, NULL, 10);
    bool known = thread == h->caller;
    for (size_t i = 0; i < h->threads && !known; i++)
        known = h->thread[i] == thread;
    if (known)
        return true;
    if (h->threads == HALT_MOST)
        return false;
    h->thread[h->threads++] = thread;
    return halt_one(h, thread);
}

#define HALT_ROUNDS 100 /* threads that are not stopped yet begin others */

static bool halt_all(struct halt *h)
{
    char path[64];
    (void)snprintf(path, sizeof(path), "/proc/%d/task", (int)h->process);
    for (int round = 0; round < HALT_ROUNDS; round++) {
        size_t before = h->threads;
        int tasks = apart_open(AT_FDCWD, path);
        bool halted = tasks >= 0 && apart_list(tasks, halt_listed, h);
        (void)syscall(SYS_close, tasks);
        if (!halted)
            return false;
        if (h->threads == before)
            return true;
    }
    return false;
}

static void halt_work(void *arg)
{
    struct halt *h = arg;
    halt_be(h, halt_all(h) ? HALT_DONE : HALT_REFUSED);
    while (!halt_is_over(h))
        os_nap();
}

/* ---- threads are stopped: in the process itself ---- */

#define HALT_MILLISECONDS 2000

bool halt_begin(struct halt *h, pid_t *halter)
{
    uint64_t end = os_milliseconds() + HALT_MILLISECONDS;
    h->process = getpid();
    h->caller = (pid_t)os_thread();
    *halter = apart_begin(halt_work, h);
    while (*halter > 0 && halt_state(h) < HALT_DONE && os_milliseconds() < end) {
        if (halt_state(h) == HALT_ASKS) {
            (void)prctl(PR_SET_PTRACER, (unsigned long)*halter); /* EINVAL: there is no Yama */
            halt_be(h, HALT_GRANTED);
        }
        if (apart_is_over(*halter))
            *halter = -1;
        else
            os_nap();
    }
    return *halter > 0 && halt_state(h) == HALT_DONE;
}

void halt_end(struct halt *h, pid_t halter)
{
    __atomic_store_n(&h->over, 1, __ATOMIC_RELEASE); /* Pairs with halt_is_over */
    apart_end(halter, HALT_MILLISECONDS);
}
