/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a thread keeps for the checks beside the few bytes of its static storage, of which a loader has little
 * (thread.c): the hooks that it runs (scope.c), and its luck (chaos.c).
 */
#ifndef POND_CHECK_THREAD_H
#define POND_CHECK_THREAD_H

#include "scope.h"

#define SCOPE_DEPTH 8 /* of hooks within hooks of other ponds; deeper ones are not looked at */

/* Written by its thread alone; but for scope.pond, which scope_forget sets to NULL when the pond ends. */
struct thread_block {
    struct scope at[SCOPE_DEPTH];
    uint32_t
        depth; /* Relaxed: its thread alone reads it, and the next one in the same slot, which comes after */
    const struct pond *getter; /* which pond a get is under way from that runs no hook yet; NULL: none */
    const void *getter_caller;
    uint16_t forks; /* of this process, when a thread last took it */
    struct {
        uint64_t changes, state; /* the state belongs to the settings after so many changes */
    } luck;
} __attribute__((aligned(64)));

/*
 * This thread's block; the second makes it. NULL: it has none. No memory, its exit would not be heard of, or
 * it was heard of already: what is kept in it then has to lie elsewhere. The second takes the registry's
 * lock.
 */
struct thread_block *thread_block(void);
struct thread_block *thread_block_made(void);

/*
 * Visits every block that a thread had since the last fork, and maybe has; its thread may use it meanwhile.
 */
void thread_blocks_each(void (*visit)(struct thread_block *b, const void *ctx), const void *ctx);

/* Reports the hooks of a thread that has ended, or ends now and runs no hook any more. */
void scope_thread_ended(struct thread_block *b);

#endif
