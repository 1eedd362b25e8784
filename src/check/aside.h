/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stacks of the library's own, for what takes much of one: reports come from threads, coroutines and signal
 * handlers that have little. They are for work that returns. What is the program's and may leave by longjmp,
 * an exception or the end of its thread runs where it would run without this.
 */
#ifndef POND_CHECK_ASIDE_H
#define POND_CHECK_ASIDE_H

#include "../frame.h"

/* A stack, and room for a text beside it. Whoever has taken it has it alone. */
struct aside {
    char *stack; /* its lowest byte */
    size_t stack_bytes;
    char *text;
    size_t text_bytes;
    unsigned valgrind;   /* Valgrind's number for the stack */
    struct aside *outer; /* see aside_lend */
    const char *at;
};

enum aside_room {
    ASIDE_LITTLE, /* some 48 KiB, and there from the start: no system call is made, unless somebody else has
                     it */
    ASIDE_AMPLE   /* 256 KiB with a page below that traps: mapped when it is first needed */
};

/* NULL: there is no memory for one. If it is to be ample and cannot be it is the little one. Keeps errno. */
struct aside *aside_take(enum aside_room room);
void aside_give(struct aside *a);

/* An ample one in the place of this one; or this one. */
struct aside *aside_grow(struct aside *a);

/* Runs work(argument) there; NULL: here, as on processors to which no way is known of going there. */
void aside_call(struct aside *a, void (*work)(void *argument), void *argument);

/* The three at once, for work that needs a little of a stack and no system call. */
void aside_do(void (*work)(void *argument), void *argument);

/*
 * The program is given what lies in the text, by a call from this frame that need not return; and the call
 * returned. Whatever a thread has lent by calls that did not return is its own again when it next lends.
 */
void aside_lend(struct aside *a, const char *frame);
void aside_lent(struct aside *a);

void aside_forked(void); /* in the child: no other thread has any */

#endif
