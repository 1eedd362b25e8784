/* SPDX-License-Identifier: BSD-2-Clause */
/* What the tests of traps share: a report that is only noted, objects in guard slots, the two accesses. */
#ifndef TEST_CHECK_TRAP_H
#define TEST_CHECK_TRAP_H

#include "test.h"

#include "../../src/check/guard.h"
#include "../../src/check/report.h"
#include "threads.h"

#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>

/* The sanitizers' own handlers would be the ones that were there before: without them SIG_DFL is. */
const char *__asan_default_options(void);
const char *__tsan_default_options(void);
const char *__asan_default_options(void)
{
    return "handle_segv=0:handle_sigbus=0";
}
const char *__tsan_default_options(void)
{
    return "handle_segv=0:handle_sigbus=0";
}

/* ---- a report that is only noted ---- */

static struct {
    atomic_int count;
    char word[16], what[128];
    const void *object, *first_pc;
    const struct pond *pond;
    struct finding finding;
    void (*then)(void);
} noted;

void __wrap_report(const struct finding *f);

void __wrap_report(const struct finding *f)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    size_t frames = 0;
    pthread_mutex_lock(&lock);
    const void *const *pcs = stack_frames((uint32_t)f->events[0].event.stack, &frames);
    snprintf(noted.word, sizeof(noted.word), "%s", f->word);
    snprintf(noted.what, sizeof(noted.what), "%s", f->what);
    noted.finding = *f;
    noted.first_pc = frames > 0 ? pcs[0] : NULL;
    atomic_fetch_add(&noted.count, 1);
    pthread_mutex_unlock(&lock);
    if (noted.then != NULL)
        noted.then();
}

#define cr_assert_noted(n, text)                                                                             \
    do {                                                                                                     \
        cr_assert_eq(atomic_load(&noted.count), n, "%d reports", atomic_load(&noted.count));                 \
        cr_assert_str_eq(noted.what, text);                                                                  \
    } while (0)

/* ---- objects ---- */

static pond *owner;

__attribute__((unused)) static void start(void)
{
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    check_settings.stacks = 16;
    owner = test_pond((pond_options){.size = 64, .name = "guarded"});
    cr_assert(guard_start());
}

__attribute__((unused)) static char *take(void)
{
    char *obj = guard_take(owner, 64, 8);
    must(obj != NULL, "no slot");
    return obj;
}

/* At the beginning of its pages, or at their end. */
__attribute__((unused)) static char *take_at(bool end)
{
    for (;;) {
        char *obj = take();
        if (((uintptr_t)obj % os_page_size() != 0) == end)
            return obj;
        guard_give(obj);
    }
}

__attribute__((unused)) static char *take_given(void)
{
    char *obj = take();
    memset(obj, 'x', 64);
    guard_give(obj);
    return obj;
}

/* The two accesses: not inlined, so that a stack shows them. */
static __attribute__((noinline, unused)) char read_byte(const volatile char *at)
{
    char byte = *at;
    __asm__ volatile("" : : : "memory"); /* the handler may have changed anything */
    return byte;
}

static __attribute__((noinline, unused)) void write_byte(volatile char *at, char value)
{
    *at = value;
    __asm__ volatile("" : : : "memory");
}

/* ---- how it ends, and who hears of it ---- */

/* How a child ends that does this. */
__attribute__((unused)) static int end_of(void (*body)(void))
{
    pid_t child = fork();
    must(child >= 0, "fork: errno %d", errno);
    if (child == 0) {
        alarm(TEST_ALARM);
        body();
        _exit(0);
    }
    int status;
    must(waitpid(child, &status, 0) == child, "waitpid: errno %d", errno);
    return status;
}

#define cr_assert_dies_of(signal, body)                                                                      \
    do {                                                                                                     \
        int status_ = end_of(body);                                                                          \
        cr_assert(WIFSIGNALED(status_) && WTERMSIG(status_) == (signal), "status %#x", (unsigned)status_);   \
    } while (0)

#define cr_assert_ends_with(code, body)                                                                      \
    do {                                                                                                     \
        int status_ = end_of(body);                                                                          \
        cr_assert(WIFEXITED(status_) && WEXITSTATUS(status_) == (code), "status %#x", (unsigned)status_);    \
    } while (0)

__attribute__((unused)) static void on_plain(int signal)
{
    _exit(signal == SIGSEGV ? 43 : signal == SIGBUS ? 44 : 45);
}

/* Handler of SIGSEGV and SIGBUS, with SIGUSR1 blocked meanwhile. */
__attribute__((unused)) static void handle(struct sigaction action)
{
    sigemptyset(&action.sa_mask);
    sigaddset(&action.sa_mask, SIGUSR1);
    cr_assert_eq(sigaction(SIGSEGV, &action, NULL), 0);
    cr_assert_eq(sigaction(SIGBUS, &action, NULL), 0);
}

#endif
