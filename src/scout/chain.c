// SPDX-License-Identifier: BSD-2-Clause
// Who called. On x86-64 the frame of a call at one place nearly always has one size, so it is unwound once
// and then known: the caller's return address lies so many bytes above that of the call. A guess reads no
// other memory than the stack below the highest frame that was seen. A chain that nobody has seen before, and
// one in 1,024, is unwound to check it; a place whose frame has several sizes (alloca) is always unwound.
#include "scout.h"

#include <stdatomic.h>
#include <unwind.h>

unsigned chain_frames = 3;
static uint64_t program_low, program_high;

void chain_program(uint64_t low, uint64_t high)
{
    program_low = low;
    program_high = high;
}

// The last frame that is wanted: so many of the program's own.
struct depth {
    unsigned own;
};

static bool is_deep_enough(struct depth *d, const struct chain *c, uint64_t pc)
{
    d->own += pc - program_low < program_high - program_low;
    return d->own >= chain_frames || c->depth == SCOUT_DEPTH;
}

// ---- what is known of a place: its address above, the size of its frame in words below ----

enum { STEPS = 1 << 13, WORD = sizeof(uintptr_t), VARIES = 0xffff, OUTERMOST = 0xfffe, MOST_WORDS = 0xfffd };
static _Atomic uint64_t steps[STEPS];

static _Atomic uint64_t *step_of(uint64_t pc)
{
    return &steps[(pc * 0x9e3779b97f4a7c15u) >> (64 - 13)];
}

static unsigned step_words(uint64_t pc)
{
    uint64_t step = atomic_load_explicit(step_of(pc), memory_order_relaxed);
    return step >> 16 == (pc & 0xffffffffffffu) ? (unsigned)(step & 0xffff) : 0;
}

static void step_learn(uint64_t pc, unsigned words)
{
    unsigned known = step_words(pc);
    if (known != 0 && known != words)
        words = VARIES;
    if (known != words)
        atomic_store_explicit(step_of(pc), pc << 16 | words, memory_order_relaxed);
}

// ---- unwinding ----

struct walk {
    struct chain *chain;
    struct depth depth;
    uintptr_t from, last; /* the callee's frame ends where the frame begins */
    uint64_t last_pc;
    bool full;
};

static _Unwind_Reason_Code look(struct _Unwind_Context *context, void *argument)
{
    struct walk *w = argument;
    uintptr_t at = _Unwind_GetCFA(context);
    uint64_t pc = _Unwind_GetIP(context);
    if (at < w->from && w->last == 0)
        return _URC_NO_REASON;
    if (pc == 0 || (w->last != 0 && at <= w->last))
        return _URC_END_OF_STACK;
    if (w->last != 0)
        step_learn(w->last_pc, at - w->last > MOST_WORDS * WORD ? VARIES : (unsigned)((at - w->last) / WORD));
    w->last = at;
    w->last_pc = pc;
    if (w->full)
        return _URC_END_OF_STACK;
    w->chain->pc[w->chain->depth++] = pc;
    w->full = is_deep_enough(&w->depth, w->chain, pc);
    return _URC_NO_REASON;
}

void chain_unwind(struct chain *c, const void *cfa)
{
    struct walk w = {.chain = c, .from = (uintptr_t)cfa};
    c->depth = 0;
    c->sure = true;
    (void)_Unwind_Backtrace(look, &w);
    if (!w.full && w.last != 0)
        step_learn(w.last_pc, OUTERMOST);
    self.stack_high = w.last;
}

// ---- guessing ----

#ifdef __x86_64__
enum { STACK_MOST = 1 << 20 };

static bool guess(struct chain *c, uintptr_t at)
{
    uintptr_t high = self.stack_high;
    struct depth d = {0};
    c->depth = 0;
    c->sure = false;
    for (;;) {
        if (at > high || high - at > STACK_MOST)
            return false;
        uint64_t pc = *(const uint64_t *)(at - WORD); /* NOLINT(performance-no-int-to-ptr) */
        c->pc[c->depth++] = pc;
        unsigned words = step_words(pc);
        if (is_deep_enough(&d, c, pc) || words == OUTERMOST)
            return true;
        if (words == 0 || words == VARIES)
            return false;
        at += (uintptr_t)words * WORD;
    }
}
#else
static bool guess(struct chain *c, uintptr_t at)
{
    (void)c, (void)at;
    return false;
}
#endif

void chain_walk(struct chain *c, const void *cfa)
{
    if (self.walks++ % 1024 == 1023 || !guess(c, (uintptr_t)cfa))
        chain_unwind(c, cfa);
}
