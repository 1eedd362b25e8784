/* SPDX-License-Identifier: BSD-2-Clause */
/* The samples of a profile in the tree of a flame graph. */
#ifndef PROF_STACKS_H
#define PROF_STACKS_H

#include "table.h"

/* What the samples of p that k takes add to a side; outermost come their labels, state and pond. */
void tree_add(tree *all, int side, const profile *p, names *frames, pick *k, size_t type);

#endif
