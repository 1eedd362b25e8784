/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Captures stacks, and keeps each distinct one once and for ever, by a number of 32 bits.
 *
 *   1. An entry is filled before it is linked into its bucket, by compare-and-swap with release, and constant
 *      from then on. Buckets are read with acquire: whoever sees an entry, or was given its number by
 *      another thread that saw it, sees its frames.
 *   2. Entries go in at the head of a bucket alone and never leave. Whoever fails to swap the head looks at
 * the new ones first: so equal stacks have one number.
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
 */
#include "stack.h"
#include "../os.h"
#include "../walk.h"
#include "aside.h"
#include <errno.h>
#include <string.h>

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
    uint32_t heads[BUCKETS];
} stack_store; /* all zero: else half a MiB of zeros is in the program's file */

/* Words given out, of all chunks together; word 0 is nobody's. Relaxed: where it is read alone, for whoever
   gives out more compares it again. */
static uint32_t stack_used = 1;

static struct stack *stack_at(uint32_t number)
{
    POND_ASSERT(number > 0 && number < CHUNKS * CHUNK_WORDS);
    /* Pairs with stack_chunk: the chunk is mapped. */
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

/*
 * The number of this stack among the entries from `number` on, up to but not with `end`; 0: it is not there.
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
    if (__atomic_load_n(chunk, __ATOMIC_ACQUIRE) != NULL) /* Pairs with the exchange below */
        return true;
    uint64_t *fresh = os_map(CHUNK_WORDS * WORD);
    if (fresh == NULL)
        return false;
    uint64_t *none = NULL;
    /* Pairs with stack_at: of two threads that map a chunk at once one has the other's. */
    if (!__atomic_compare_exchange_n(chunk, &none, fresh, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
        os_unmap(fresh, CHUNK_WORDS * WORD);
    return true;
}

/* Where an entry of that size begins, which must not lie across the end of a chunk. */
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
    uint32_t number, used = LOAD(stack_used);
    /* Pairs with stack_unmake: memory that goes back is written by one thread after another. */
    do {
        number = stack_fit(used, words);
        if (number >= CHUNKS * CHUNK_WORDS || !stack_chunk(number))
            return 0;
    } while (!__atomic_compare_exchange_n(&stack_used, &used, number + words, true, __ATOMIC_ACQ_REL,
                                          __ATOMIC_RELAXED));
    return number;
}

static void stack_unmake(uint32_t number, uint32_t words)
{
    uint32_t end = number + words;
    /* Pairs with stack_make: whoever gets the memory next writes it after us. */
    (void)__atomic_compare_exchange_n(&stack_used, &end, number, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

/* Puts the stack into the bucket, in which it was not when the first entry was `head`. Returns its number; 0:
   there is no memory. */
static uint32_t stack_insert(uint32_t *bucket, uint32_t head, const void *const *pcs, uint32_t count)
{
    POND_ASSERT(count <= STACK_MOST);
    uint32_t words = stack_words(count);
    uint32_t number = stack_make(words);
    if (number == 0)
        return 0;
    struct stack *s = stack_at(number);
    s->count = count;
    memcpy(s->pcs, pcs, count * sizeof *pcs);
    for (s->next = head;; s->next = head) {
        /* Pairs with stack_number: the entry was filled before. */
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
    uint32_t head = __atomic_load_n(bucket, __ATOMIC_ACQUIRE); /* Pairs with stack_insert */
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

/* Unwinds the stack. Should the unwinder lose its way before it meets the caller, that one is known all the
   same. */
static uint32_t stack_unwind(const void *caller, uint64_t most)
{
    const void *pcs[STACK_MOST];
    uint32_t count = walk_stack(caller, pcs, (uint32_t)MIN(most, STACK_MOST));
    return stack_number(pcs, count);
}

uint32_t stack_capture(const void *caller, uint64_t most)
{
    if (most == 0 || caller == NULL)
        return 0;
    return most == 1 ? stack_number(&caller, 1) : stack_unwind(caller, most);
}

static void unwind_once(void *unused)
{
    const void *pc;
    (void)walk_stack(NULL, &pc, 1);
    (void)unused;
}

void stack_ready(void)
{
    aside_do(unwind_once, NULL);
}
