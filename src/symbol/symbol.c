/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The entry points, in one file: who links the archive for one of them has the other.
 *
 * libdw wants much stack: 150 KiB for the first line of a module (0.188). Reports come from threads with
 * little of it, from coroutines, and from signal handlers on their alternate stack. So libdw is asked on a
 * thread made for it, some 50 us for a frame. No signal of the program's is handled there.
 */
#include "session.h"
#include <pthread.h>
#include <signal.h>

#define CALL_STACK ((size_t)1 << 20)

struct call {
    const void *pc;
    const char *type; /* NULL: it is about pc */
    size_t offset;
    struct symbol_text text;
};

static void *call_answer(void *argument)
{
    struct call *c = argument;
    if (c->type != NULL)
        field_describe(c->type, c->offset, &c->text);
    else
        describe_address((uintptr_t)c->pc - 1, &c->text); /* what returns to it is the byte before */
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

static size_t call_make(struct call c)
{
    sigset_t all, before;
    pthread_t thread;
    if (c.text.n == 0)
        return 0;
    c.text.text[0] = 0;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    if (call_start(&thread, &c))
        (void)pthread_join(thread, NULL);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return c.text.length;
}

size_t pond_symbol_describe(const void *pc, char *text, size_t n)
{
    return call_make((struct call){.pc = pc, .text = {.text = text, .n = n}});
}

size_t pond_symbol_field(const char *type, size_t offset, char *text, size_t n)
{
    if (type == NULL)
        return 0;
    return call_make((struct call){.type = type, .offset = offset, .text = {.text = text, .n = n}});
}
