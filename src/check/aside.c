/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stacks of the library's own (see aside.h).
 *
 * 1. A call goes over to another stack and comes back from it, nothing else: unwinders, debuggers and
 *    sanitizers see one stack of calls, since aside_switch says where its caller's frame is. That is why it
 *    is neither makecontext, which ends the stack, nor a thread, which would be another one for all that
 *    asks.
 * 2. There is one stack that is not mapped, since a report's first words come before any system call but
 *    write, and one mapped one is kept. Both are taken by an atomic exchange, acquire, and given back with
 *    release: whoever takes one sees the last user's writes as over. No lock: a trap's handler takes them
 * too. Whoever comes meanwhile maps another one, which is unmapped afterwards if one is kept already.
 * 3. The child of a fork that comes while a thread has one loses that one, but for the one that is not
 *    mapped.
 */
#include "aside.h"
#include "../os.h"
#include "../watch.h"
#include "tools.h"
#include <errno.h>
#include <sys/mman.h>

/* ---- going over ---- */

void aside_switch(void *argument, void (*work)(void *argument), void *top)
    __attribute__((visibility("hidden")));

/* Called with the stack's end, a multiple of 16. The frame is marked as that of a signal, for debuggers take
   any other one that leads to a lower address for the end of what they can tell. */
#define ASIDE_FUNCTION(body)                                                                                 \
    __asm__(".pushsection .text\n"                                                                           \
            ".p2align 4\n"                                                                                   \
            ".globl aside_switch\n"                                                                          \
            ".hidden aside_switch\n"                                                                         \
            ".type aside_switch, %function\n"                                                                \
            "aside_switch:\n"                                                                                \
            ".cfi_startproc\n"                                                                               \
            ".cfi_signal_frame\n" body ".cfi_endproc\n"                                                      \
            ".size aside_switch, . - aside_switch\n"                                                         \
            ".popsection\n")

#if defined(__x86_64__) && !defined(__ILP32__)
#define ASIDE_SWITCHES 1
ASIDE_FUNCTION("push %rbp\n"
               ".cfi_def_cfa_offset 16\n"
               ".cfi_offset %rbp, -16\n"
               "mov %rsp, %rbp\n"
               ".cfi_def_cfa_register %rbp\n"
               "mov %rdx, %rsp\n"
               "call *%rsi\n"
               "mov %rbp, %rsp\n"
               "pop %rbp\n"
               ".cfi_def_cfa %rsp, 8\n"
               "ret\n");
#elif defined(__i386__)
#define ASIDE_SWITCHES 1
ASIDE_FUNCTION("push %ebp\n"
               ".cfi_def_cfa_offset 8\n"
               ".cfi_offset %ebp, -8\n"
               "mov %esp, %ebp\n"
               ".cfi_def_cfa_register %ebp\n"
               "mov 16(%ebp), %esp\n"
               "sub $12, %esp\n"
               "push 8(%ebp)\n"
               "call *12(%ebp)\n"
               "mov %ebp, %esp\n"
               "pop %ebp\n"
               ".cfi_def_cfa %esp, 4\n"
               "ret\n");
#elif defined(__aarch64__)
#define ASIDE_SWITCHES 1
ASIDE_FUNCTION("stp x29, x30, [sp, #-16]!\n"
               ".cfi_def_cfa_offset 16\n"
               ".cfi_offset 29, -16\n"
               ".cfi_offset 30, -8\n"
               "mov x29, sp\n"
               ".cfi_def_cfa_register 29\n"
               "mov sp, x2\n"
               "blr x1\n"
               "mov sp, x29\n"
               ".cfi_def_cfa_register 31\n"
               "ldp x29, x30, [sp], #16\n"
               ".cfi_restore 30\n"
               ".cfi_restore 29\n"
               ".cfi_def_cfa_offset 0\n"
               "ret\n");
#elif defined(__riscv) && __riscv_xlen == 64
#define ASIDE_SWITCHES 1
ASIDE_FUNCTION("addi sp, sp, -16\n"
               ".cfi_def_cfa_offset 16\n"
               "sd ra, 8(sp)\n"
               "sd s0, 0(sp)\n"
               ".cfi_offset 1, -8\n"
               ".cfi_offset 8, -16\n"
               "addi s0, sp, 16\n"
               ".cfi_def_cfa 8, 0\n"
               "mv sp, a2\n"
               "jalr a1\n"
               "addi sp, s0, -16\n"
               ".cfi_def_cfa 2, 16\n"
               "ld ra, 8(sp)\n"
               "ld s0, 0(sp)\n"
               ".cfi_restore 1\n"
               ".cfi_restore 8\n"
               "addi sp, sp, 16\n"
               ".cfi_def_cfa_offset 0\n"
               "ret\n");
#else
#define ASIDE_SWITCHES 0
#endif

struct aside_work {
    void (*work)(void *argument);
    void *argument;
    struct tools_stack from;
};

#if ASIDE_SWITCHES
static void run_there(void *argument)
{
    struct aside_work *w = argument;
    tools_stack_entered(&w->from, NULL);
    w->work(w->argument);
    tools_stack_left(&w->from, NULL);
}

static void go_over(const struct aside *a, struct aside_work *w)
{
    void *frames = NULL;
    POND_ASSERT(((uintptr_t)(a->stack + a->stack_bytes) & 15) == 0);
    tools_stack_left(&(struct tools_stack){a->stack, a->stack_bytes}, &frames);
    aside_switch(w, run_there, a->stack + a->stack_bytes);
    tools_stack_entered(NULL, frames);
}
#else
static void go_over(const struct aside *a, struct aside_work *w)
{
    (void)a;
    w->work(w->argument);
}
#endif

void aside_call(struct aside *a, void (*work)(void *argument), void *argument)
{
    struct aside_work w = {.work = work, .argument = argument};
    if (a != NULL)
        go_over(a, &w);
    else
        work(argument);
}

/* ---- the one that is there from the start ---- */

#define LITTLE_STACK ((size_t)48 << 10)
#define LITTLE_TEXT ((size_t)16 << 10)

static char little_memory[LITTLE_STACK + LITTLE_TEXT] __attribute__((aligned(64)));
static struct aside little = {.stack = little_memory,
                              .stack_bytes = LITTLE_STACK,
                              .text = little_memory + LITTLE_STACK,
                              .text_bytes = LITTLE_TEXT};
static bool little_taken; /* Relaxed: where it is read first, to spare the exchange */

static bool is_on_little(void)
{
    return (uintptr_t)__builtin_frame_address(0) - (uintptr_t)little_memory < LITTLE_STACK;
}

static struct aside *take_little(void)
{
    /* Pairs with aside_give: the last user is done with it. */
    if (LOAD(little_taken) || __atomic_exchange_n(&little_taken, true, __ATOMIC_ACQUIRE))
        return NULL;
    if (little.valgrind == 0)
        little.valgrind = tools_stack_made(little.stack, little.stack_bytes);
    return &little;
}

/* ---- those that are mapped ---- */

#define AMPLE_STACK ((size_t)256 << 10)
#define AMPLE_TEXT ((size_t)64 << 10)

static struct aside *kept;

/* Of a mapped one: a page with its struct aside, one that traps, the stack, the text. */
static size_t ample_bytes(void)
{
    return 2 * os_page_size() + AMPLE_STACK + AMPLE_TEXT;
}

static struct aside *map_ample(void)
{
    size_t page = os_page_size();
    char *base = os_map(ample_bytes());
    if (base == NULL)
        return NULL;
    (void)mprotect(base + page, page, PROT_NONE); /* without it nothing traps there */
    struct aside *a = (struct aside *)(void *)base;
    *a = (struct aside){.stack = base + 2 * page,
                        .stack_bytes = AMPLE_STACK,
                        .text = base + 2 * page + AMPLE_STACK,
                        .text_bytes = AMPLE_TEXT};
    a->valgrind = tools_stack_made(a->stack, a->stack_bytes);
    return a;
}

static void unmap_ample(struct aside *a)
{
    tools_stack_ended(a->valgrind);
    os_unmap(a, ample_bytes());
}

static struct aside *take_ample(void)
{
    /* Pairs with give_ample: the last user is done with it. */
    struct aside *a = __atomic_exchange_n(&kept, NULL, __ATOMIC_ACQUIRE);
    return a != NULL ? a : map_ample();
}

static void give_ample(struct aside *a)
{
    struct aside *none = NULL;
    /* Pairs with take_ample. */
    if (!__atomic_compare_exchange_n(&kept, &none, a, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED))
        unmap_ample(a);
}

/* ---- taking and giving ---- */

/* Takes one of that kind, or else of the other. */
struct aside *aside_take(enum aside_room room)
{
    int saved = errno;
    struct aside *a = room == ASIDE_LITTLE ? take_little() : take_ample();
    if (a == NULL)
        a = room == ASIDE_LITTLE ? take_ample() : take_little();
    if (a != NULL)
        tools_acquire(a);
    errno = saved;
    return a;
}

void aside_give(struct aside *a)
{
    if (a == NULL)
        return;
    tools_release(a);
    if (a == &little)
        __atomic_store_n(&little_taken, false, __ATOMIC_RELEASE); /* Pairs with take_little */
    else
        give_ample(a);
}

struct aside *aside_grow(struct aside *a)
{
    struct aside *ample = a == &little ? aside_take(ASIDE_AMPLE) : NULL;
    if (ample == NULL)
        return a;
    aside_give(a);
    return ample;
}

void aside_do(void (*work)(void *argument), void *argument)
{
    struct aside *a = !ASIDE_SWITCHES || is_on_little() ? NULL : aside_take(ASIDE_LITTLE);
    aside_call(a, work, argument);
    aside_give(a);
}

void watch_aside(void (*work)(void *argument), void *argument)
{
    struct aside *a = take_little();
    if (a != NULL)
        tools_acquire(a);
    aside_call(a, work, argument);
    aside_give(a);
}

void aside_forked(void)
{
    if (!is_on_little())
        __atomic_store_n(&little_taken, false, __ATOMIC_RELEASE); /* Pairs with take_little */
}

/* ---- lending ---- */

/*
 * What this thread has lent by calls on its own stack, the last first. On other stacks nobody can tell
 * whether a call was left or goes on later, on another thread maybe: what is lent there and not given back is
 * lost.
 */
static __thread struct aside *lent POND_TLS_;

NOT_INLINED void aside_lend(struct aside *a, const char *frame)
{
    if (a == NULL || !frame_is_own(frame))
        return;
    while (lent != NULL && lent != a && frame >= lent->at) {
        struct aside *left = lent;
        lent = left->outer;
        aside_give(left);
    }
    a->at = frame;
    a->outer = lent;
    lent = a;
}

NOT_INLINED void aside_lent(struct aside *a)
{
    if (a != NULL && lent == a)
        lent = a->outer;
}
