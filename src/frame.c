/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What belongs to the thread that asks (its stack, its errno), and whether an earlier call is still on a
 * stack.
 */
#include "frame.h"
#include "os.h"
#include "watch.h"
#include <errno.h>
#include <pthread.h>
#include <stddef.h>
#include <sys/auxv.h>
#include <unistd.h>
#include <unwind.h>

/* ---- what belongs to the thread ---- */

/* Has the compiler ask anew: without it, it may infer that a function's result is the same for ever. */
#define ANEW() __asm__ volatile("" : : : "memory")

/*
 * Bounds of the thread's own stack. Both NULL: not known yet. An empty one, from 1 on: it cannot be known.
 */
static __thread const char *own_low POND_TLS_;
static __thread const char *own_high POND_TLS_;

NOT_INLINED const void *frame_thread(void)
{
    ANEW();
    return &own_low;
}

__thread int *errno_place POND_TLS_;

NOT_INLINED int *errno_find(void)
{
    ANEW();
    return errno_place = &errno;
}

#define MAIN_STACK_MOST ((size_t)128 << 20) /* the kernel keeps so much free for the first thread's stack */

/*
 * Finds the bounds of this thread's own stack. It runs on another stack (watch_aside): the C library
 * allocates memory meanwhile, for which the dynamic linker may have to find a function first, with 3 KiB of
 * the stack.
 *
 * The first thread's stack ends where the kernel put the program's arguments; the C library would read
 * /proc/self/maps to tell, which a sandbox may forbid.
 */
static void find_own_stack(void *unused)
{
    pthread_attr_t attr;
    void *low = NULL;
    size_t bytes = 0;
    (void)unused;
    own_low = own_high = (const char *)1;
    if (os_thread() == (uint32_t)getpid()) {
        own_high = (const char *)getauxval(AT_RANDOM); /* NOLINT(performance-no-int-to-ptr) */
        own_low = own_high - MIN(MAIN_STACK_MOST, (uintptr_t)own_high);
    } else if (pthread_getattr_np(pthread_self(), &attr) == 0) {
        if (pthread_attr_getstack(&attr, &low, &bytes) == 0) {
            own_low = low;
            own_high = own_low + bytes;
        }
        (void)pthread_attr_destroy(&attr);
    }
}

NOT_INLINED const void *frame_owner(const void *address)
{
    const char *a = address;
    ANEW();
    if (own_low == NULL)
        watch_aside(find_own_stack, NULL);
    POND_ASSERT(own_high != NULL && own_low <= own_high);
    return a >= own_low && a < own_high ? &own_low : NULL;
}

NOT_INLINED const char *frame_own_end(const void *address)
{
    const char *a = address;
    ANEW();
    return a >= own_low && a < own_high ? own_high : NULL;
}

bool frame_is_own(const void *address)
{
    return frame_own_end(address) != NULL;
}

/* ---- is it under way? ---- */

/*
 * Frames that follow each other on one stack: a larger step leads to another stack, or over other stacks
 * that lie in a frame.
 */
#define STEP_MOST ((uintptr_t)256 << 10)
#define STACK_DEEPEST                                                                                        \
    ((uintptr_t)1 << 20) /* between a call and an earlier one, on a stack of unknown bounds */

struct upwards {
    const struct frame *frame;
    uintptr_t last; /* where the frame before began */
    bool loosely, found, passed;
};

/*
 * Whether the unwinder is at the function that f's call returns to. Where a frame begins the one that it
 * returns to ends. That one must be at the same call, or, loosely, in the same function.
 */
static bool is_caller_of(const struct frame *f, struct _Unwind_Context *context, bool loosely)
{
    if (_Unwind_GetCFA(context) != (uintptr_t)f->at)
        return false;
    if (!loosely)
        return _Unwind_GetIP(context) == (uintptr_t)f->back;
    return _Unwind_GetRegionStart(context) ==
           (uintptr_t)_Unwind_FindEnclosingFunction((void *)(uintptr_t)f->back);
}

static _Unwind_Reason_Code look_at_frame(struct _Unwind_Context *context, void *argument)
{
    struct upwards *l = argument;
    uintptr_t at = _Unwind_GetCFA(context);
    l->found = is_caller_of(l->frame, context, l->loosely);
    bool follows = l->last == 0 || (at >= l->last && at - l->last <= STEP_MOST);
    l->passed = follows && at > (uintptr_t)l->frame->at;
    l->last = at;
    return l->found || l->passed || !follows ? _URC_END_OF_STACK : _URC_NO_REASON;
}

static enum frame_state search_upwards(const struct frame *f, bool loosely)
{
    struct upwards l = {.frame = f, .loosely = loosely};
    (void)_Unwind_Backtrace(look_at_frame, &l);
    if (l.found)
        return FRAME_INSIDE;
    return l.passed ? FRAME_LEFT : FRAME_ELSEWHERE;
}

/*
 * Looks on which side of the earlier call this one is: the stack grows down, so what a call makes lies
 * below it. A frame that begins at the same place may have taken the place of the earlier one's, by a call
 * that ended its function; that is so only where the frame was learnt from another call of that function
 * (loosely).
 */
enum frame_state frame_look(const struct frame *f, const char *here, bool loosely)
{
    const void *owner = frame_owner(here);
    if (owner != f->thread)
        return FRAME_ELSEWHERE;
    bool replaced = here == f->at && loosely;
    if (here >= f->at && !replaced)
        return owner != NULL || here == f->at ? FRAME_LEFT : FRAME_ELSEWHERE;
    if (owner == NULL && (uintptr_t)(f->at - here) > STACK_DEEPEST)
        return FRAME_ELSEWHERE;
    return search_upwards(f, loosely);
}

/* ---- who is on the stack? ---- */

struct functions {
    const void *const *all;
    size_t count;
    const void *found;
};

static _Unwind_Reason_Code compare_functions(struct _Unwind_Context *context, void *argument)
{
    struct functions *f = argument;
    const uintptr_t start = _Unwind_GetRegionStart(context);
    for (size_t i = 0; i < f->count && f->found == NULL; i++)
        if (start == (uintptr_t)f->all[i])
            f->found = f->all[i];
    return f->found != NULL ? _URC_END_OF_STACK : _URC_NO_REASON;
}

const void *frame_search(const void *const *functions, size_t count)
{
    struct functions f = {.all = functions, .count = count};
    (void)_Unwind_Backtrace(compare_functions, &f);
    return f.found;
}
