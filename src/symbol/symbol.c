/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The entry points, in one file: who links the archive for one of them has the others.
 *
 * libdw wants much stack: 150 KiB for the first line of a module (0.188). Reports come from threads with
 * little of it, from coroutines, and from signal handlers on their alternate stack. So libdw is asked on a
 * thread made for it, some 50 us for a frame. No signal of the program's is handled there.
 */
#include "session.h"
#include <pthread.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#define CALL_STACK ((size_t)1 << 20)

/* What is asked: one of them. */
struct call {
    bool (*answer)(struct call *c); /* false: nobody knows */
    const void *const *pcs;
    size_t count;
    pond_symbol_taker *take;
    void *ctx;
    const char *type;
    size_t offset;
    struct symbol_text text;
    bool answered;
};

/* ---- one thread at a time ---- */

#define CALL_WAITS 20000 /* naps of a tenth of a millisecond: some seconds */

/* Whose thread is being answered; 0: none is. Changed by compare-and-swap. */
static pid_t call_process;

/* In a forked child the process is the parent's: the answer was under way, and no thread will end it. */
static bool call_enter(void)
{
    pid_t process = getpid();
    for (int naps = 0; naps < CALL_WAITS; naps++) {
        pid_t other = 0;
        if (__atomic_compare_exchange_n(&call_process, &other, process, false, __ATOMIC_ACQUIRE,
                                        __ATOMIC_RELAXED))
            return true;
        if (other != process)
            return false;
        (void)nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
    }
    return false;
}

/* Pairs with the acquire above: the next one sees the session as this one left it. */
static void call_leave(void)
{
    __atomic_store_n(&call_process, 0, __ATOMIC_RELEASE);
}

/* ---- on a thread made for it ---- */

static void *call_answer(void *argument)
{
    struct call *c = argument;
    c->answered = c->answer(c);
    return c;
}

static bool call_start(pthread_t *thread, struct call *c)
{
    pthread_attr_t attributes;
    if (pthread_attr_init(&attributes) != 0)
        return false;
    bool started = pthread_attr_setstacksize(&attributes, CALL_STACK) == 0 &&
                   pthread_create(thread, &attributes, call_answer, c) == 0;
    (void)pthread_attr_destroy(&attributes);
    return started;
}

/* Not to be cancelled meanwhile: the thread reads what lies on this stack. */
static bool call_make(struct call *c)
{
    sigset_t all, before;
    pthread_t thread;
    int cancel;
    (void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
    if (call_enter()) {
        (void)sigfillset(&all);
        (void)pthread_sigmask(SIG_SETMASK, &all, &before);
        if (call_start(&thread, c))
            (void)pthread_join(thread, NULL);
        (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
        call_leave();
    }
    (void)pthread_setcancelstate(cancel, NULL);
    return c->answered;
}

static size_t call_for_text(struct call c)
{
    if (c.text.n == 0)
        return 0;
    c.text.text[0] = 0;
    (void)call_make(&c);
    return c.text.length;
}

/* ---- what can be asked ---- */

static bool answer_describe(struct call *c)
{
    describe_address(c->pcs[0], &c->text);
    return true;
}

static bool answer_field(struct call *c)
{
    field_describe(c->type, c->offset, &c->text);
    return true;
}

static bool answer_frames(struct call *c)
{
    bool known = session_now() != NULL;
    if (known)
        describe_frames(c->pcs, c->count, c->take, c->ctx);
    return known;
}

static bool answer_prepare(struct call *c)
{
    (void)c;
    return session_prepare();
}

size_t pond_symbol_describe(const void *pc, char *text, size_t n)
{
    return call_for_text(
        (struct call){.answer = answer_describe, .pcs = &pc, .text = {.text = text, .n = n}});
}

size_t pond_symbol_field(const char *type, size_t offset, char *text, size_t n)
{
    if (type == NULL)
        return 0;
    return call_for_text((struct call){
        .answer = answer_field, .type = type, .offset = offset, .text = {.text = text, .n = n}});
}

int pond_symbol_frames(const void *const *pcs, size_t count, pond_symbol_taker *take, void *ctx)
{
    struct call c = {.answer = answer_frames, .pcs = pcs, .count = count, .take = take, .ctx = ctx};
    return call_make(&c) ? 0 : -1;
}

int pond_symbol_prepare(void)
{
    struct call c = {.answer = answer_prepare};
    return call_make(&c) ? 0 : -1;
}
