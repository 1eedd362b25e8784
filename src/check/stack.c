/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Captures stacks, and keeps each distinct one once and for ever, by a number of 32 bits.
 *
 *   1. An entry is filled before it is linked into its bucket, by compare-and-swap with release, and constant
 *      from then on. Buckets are read with acquire: whoever sees an entry, or was given its number by who saw
 *      it, sees its frames.
 *   2. Entries go in at the head of a bucket alone and never leave. Who fails to swap the head looks at the
 *      new ones first: so equal stacks have one number.
 *   3. Memory is given out by counting `used` on. An entry that turned out to be superfluous was never
 *      linked; its memory goes back if it is the last yet: if `used` still is where the entry ends, nobody
 *      owns memory behind it.
 *   4. No lock, no allocator: all of it may be interrupted anywhere by a signal handler, or a fork, that
 *      does the same.
 *
 * Bound: 64 MiB, some 490,000 stacks of 16 frames or four million callers. When it is full new stacks are
 * number 0; known ones are still found.
 *
 * With one frame wanted a capture is the look-up of a known caller: 3 ns, a table that is read by all and
 * written by nobody; a cache per thread would be no faster.
 *
 * How the stack is walked, ns for a stack (x86-64 VM, GCC 12, glibc 2.36):
 *
 *     frames                                   4      16      32
 *     _Unwind_Backtrace (libgcc)             530   1,950   3,800
 *     backtrace (glibc)                      635   2,080   3,950
 *     frame pointers                           4      11      29
 *
 * Frame pointers are not there in what compilers make of -O2, and where the register holds something else a
 * walk along it gives frames that look right and are wrong. backtrace is the same unwinder behind a dlopen
 * and a malloc. So it is _Unwind_Backtrace. Telling from the outside that a stack is the one of the time
 * before would need the places where each frame saved its registers, which the unwinder does not tell:
 * comparing return addresses alone proves nothing. Who needs less cost wants fewer frames: stacks=1.
 */
#include "aside.h"
#include <errno.h>
#include <string.h>
#include <unwind.h>

/* ---- the store ---- */

#define CHUNK_WORDS ((uint32_t)1 << 17) /* 1 MiB; a number is that of the entry's first word */
#define CHUNKS ((uint32_t)64)
#define BUCKETS ((uint32_t)1 << 17)

struct stack {
    uint32_t next; /* in the bucket; 0: none */
    uint32_t count;
    const void *pcs[];
};

#define WORD sizeof(uint64_t)
_Static_assert(sizeof(struct stack) == WORD && sizeof(void *) <= WORD, "entries are counted in words");

static struct {
    uint64_t *chunks[CHUNKS];
    uint32_t used; /* words, of all chunks together; word 0 is nobody's */
    uint32_t heads[BUCKETS];
} stack_store = {.used = 1};

static struct stack *stack_at(uint32_t number)
{
    uint64_t *chunk = __atomic_load_n(&stack_store.chunks[number / CHUNK_WORDS], __ATOMIC_ACQUIRE);
    return (struct stack *)(void *)(chunk + number % CHUNK_WORDS);
}

static uint32_t *stack_bucket(const void *const *pcs, uint32_t count)
{
    uint64_t hash = count;
    for (uint32_t i = 0; i < count; i++)
        hash = (hash ^ (uintptr_t)pcs[i]) * 0x9e3779b97f4a7c15u, hash ^= hash >> 32;
    return &stack_store.heads[hash & (BUCKETS - 1)];
}

static bool stack_is(const struct stack *s, const void *const *pcs, uint32_t count)
{
    if (s->count != count)
        return false;
    for (uint32_t i = 0; i < count; i++)
        if (s->pcs[i] != pcs[i])
            return false;
    return true;
}

/* The number of this stack among the entries from `number` on, up to but not with `end`; 0: it is not there.
 */
static uint32_t stack_search(uint32_t number, uint32_t end, const void *const *pcs, uint32_t count)
{
    while (number != end) {
        const struct stack *s = stack_at(number);
        if (stack_is(s, pcs, count))
            return number;
        number = s->next;
    }
    return 0;
}

static bool stack_chunk(uint32_t number)
{
    uint64_t **chunk = &stack_store.chunks[number / CHUNK_WORDS];
    if (__atomic_load_n(chunk, __ATOMIC_ACQUIRE) != NULL)
        return true;
    uint64_t *fresh = os_map(CHUNK_WORDS * WORD);
    if (fresh == NULL)
        return false;
    uint64_t *none = NULL;
    if (!__atomic_compare_exchange_n(chunk, &none, fresh, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
        os_unmap(fresh, CHUNK_WORDS * WORD);
    return true;
}

/* An entry does not lie across the end of a chunk. */
static uint32_t stack_fit(uint32_t used, uint32_t words)
{
    return used % CHUNK_WORDS + words <= CHUNK_WORDS ? used : (used / CHUNK_WORDS + 1) * CHUNK_WORDS;
}

static uint32_t stack_words(uint32_t count)
{
    return 1 + (uint32_t)((count * sizeof(void *) + WORD - 1) / WORD);
}

/* The number of an entry of that size that nobody knows of yet; 0: no memory. */
static uint32_t stack_make(uint32_t words)
{
    uint32_t number, used = LOAD(stack_store.used);
    do {
        number = stack_fit(used, words);
        if (number >= CHUNKS * CHUNK_WORDS || !stack_chunk(number))
            return 0;
    } while (!__atomic_compare_exchange_n(&stack_store.used, &used, number + words, true, __ATOMIC_ACQ_REL,
                                          __ATOMIC_RELAXED));
    return number;
}

static void stack_unmake(uint32_t number, uint32_t words)
{
    uint32_t end = number + words;
    (void)__atomic_compare_exchange_n(&stack_store.used, &end, number, false, __ATOMIC_ACQ_REL,
                                      __ATOMIC_RELAXED);
}

/* The stack was not in the bucket when its first entry was `head`. */
static uint32_t stack_insert(uint32_t *bucket, uint32_t head, const void *const *pcs, uint32_t count)
{
    uint32_t words = stack_words(count);
    uint32_t number = stack_make(words);
    if (number == 0)
        return 0;
    struct stack *s = stack_at(number);
    s->count = count;
    memcpy(s->pcs, pcs, count * sizeof *pcs);
    for (s->next = head;; s->next = head) {
        if (__atomic_compare_exchange_n(bucket, &head, number, false, __ATOMIC_RELEASE, __ATOMIC_ACQUIRE))
            return number;
        uint32_t known = stack_search(head, s->next, pcs, count);
        if (known == 0)
            continue;
        stack_unmake(number, words);
        return known;
    }
}

static uint32_t stack_number(const void *const *pcs, uint32_t count)
{
    uint32_t *bucket = stack_bucket(pcs, count);
    uint32_t head = __atomic_load_n(bucket, __ATOMIC_ACQUIRE);
    uint32_t known = stack_search(head, 0, pcs, count);
    if (known != 0)
        return known;
    int saved = errno;
    uint32_t number = stack_insert(bucket, head, pcs, count);
    errno = saved;
    return number;
}

const void *const *stack_frames(uint32_t stack, size_t *count)
{
    *count = 0;
    if (stack == 0)
        return NULL;
    const struct stack *s = stack_at(stack);
    *count = s->count;
    return s->pcs;
}

/* ---- unwinding ---- */

/* More frames than the library has on the way to whoever called it. */
#define UNWIND_OWN 64

struct unwound {
    const void *caller;
    uint32_t most, count, passed;
    const void *pcs[STACK_MOST];
};

/* An interrupted instruction is taken one further: it then is like a return address. 0 comes after the
   outermost frame. */
static _Unwind_Reason_Code unwind_frame(struct _Unwind_Context *context, void *argument)
{
    struct unwound *u = argument;
    int interrupted = 0;
    uintptr_t pc = (uintptr_t)_Unwind_GetIPInfo(context, &interrupted);
    if (pc == 0)
        return _URC_END_OF_STACK;
    const void *frame = (const char *)pc + (interrupted != 0);
    if (u->count > 0 || frame == u->caller)
        u->pcs[u->count++] = frame;
    else if (++u->passed == UNWIND_OWN)
        return _URC_END_OF_STACK;
    return u->count == u->most ? _URC_END_OF_STACK : _URC_NO_REASON;
}

/* The unwinder may have lost its way before it met the caller: that one is known all the same. */
static uint32_t stack_unwind(const void *caller, uint64_t most)
{
    struct unwound u = {.caller = caller, .most = (uint32_t)MIN(most, STACK_MOST)};
    (void)_Unwind_Backtrace(unwind_frame, &u);
    return u.count > 0 ? stack_number(u.pcs, u.count) : stack_number(&caller, 1);
}

uint32_t stack_capture(const void *caller)
{
    uint64_t most = LOAD(check_settings.stacks);
    if (most == 0 || caller == NULL)
        return 0;
    return most == 1 ? stack_number(&caller, 1) : stack_unwind(caller, most);
}

uint32_t stack_capture_whole(const void *caller)
{
    return LOAD(check_settings.stacks) == 0 ? 0 : stack_unwind(caller, STACK_MOST);
}

static void unwind_once(void *unused)
{
    struct unwound u = {.most = 1, .passed = UNWIND_OWN - 1};
    (void)_Unwind_Backtrace(unwind_frame, &u);
    (void)unused;
}

void stack_ready(void)
{
    aside_do(unwind_once, NULL);
}
