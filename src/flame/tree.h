/* SPDX-License-Identifier: BSD-2-Clause */
/* The tree of a flame graph: stacks that begin alike share their outer frames. */
#ifndef FLAME_TREE_H
#define FLAME_TREE_H

#include "amount.h"

enum { BASE, LIVE, SIDES };
enum { DEEPEST = 500 }; /* frames of a stack that are drawn: the outer ones */

/* What a frame of a picture stands for. */
typedef enum frame_kind { FRAME_CODE, FRAME_STATE, FRAME_POND } frame_kind;

/* A function by name and file, or a label; whoever draws numbers them. */
typedef struct flame_frame {
    const char *name, *file;
    uint64_t hash;
    frame_kind kind;
    bool shared; /* another file has a function of this name */
} flame_frame;

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
    bool failed; /* there was no memory: nothing is added any more */
} tree;

/* Adds to a side what a stack has; its frames outermost first. */
void tree_add_stack(tree *all, int side, const uint32_t *frames, size_t count, int64_t value);

/*
 * Sums up, when everything is added, and says how wide nodes are: as much as there is now, or, of a
 * difference, the larger of before and now, so that what shrank can be seen.
 */
void tree_sum(tree *all, bool difference);

/* The children of a node, the widest first: *count of them, in memory to be freed; NULL: there is none. */
uint32_t *tree_children(const tree *all, const flame_frame *frames, uint32_t parent, size_t *count);

void tree_free(tree *all);

#endif
