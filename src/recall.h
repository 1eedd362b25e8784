/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Recalls stacks that were walked before: a thread that comes again by the same way has its return addresses
 * in the same places, and looking at these costs a fiftieth of unwinding.
 */
#ifndef POND_RECALL_H
#define POND_RECALL_H

#include "port.h"

/* A walk under way. It is on the stack of whoever called the library, and small. */
struct recall_walk {
    struct recall_entry *entry; /* where it is kept as it goes, which nobody reads meanwhile; NULL: nowhere */
    const char *at;             /* where the frame begins that the walk is made in */
    uint32_t count, own;        /* frames; of them those that come before the caller's */
    uint32_t age;
    bool unsound; /* not to be kept: a return address was not where it should be, or there were too many */
};

/*
 * What walk_stack would find, if that stack was kept; 0: it was not. Takes no lock and makes no system call.
 */
uint32_t recall_stack(const char *at, const void *caller, const void **pcs, uint32_t most);

/* Begins a walk from the caller on, of `most` frames. recall_end is called when it is over. */
struct recall_walk recall_begin(const char *at, const void *caller, uint32_t most);

/* Notes that the unwinder has come to pc; the frame that returns there ends at `end`. own: it is one of the
 * library's own functions, before the caller. */
void recall_frame(struct recall_walk *w, uintptr_t pc, uintptr_t end, bool own);

/* Ends the walk. It is kept if it is sound and `found`: the caller was among its frames. */
void recall_end(const struct recall_walk *w, bool found);

#endif
