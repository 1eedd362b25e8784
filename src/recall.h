/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stacks that were walked before: a thread that comes again by the same way has its return addresses in the
 * same places, and looking at these costs a fiftieth of unwinding.
 */
#ifndef POND_RECALL_H
#define POND_RECALL_H

#include "port.h"

#define RECALL_FRAMES 64 /* most of a walk, those of the library's own functions among them */

/* A walk under way, as the unwinder goes from frame to frame. */
struct recall_walk {
    const char *at; /* where the frame begins that the walk is made in */
    const void *caller;
    uint32_t most, count;
    uint32_t own;                  /* frames that come before the caller's */
    bool unsound;                  /* not to be kept: a return address was not where they lie */
    uint32_t slots[RECALL_FRAMES]; /* bytes from `at` to the return address */
    uintptr_t pcs[RECALL_FRAMES];
};

/* As walk_stack, of a stack that was kept; 0: there is none. Takes no lock and makes no system call. */
uint32_t recall_stack(const char *at, const void *caller, const void **pcs, uint32_t most);

/* The unwinder has come to pc; the frame that returns there ends at `end`. */
void recall_frame(struct recall_walk *w, uintptr_t pc, uintptr_t end);

/* Keeps the walk, where it can be. */
void recall_keep(const struct recall_walk *w);

#endif
