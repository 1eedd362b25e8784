/* SPDX-License-Identifier: BSD-2-Clause */
// link: -Wl,--wrap=mmap,--wrap=munmap,--wrap=madvise
/* Stacks: what is captured, and that each is kept once. */
#include "test.h"

#include "../../src/check/stack.h"
#include "../../src/check/words.h"
#include "../../src/os.h"
#include "fault.h"
#include "threads.h"

#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <ucontext.h>

TestSuite(stack, .timeout = TEST_ALARM);

#define NOINLINE __attribute__((noinline))

/* Called last in a function: makes it no tail call. */
#define STAY() __asm__ volatile("" ::: "memory")

static void keep(uint64_t frames)
{
    STORE(check_settings.stacks, frames);
}

/* A public function of the library, with a way to go inside it. */
static NOINLINE uint32_t inside(const void *caller)
{
    uint32_t stack = stack_capture(caller, LOAD(check_settings.stacks));
    STAY();
    return stack;
}

static NOINLINE uint32_t public_function(void)
{
    uint32_t stack = inside(__builtin_return_address(0));
    STAY();
    return stack;
}

/* Where a function was called from, innermost first. */
static const void *seen[8];

static NOINLINE uint32_t inner(void)
{
    seen[1] = __builtin_return_address(0);
    uint32_t stack = public_function();
    STAY();
    return stack;
}

static NOINLINE uint32_t middle(void)
{
    seen[2] = __builtin_return_address(0);
    uint32_t stack = inner();
    STAY();
    return stack;
}

static NOINLINE uint32_t outer(void)
{
    seen[3] = __builtin_return_address(0);
    uint32_t stack = middle();
    STAY();
    return stack;
}

/* ---- frames ---- */

Test(stack, nothing_is_kept_with_no_frames_wanted)
{
    size_t count = 99;
    keep(0);
    cr_assert_eq(outer(), 0);
    cr_assert_null(stack_frames(0, &count));
    cr_assert_eq(count, 0);
}

Test(stack, one_frame_is_the_caller_itself)
{
    size_t count;
    keep(1);
    uint32_t stack = inside(&seen);
    const void *const *pcs = stack_frames(stack, &count);
    cr_assert_eq(count, 1);
    cr_assert_eq(pcs[0], &seen);
}

Test(stack, frames_are_the_callers_from_the_public_functions_on)
{
    size_t count;
    keep(STACK_MOST);
    const void *const *pcs = stack_frames(outer(), &count);
    cr_assert_gt(count, 4);
    for (size_t i = 1; i <= 3; i++)
        cr_assert_eq(pcs[i], seen[i], "frame %zu is %p, not %p", i, pcs[i], seen[i]);
}

Test(stack, there_are_no_more_frames_than_are_wanted)
{
    for (uint64_t frames = 2; frames <= 4; frames++) {
        size_t count;
        keep(frames);
        (void)stack_frames(outer(), &count);
        cr_assert_eq(count, frames);
    }
}

static NOINLINE uint32_t deep(unsigned depth)
{
    uint32_t stack = depth == 0 ? public_function() : deep(depth - 1);
    STAY();
    return stack;
}

Test(stack, there_are_never_more_frames_than_there_is_room_for)
{
    size_t count;
    keep(UINT64_MAX);
    (void)stack_frames(deep(500), &count);
    cr_assert_eq(count, STACK_MOST);
}

Test(stack, a_caller_that_is_not_met_is_all_there_is)
{
    size_t count;
    keep(16);
    const void *const *pcs = stack_frames(inside(&seen), &count);
    cr_assert_eq(count, 1);
    cr_assert_eq(pcs[0], &seen);
}

Test(stack, errno_is_kept)
{
    keep(16);
    errno = 77;
    cr_assert_neq(outer(), 0);
    cr_assert_eq(errno, 77);
}

/* ---- from signal handlers ---- */

static volatile sig_atomic_t handled;
static uint32_t handled_stack;
static const void *trapped;
static char *trap_page;

static void on_signal(int number)
{
    (void)number;
    handled_stack = public_function();
    handled = 1;
}

static NOINLINE void interrupted(void)
{
    seen[1] = __builtin_return_address(0);
    (void)raise(SIGUSR1);
    STAY();
}

static bool has_frame(uint32_t stack, const void *pc)
{
    size_t count;
    const void *const *pcs = stack_frames(stack, &count);
    for (size_t i = 0; i < count; i++)
        if (pcs[i] == pc)
            return true;
    return false;
}

Test(stack, a_signal_handlers_stack_goes_on_behind_the_signal)
{
    keep(STACK_MOST);
    cr_assert_eq(sigaction(SIGUSR1, &(struct sigaction){.sa_handler = on_signal}, NULL), 0);
    interrupted();
    cr_assert(handled);
    cr_assert(has_frame(handled_stack, seen[1]), "the interrupted function's caller is not there");
}

#if defined(__x86_64__) || defined(__aarch64__)
static const void *trap_pc(const ucontext_t *context)
{
#if defined(__x86_64__)
    return (const void *)context->uc_mcontext.gregs[REG_RIP];
#else
    return (const void *)context->uc_mcontext.pc;
#endif
}

static void on_trap(int number, siginfo_t *info, void *context)
{
    (void)number, (void)info;
    trapped = (const char *)trap_pc(context) + 1;
    handled_stack = stack_capture(trapped, LOAD(check_settings.stacks));
    must(mprotect(trap_page, os_page_size(), PROT_READ | PROT_WRITE) == 0, "mprotect");
}

static NOINLINE void traps(void)
{
    seen[1] = __builtin_return_address(0);
    *(volatile char *)trap_page = 1;
    STAY();
}

Test(stack, a_traps_stack_begins_at_the_trapped_instruction)
{
    size_t count;
    keep(STACK_MOST);
    trap_page = os_map(os_page_size());
    must(mprotect(trap_page, os_page_size(), PROT_NONE) == 0, "mprotect");
    struct sigaction action = {.sa_sigaction = on_trap, .sa_flags = SA_SIGINFO};
    cr_assert_eq(sigaction(SIGSEGV, &action, NULL), 0);
    traps();
    const void *const *pcs = stack_frames(handled_stack, &count);
    cr_assert_geq(count, 3);
    cr_assert_eq(pcs[0], trapped);
    cr_assert_eq(pcs[1], seen[1]);
}
#endif

/* ---- on little stack ---- */

static void *on_little_stack(void *unused)
{
    (void)unused;
    handled_stack = outer();
    return NULL;
}

Test(stack, a_thread_with_the_least_stack_there_is_will_do)
{
    pthread_t thread;
    pthread_attr_t attributes;
    keep(STACK_MOST);
    cr_assert_eq(pthread_attr_init(&attributes), 0);
    size_t bytes = TEST_SANITIZED ? 256 << 10 : (size_t)PTHREAD_STACK_MIN;
    cr_assert_eq(pthread_attr_setstacksize(&attributes, bytes), 0);
    cr_assert_eq(pthread_create(&thread, &attributes, on_little_stack, NULL), 0);
    cr_assert_eq(pthread_join(thread, NULL), 0);
    cr_assert(has_frame(handled_stack, seen[3]));
}

/* ---- each stack once ---- */

Test(stack, equal_stacks_have_one_number_and_others_another)
{
    uint32_t numbers[2];
    keep(16);
    for (volatile int i = 0; i < 2; i++) /* one place, not two copies of it */
        numbers[i] = outer();
    cr_assert_neq(numbers[0], 0);
    cr_assert_eq(numbers[0], numbers[1]);
    cr_assert_neq(numbers[0], outer());
    cr_assert_neq(deep(3), deep(4));
}

enum { STORE_THREADS = 4, STORE_STACKS = 20000 };

static uint32_t store_numbers[STORE_THREADS][STORE_STACKS];

static const void *store_address(size_t i)
{
    return (const void *)(0x10000 + 16 * i);
}

/* All threads at once find the same stacks, half of them in the other direction. */
static void store_all(unsigned index, void *unused)
{
    (void)unused;
    uint32_t *numbers = store_numbers[index];
    for (size_t n = 0; n < STORE_STACKS; n++) {
        size_t count, i = index % 2 ? STORE_STACKS - 1 - n : n;
        numbers[i] = stack_capture(store_address(i), LOAD(check_settings.stacks));
        const void *const *pcs = stack_frames(numbers[i], &count);
        must(count == 1 && pcs[0] == store_address(i), "stack %zu has become another", i);
    }
}

Test(stack, threads_that_store_the_same_stacks_get_the_same_numbers)
{
    keep(1);
    crew_run(STORE_THREADS, store_all, NULL);
    for (size_t t = 1; t < STORE_THREADS; t++)
        for (size_t i = 0; i < STORE_STACKS; i++)
            cr_assert_eq(store_numbers[t][i], store_numbers[0][i], "stack %zu has two numbers", i);
}

/* ---- no memory ---- */

Test(stack, without_memory_there_is_no_stack_until_there_is_memory)
{
    keep(1);
    errno = 77;
    fault_arm(FAULT_MMAP, 0, true);
    uint32_t stack = stack_capture(&seen, LOAD(check_settings.stacks));
    fault_disarm(FAULT_MMAP);
    cr_assert_eq(stack, 0);
    cr_assert_eq(errno, 77);
    cr_assert_neq(stack_capture(&seen, LOAD(check_settings.stacks)), 0);
}

#define STORE_BYTES ((size_t)64 << 20)

enum { FORKS = 20 };

/* Each bit says which of two functions is called next: so many stacks there are. */
static uint32_t fork_left(unsigned way, unsigned levels);
static uint32_t fork_right(unsigned way, unsigned levels);

static inline uint32_t fork_on(unsigned way, unsigned levels)
{
    if (levels == 0)
        return public_function();
    return way & 1 ? fork_left(way >> 1, levels - 1) : fork_right(way >> 1, levels - 1);
}

static NOINLINE uint32_t fork_left(unsigned way, unsigned levels)
{
    uint32_t stack = fork_on(way, levels);
    __asm__ volatile("# left" ::: "memory");
    return stack;
}

static NOINLINE uint32_t fork_right(unsigned way, unsigned levels)
{
    uint32_t stack = fork_on(way, levels);
    __asm__ volatile("# right" ::: "memory");
    return stack;
}

/* Not with a sanitizer, which would take minutes. */
Test(stack, the_store_has_a_bound_and_what_it_holds_is_found_when_it_is_full, .disabled = TEST_SANITIZED)
{
    uint32_t first = 0, stack = 0;
    size_t bytes = 0, count;
    bool full = false, ended = false;
    keep(FORKS + 4);
    for (unsigned way = 0; way < 1u << FORKS && !ended; way = full ? 0 : way + 1) {
        stack = fork_left(way, FORKS);
        (void)stack_frames(stack, &count);
        bytes += count == 0 || full ? 0 : (1 + count) * sizeof(uint64_t);
        first = first == 0 ? stack : first;
        ended = full; /* the first one once more */
        full = stack == 0;
    }
    cr_assert(ended, "there is no bound");
    cr_assert_eq(stack, first);
    cr_assert_gt(bytes, STORE_BYTES - STORE_BYTES / 100);
    cr_assert_leq(bytes, STORE_BYTES);
}
