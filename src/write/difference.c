/* SPDX-License-Identifier: BSD-2-Clause */
#include "snapshot.h"
#include <stdlib.h>
#include <string.h>

/* In any order, if it is one and of what does not change. */
static int by_stack(const void *one, const void *other)
{
    const struct stack *a = *(const struct stack *const *)one, *b = *(const struct stack *const *)other;
    int order = a->count != b->count ? (a->count > b->count) - (a->count < b->count)
                                     : memcmp(a->pcs, b->pcs, a->count * sizeof *a->pcs);
    if (order == 0)
        order = (a->pond_id > b->pond_id) - (a->pond_id < b->pond_id);
    if (order == 0)
        order = strcmp(a->pond, b->pond);
    return order != 0 ? order : strcmp(a->type, b->type);
}

static const struct stack **sorted(struct memory *m, const struct snapshot *s)
{
    const struct stack *stacks = s->stacks.items;
    const struct stack **all = memory_take(m, (s->stacks.count + 1) * sizeof *all);
    for (size_t i = 0; all != NULL && i < s->stacks.count; i++)
        all[i] = &stacks[i];
    if (all != NULL && s->stacks.count > 1)
        qsort(all, s->stacks.count, sizeof *all, by_stack);
    return all;
}

/* Where there is less than before, the profile was emptied in between, and all there is came since. */
static void stack_subtract(struct stack *now, const struct stack *before)
{
    bool emptied = before == NULL || before->samples > now->samples ||
                   before->estimates[ALLOC_OBJECTS] > now->estimates[ALLOC_OBJECTS] * (1 + 1e-9);
    for (int v = 0; v < VALUES; v++)
        now->estimates[v] -= v >= INUSE_OBJECTS ? now->estimates[v] : emptied ? 0 : before->estimates[v];
    now->samples -= emptied ? 0 : before->samples;
    now->oldest_seconds = 0;
}

bool snapshot_subtract(struct snapshot *now, const struct snapshot *before)
{
    struct stack *stacks = now->stacks.items;
    const struct stack **all = sorted(&now->memory, before);
    size_t kept = 0;
    if (all == NULL)
        return false;
    for (size_t i = 0; i < now->stacks.count; i++) {
        const struct stack *wanted = &stacks[i];
        const struct stack **found =
            bsearch(&wanted, all, before->stacks.count, sizeof(const struct stack *), by_stack);
        stack_subtract(&stacks[i], found != NULL ? *found : NULL);
        if (stacks[i].samples > 0)
            stacks[kept++] = stacks[i];
    }
    now->stacks.count = kept;
    now->lost -= before->lost < now->lost ? before->lost : now->lost;
    now->duration_nanos = now->time_nanos > before->time_nanos ? now->time_nanos - before->time_nanos : 1;
    return snapshot_round(now);
}
