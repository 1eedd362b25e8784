/* SPDX-License-Identifier: BSD-2-Clause */
/* Magazines' memory. One global lock; never call with a gate busy. */
#ifndef POND_MAGAZINE_H
#define POND_MAGAZINE_H

#include "slab.h"

/* How many objects fit into a magazine of the smallest class that has room for `room`. */
uint32_t magazine_fit(uint32_t room);
uint32_t magazine_below(uint32_t room); /* and into the largest one with less than `room`; 0: there is none */
uint32_t magazine_most(void);

/* An empty magazine for `room` objects (at most magazine_most()), or NULL with ENOMEM. */
struct magazine *magazine_make(uint32_t room);
void magazine_end(struct magazine *m);
void magazines_end(struct magazine *const *all, size_t n);

/* Gives free pages of magazines back to the operating system. */
void magazine_purge(void);
void magazine_purge_some(size_t calls); /* with so many system calls at most */
bool magazines_are_left(void);          /* by the last of these, for want of calls */

void magazine_fork_prepare(void);
void magazine_fork_done(void);

#endif
