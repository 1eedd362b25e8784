/* SPDX-License-Identifier: BSD-2-Clause */
// link: -Wl,--wrap=_Unwind_Backtrace
/*
 * Stacks that are recalled are the ones that an unwinder finds: over ways that thousands of random calls
 * take, with frames of any size, on threads' stacks and on others.
 */
#include "test.h"

#include "coroutine.h"
#include "threads.h"

#include "../../src/frame.h"
#include "../../src/recall.h"
#include "../../src/walk.h"
#include <unwind.h>

TestSuite(recall, .timeout = TEST_ALARM);

enum { MOST = 48, WALKS = TEST_TIMES(100000) };

struct stack {
    uint32_t count;
    const void *pcs[MOST];
};

/* ---- as the unwinder has it ---- */

struct expected {
    const void *caller;
    struct stack stack;
};

static _Unwind_Reason_Code note_frame(struct _Unwind_Context *context, void *expected)
{
    struct expected *e = expected;
    const void *pc = (const void *)_Unwind_GetIP(context); /* NOLINT(performance-no-int-to-ptr) */
    if (pc == NULL || e->stack.count == MOST)
        return _URC_END_OF_STACK;
    if (e->stack.count > 0 || pc == e->caller)
        e->stack.pcs[e->stack.count++] = pc;
    return _URC_NO_REASON;
}

_Unwind_Reason_Code __real__Unwind_Backtrace(_Unwind_Trace_Fn frame, void *argument);
_Unwind_Reason_Code __wrap__Unwind_Backtrace(_Unwind_Trace_Fn frame, void *argument);

static __thread uint64_t unwound, different;

_Unwind_Reason_Code __wrap__Unwind_Backtrace(_Unwind_Trace_Fn frame, void *argument)
{
    unwound++;
    return __real__Unwind_Backtrace(frame, argument);
}

/* In the place of a public function: whoever calls it is the first frame. */
static NOT_INLINED void look(void)
{
    struct expected e = {.caller = __builtin_return_address(0)};
    struct stack found;
    for (int i = 0; i < MOST; i++)
        found.pcs[i] = NULL;
    found.count = walk_stack(e.caller, found.pcs, MOST);
    (void)__real__Unwind_Backtrace(note_frame, &e);
    bool same = found.count == e.stack.count;
    for (uint32_t i = 0; same && i < found.count; i++)
        same = found.pcs[i] == e.stack.pcs[i];
    different += !same;
}

/* ---- ways ---- */

static __thread uint64_t random_state;

static uint32_t draw(uint32_t below)
{
    random_state = random_state * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (uint32_t)(random_state >> 33) % below;
}

static void go(uint32_t depth);

/* What is in frames before is not written: return addresses of earlier calls stay there. */
#define WAY(name, bytes)                                                                                     \
    static NOT_INLINED void name(uint32_t depth)                                                             \
    {                                                                                                        \
        char room[bytes];                                                                                    \
        __asm__ volatile("" : : "r"(room) : "memory");                                                       \
        go(depth);                                                                                           \
        __asm__ volatile("" : : "r"(room) : "memory");                                                       \
    }
WAY(narrow, 16)
WAY(wide, 128)
WAY(wider, 400)
WAY(any, 16 + 16 * draw(4))
WAY(any_more, 16 + 64 * draw(3))

static NOT_INLINED void go(uint32_t depth)
{
    if (depth == 0) {
        look();
        return;
    }
    switch (draw(5)) {
    case 0:
        narrow(depth - 1);
        break;
    case 1:
        wide(depth - 1);
        break;
    case 2:
        wider(depth - 1);
        break;
    case 3:
        any(depth - 1);
        break;
    default:
        any_more(depth - 1);
    }
    __asm__ volatile(""); /* no tail calls */
}

static void wander(unsigned index, void *unused)
{
    (void)unused;
    (void)frame_owner(&index);
    random_state = index + 1;
    for (int i = 0; i < WALKS; i++)
        go(draw(6));
    must(different == 0, "%llu stacks were taken for others", (unsigned long long)different);
}

Test(recall, ways_of_a_thread)
{
    wander(0, NULL);
}

Test(recall, ways_of_threads)
{
    crew_run(4, wander, NULL);
}

#if defined(__x86_64__) || defined(__i386__)
static void look_again(unsigned index, void *unused)
{
    (void)unused;
    look();
    look();
    must(unwound == 2, "it is not known how far the stack reaches");
    (void)frame_owner(&index);
    unwound = 0;
    for (int i = 0; i < 1000; i++)
        look();
    must(unwound <= 2, "unwound %llu times", (unsigned long long)unwound);
}

Test(recall, what_comes_again_is_not_unwound)
{
    look_again(0, NULL);
    crew_run(2, look_again, NULL);
}
#endif

/* Nobody knows how far a stack of a program's own reaches, and what lay there before. */
static void wander_as_coroutine(void *unused)
{
    wander(0, unused);
    unwound = 0;
    for (int i = 0; i < 100; i++)
        look();
    must(unwound == 100, "unwound %llu times", (unsigned long long)unwound);
}

Test(recall, other_stacks_are_unwound, .disabled = TEST_SANITIZED)
{
    coroutine c;
    coroutine_make(&c, wander_as_coroutine, NULL);
    coroutine_resume(&c);
    coroutine_end(&c);
}
