/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A coroutine on a stack of its own, that yields to whoever resumed it and goes on on whichever thread
 * resumes it next. For builds that follow a switch of stacks: not for sanitizers.
 */
#ifndef TEST_SUPPORT_COROUTINE_H
#define TEST_SUPPORT_COROUTINE_H

#include "test.h"

#include <stdlib.h>
#include <ucontext.h>

#define COROUTINE_STACK ((size_t)256 << 10)

typedef struct coroutine {
    ucontext_t own, resumer;
    void (*body)(void *arg);
    void *arg, *stack;
    bool ended;
} coroutine;

static coroutine *coroutine_starting;

static inline void coroutine_main(void)
{
    coroutine *c = coroutine_starting;
    c->body(c->arg);
    c->ended = true;
    setcontext(&c->resumer);
}

static inline void coroutine_make(coroutine *c, void (*body)(void *arg), void *arg)
{
    *c = (coroutine){.body = body, .arg = arg, .stack = malloc(COROUTINE_STACK)};
    must(c->stack != NULL && getcontext(&c->own) == 0, "no stack for a coroutine");
    c->own.uc_stack.ss_sp = c->stack;
    c->own.uc_stack.ss_size = COROUTINE_STACK;
    makecontext(&c->own, coroutine_main, 0);
}

/* Until it yields or ends. One thread at a time starts coroutines. */
static inline void coroutine_resume(coroutine *c)
{
    must(!c->ended, "it has ended");
    coroutine_starting = c;
    must(swapcontext(&c->resumer, &c->own) == 0, "swapcontext: errno %d", errno);
}

static inline void coroutine_yield(coroutine *c)
{
    must(swapcontext(&c->own, &c->resumer) == 0, "swapcontext: errno %d", errno);
}

static inline void coroutine_end(coroutine *c)
{
    must(c->ended, "it has not ended");
    free(c->stack);
}

#endif
