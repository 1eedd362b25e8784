// SPDX-License-Identifier: BSD-2-Clause
// Chains and their sims in the file, found by an index that is the library's own.
#include "scout.h"

#include <string.h>
#include <sys/mman.h>

struct scout_file *file;

enum { INDEX = 4 * SCOUT_CHAINS };
static uint32_t *known; /* chain + 0: none */

bool sites_open(void)
{
    if (known == NULL) {
        known = mmap(NULL, INDEX * sizeof *known, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (known == MAP_FAILED)
            known = NULL;
    } else {
        memset(known, 0, INDEX * sizeof *known);
    }
    return known != NULL;
}

static uint32_t *slot_of(const struct chain *c)
{
    uint64_t hash = c->depth;
    for (uint32_t i = 0; i < c->depth; i++)
        hash = (hash ^ c->pc[i]) * 0x9e3779b97f4a7c15u ^ hash >> 29;
    for (size_t at = hash >> 32 & (INDEX - 1);; at = (at + 1) & (INDEX - 1)) {
        const struct scout_chain *k = &file->chains[known[at]];
        if (known[at] == 0 || (k->depth == c->depth && memcmp(k->pc, c->pc, c->depth * sizeof *c->pc) == 0))
            return &known[at];
    }
}

uint32_t sites_find(const struct chain *c)
{
    return *slot_of(c);
}

uint32_t sites_add(const struct chain *c)
{
    uint32_t *slot = slot_of(c);
    if (*slot != 0 || file->chain_count + 1 >= SCOUT_CHAINS)
        return *slot;
    struct scout_chain *k = &file->chains[++file->chain_count];
    memcpy(k->pc, c->pc, c->depth * sizeof *c->pc);
    k->depth = c->depth;
    return *slot = file->chain_count;
}

uint32_t sites_sim(uint32_t chain, uint64_t size)
{
    struct scout_chain *c = &file->chains[chain];
    unsigned i = 0;
    while (i < SCOUT_SIZES && c->sims[i] != 0 && file->sims[c->sims[i]].size != size)
        i++;
    if (c->sims[i] != 0)
        return c->sims[i];
    if (file->sim_count + 1 >= SCOUT_SIMS)
        return 0;
    uint32_t number = ++file->sim_count;
    file->sims[number].size = i < SCOUT_SIZES ? size : 0;
    file->sims[number].smallest = UINT64_MAX;
    file->sims[number].chain = chain;
    return c->sims[i] = number;
}
