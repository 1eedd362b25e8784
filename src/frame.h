/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * On which stack a call is, and whether an earlier call is still under way. A call belongs to its stack,
 * not to its thread: a coroutine that yields inside of a hook may go on on another thread. What belongs to
 * the thread (errno, its caches) is therefore asked for anew after each hook, by functions that are never
 * inlined, for compilers keep the thread's address over calls.
 */
#ifndef POND_FRAME_H
#define POND_FRAME_H

#include "port.h"

/* A call: where its function's frame begins, and where it returns to. */
struct frame {
    const char *at;
    const void *back;
    const void
        *thread; /* whose own stack it is on, which no other thread uses; NULL: a stack of a program's own */
};

/* The frame of the function that it stands in. */
#define FRAME_HERE                                                                                           \
    {                                                                                                        \
        .at = __builtin_dwarf_cfa(), .back = __builtin_return_address(0),                                    \
        .thread = frame_owner(__builtin_dwarf_cfa())                                                         \
    }

/* This thread, if the address is on the stack that it was started with; else NULL. */
const void *frame_owner(const void *address);
const void *frame_thread(void); /* what no other thread has */

/*
 * Whether the address is on this thread's own stack, and this thread has asked frame_owner before; the
 * second returns where that stack ends, or NULL. They make no system call.
 */
bool frame_is_own(const void *address);
const char *frame_own_end(const void *address);

enum frame_state {
    FRAME_INSIDE, /* the call that asks was made by it */
    FRAME_LEFT, /* it did not return, and cannot any more: longjmp, an exception, a stack that is used anew */
    FRAME_ELSEWHERE /* it is on another stack, or nobody knows */
};

/*
 * Finds out what has become of an earlier call, as seen from one whose frame begins `here`. loosely: the
 * frame is that of a call which the same function made before, from the same depth.
 */
enum frame_state frame_look(const struct frame *f, const char *here, bool loosely);

/*
 * The first function on the stack, from the caller outwards, that is one of these; NULL: none, as far as
 * can be told.
 */
const void *frame_search(const void *const *functions, size_t count);

/*
 * errno of the thread that asks. Its address is kept by the thread, for no call may keep it over a hook,
 * and to ask the C library for it each time took half of the time of a put with a reset hook.
 */
extern __thread int *errno_place POND_TLS_; /* NULL: not asked yet */
int *errno_find(void);

static __attribute__((unused)) AFTER_HOOK int errno_now(void)
{
    int *place = errno_place;
    return __builtin_expect(place != NULL, 1) ? *place : *errno_find();
}

static __attribute__((unused)) AFTER_HOOK void errno_be(int error)
{
    int *place = errno_place;
    *(__builtin_expect(place != NULL, 1) ? place : errno_find()) = error;
}

#endif
