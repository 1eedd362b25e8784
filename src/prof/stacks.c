// SPDX-License-Identifier: BSD-2-Clause
#include "stacks.h"

static void add_sample(tree *all, int side, names *frames, const sample *s, int64_t value)
{
    uint32_t stack[DEEPEST + 2];
    size_t count = 0;
    if (s->state[0] != '\0')
        stack[count++] = names_number(frames, FRAME_STATE, s->state, "");
    if (s->pond[0] != '\0')
        stack[count++] = names_number(frames, FRAME_POND, s->pond, "");
    size_t drawn = s->count < DEEPEST ? s->count : DEEPEST;
    for (size_t i = 0; i < drawn; i++)
        stack[count++] = s->frames[s->count - 1 - i];
    tree_add_stack(all, side, stack, count, value);
}

void tree_add(tree *all, int side, const profile *p, names *frames, pick *k, size_t type)
{
    tree_add_stack(all, side, NULL, 0, 0); // where nothing is taken there is a root all the same
    for (size_t i = 0; i < p->count; i++) {
        if (!pick_takes(k, frames, &p->samples[i]))
            continue;
        all->taken[side]++;
        add_sample(all, side, frames, &p->samples[i], p->samples[i].values[type]);
        progress("drawing", all->count * sizeof *all->nodes);
    }
    if (all->failed)
        no_memory();
}
