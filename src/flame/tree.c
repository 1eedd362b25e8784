// SPDX-License-Identifier: BSD-2-Clause
// Nodes are found by parent and frame in one table.
#include "tree.h"

#include <stdlib.h>
#include <string.h>

static size_t slot_of(const tree *all, uint32_t parent, uint32_t frame)
{
    uint64_t key = (uint64_t)parent << 32 | frame;
    key = (key ^ key >> 31) * 0x9e3779b97f4a7c15;
    return (size_t)(key >> 20) & (all->slot_count - 1);
}

static void place(tree *all, uint32_t number)
{
    size_t at = slot_of(all, all->nodes[number].parent, all->nodes[number].frame);
    while (all->slots[at] != 0)
        at = (at + 1) & (all->slot_count - 1);
    all->slots[at] = number;
}

static bool more_slots(tree *all)
{
    size_t count = all->slot_count == 0 ? 1024 : all->slot_count * 2;
    uint32_t *slots = calloc(count, sizeof *slots);
    if (slots == NULL)
        return false;
    free(all->slots);
    all->slots = slots;
    all->slot_count = count;
    for (size_t i = 1; i < all->count; i++)
        place(all, (uint32_t)i);
    return true;
}

static bool more_nodes(tree *all)
{
    size_t room = all->room < 16 ? 16 : all->room + all->room / 2;
    node *nodes = room > UINT32_MAX ? NULL : realloc(all->nodes, room * sizeof *nodes);
    if (nodes == NULL)
        return false;
    all->nodes = nodes;
    all->room = room;
    return true;
}

// 0 where there is no memory.
static uint32_t new_node(tree *all, uint32_t parent, uint32_t frame)
{
    if (all->count == all->room && !more_nodes(all)) {
        all->failed = true;
        return 0;
    }
    all->nodes[all->count] = (node){.frame = frame, .parent = parent};
    return (uint32_t)all->count++;
}

static uint32_t child_of(tree *all, uint32_t parent, uint32_t frame)
{
    if (all->count * 2 >= all->slot_count && !more_slots(all)) {
        all->failed = true;
        return 0;
    }
    for (size_t at = slot_of(all, parent, frame); all->slots[at] != 0;
         at = (at + 1) & (all->slot_count - 1)) {
        const node *n = &all->nodes[all->slots[at]];
        if (n->parent == parent && n->frame == frame)
            return all->slots[at];
    }
    uint32_t number = new_node(all, parent, frame);
    if (number == 0)
        return 0;
    node *n = &all->nodes[number], *above = &all->nodes[parent];
    n->depth = above->depth + 1;
    n->next = above->child;
    above->child = number;
    place(all, number);
    return number;
}

void tree_add_stack(tree *all, int side, const uint32_t *frames, size_t count, int64_t value)
{
    uint32_t at = 0;
    if (all->count == 0)
        new_node(all, 0, 0);
    for (size_t i = 0; i < count && !all->failed; i++)
        at = child_of(all, at, frames[i]);
    if (!all->failed)
        all->nodes[at].self[side] = add(all->nodes[at].self[side], value);
}

// Children have higher numbers than their parents: so one pass from the end is enough.
void tree_sum(tree *all, bool difference)
{
    for (size_t i = all->count; i-- > 0;) {
        node *n = &all->nodes[i];
        for (int side = 0; side < SIDES; side++)
            n->total[side] = add(n->total[side], n->self[side]);
        int64_t own = n->self[LIVE];
        if (difference && n->self[BASE] > own)
            own = n->self[BASE];
        n->width = add(n->width, own);
        if (i == 0)
            break;
        node *above = &all->nodes[n->parent];
        for (int side = 0; side < SIDES; side++)
            above->total[side] = add(above->total[side], n->total[side]);
        above->width = add(above->width, n->width);
    }
}

// A child with what it is sorted by.
typedef struct ranked {
    int64_t width;
    const char *name, *file;
    uint32_t number;
} ranked;

static int by_width(const void *a, const void *b)
{
    const ranked *x = a, *y = b;
    if (x->width != y->width)
        return x->width < y->width ? 1 : -1;
    int order = strcmp(x->name, y->name);
    return order != 0 ? order : strcmp(x->file, y->file);
}

uint32_t *tree_children(const tree *all, const flame_frame *frames, uint32_t parent, size_t *count)
{
    *count = 0;
    for (uint32_t at = all->nodes[parent].child; at != 0; at = all->nodes[at].next)
        ++*count;
    ranked *sorted = calloc(*count + 1, sizeof *sorted);
    uint32_t *numbers = calloc(*count + 1, sizeof *numbers);
    size_t i = 0;
    for (uint32_t at = all->nodes[parent].child; at != 0 && sorted != NULL; at = all->nodes[at].next) {
        const flame_frame *f = &frames[all->nodes[at].frame];
        sorted[i++] = (ranked){all->nodes[at].width, f->name, f->file, at};
    }
    if (sorted == NULL || numbers == NULL) {
        free(sorted);
        free(numbers);
        return NULL;
    }
    qsort(sorted, *count, sizeof *sorted, by_width);
    for (i = 0; i < *count; i++)
        numbers[i] = sorted[i].number;
    free(sorted);
    return numbers;
}

void tree_free(tree *all)
{
    free(all->nodes);
    free(all->slots);
    *all = (tree){0};
}
