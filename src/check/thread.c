/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Blocks of threads, numbered as their slots are (gate.h): so whatever becomes of a thread, there are no more
 * of them than there may be slots. They come in chunks, which are mapped when a thread first needs one of
 * them, and stay.
 *
 * A thread gives its block back at its exit. If it ended so late that nobody heard of it (gate.c), whoever
 * has its slot next finds the block as it was left.
 */
#include "thread.h"

#define BLOCKS_IN_CHUNK 64

struct block_chunk {
    struct thread_block blocks[BLOCKS_IN_CHUNK];
};

static struct block_chunk *block_chunks[GATE_THREADS / BLOCKS_IN_CHUNK];

static __thread struct thread_block *block_mine POND_TLS_;

/* Maps a chunk, if it is not there. Pairs with itself and thread_blocks_each: of two threads that map it at
 * once one has the other's, zeroed. */
static struct block_chunk *map_chunk(struct block_chunk **where)
{
    struct block_chunk *known = __atomic_load_n(where, __ATOMIC_ACQUIRE);
    struct block_chunk *made = known == NULL ? os_map(sizeof(*made)) : NULL;
    if (made == NULL)
        return known;
    if (__atomic_compare_exchange_n(where, &known, made, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
        return made;
    os_unmap(made, sizeof(*made));
    return known;
}

NOT_INLINED struct thread_block *thread_block(void)
{
    return block_mine;
}

/* Makes the block this thread's. A thread that had it and ended unseen is told of here, unless it ended
   before this process was forked: then the parent tells. */
static void take_block(struct thread_block *b)
{
    block_mine = b;
    if (b->forks == event_forks())
        scope_thread_ended(b);
    STORE(b->depth, 0);
    b->forks = event_forks();
    b->luck.changes = b->luck.state = 0;
}

NOT_INLINED struct thread_block *thread_block_made(void)
{
    int saved = errno_now();
    if (block_mine == NULL && registry_hear_exit()) {
        uint32_t slot = gate_slot();
        POND_ASSERT(slot < GATE_THREADS);
        struct block_chunk *c = map_chunk(&block_chunks[slot / BLOCKS_IN_CHUNK]);
        if (c != NULL)
            take_block(&c->blocks[slot % BLOCKS_IN_CHUNK]);
    }
    errno_be(saved);
    return block_mine;
}

void thread_blocks_each(void (*visit)(struct thread_block *b, const void *ctx), const void *ctx)
{
    for (uint32_t i = 0; i < GATE_THREADS / BLOCKS_IN_CHUNK; i++) {
        struct block_chunk *c =
            __atomic_load_n(&block_chunks[i], __ATOMIC_ACQUIRE); /* Pairs with map_chunk */
        for (uint32_t k = 0; c != NULL && k < BLOCKS_IN_CHUNK; k++)
            visit(&c->blocks[k], ctx);
    }
}

void watch_thread_ends(void)
{
    if (block_mine != NULL)
        scope_thread_ended(block_mine);
    block_mine = NULL;
}
