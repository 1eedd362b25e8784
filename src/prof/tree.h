/* SPDX-License-Identifier: BSD-2-Clause */
/* The tree of a flame graph: stacks that begin alike share their outer frames. */
#ifndef PROF_TREE_H
#define PROF_TREE_H

#include "table.h"

enum { DEEPEST = 500 }; /* frames of a stack that are drawn: the outer ones */

typedef struct node {
    uint32_t frame, parent, child, next; /* child, next: 0 is none, since node 0 is the root */
    uint32_t depth;
    int64_t self[SIDES], total[SIDES];
    int64_t width; /* what it is drawn as wide as */
} node;

typedef struct tree {
    node *nodes;
    size_t count, room;
    uint32_t *slots; /* number of a node; 0: free */
    size_t slot_count;
    size_t taken[SIDES];
} tree;

/* What the samples of p that k takes add to a side; outermost come their labels, state and pond. */
void tree_add(tree *all, int side, const profile *p, names *frames, pick *k, size_t type);

/*
 * Sums up, when everything is added, and says how wide nodes are: as much as there is now, or, of a
 * difference, the larger of before and now, so that what shrank can be seen.
 */
void tree_sum(tree *all, bool difference);

/* The children of a node, the widest first: *count of them, in memory to be freed. */
uint32_t *tree_children(const tree *all, const names *frames, uint32_t parent, size_t *count);

void tree_free(tree *all);

#endif
