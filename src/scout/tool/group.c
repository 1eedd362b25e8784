// SPDX-License-Identifier: BSD-2-Clause
// What belongs together: the sims of all chains that allocate at one place of the program. Functions that
// hand on what others ask them for are no such place: known by their names, or because each of their callers
// has a size of its own.
#include "scout.h"

#include <stdlib.h>
#include <string.h>

// ---- one sim with another ----

static uint64_t smaller(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t larger(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

// Peaks may have been at different times: their sum is never too small, nor are misses.
static void add_sim(struct scout_sim *to, const struct scout_sim *s)
{
    to->smallest = to->recorded == 0 ? s->smallest : smaller(to->smallest, s->smallest);
    to->first = to->recorded == 0 ? s->first : smaller(to->first, s->first);
    to->largest = larger(to->largest, s->largest);
    to->last = larger(to->last, s->last);
    to->bytes += s->bytes;
    to->recorded += s->recorded;
    to->gets += s->gets;
    to->puts += s->puts;
    to->elsewhere += s->elsewhere;
    to->resized += s->resized;
    to->cleared += s->cleared;
    to->live += s->live;
    to->live_peak += s->live_peak;
    to->population += s->population;
    to->misses += s->misses;
    to->population_peak += s->population_peak;
    to->idle_peak += s->idle_peak;
    to->idle_sum += s->idle_sum;
    to->timed += s->timed;
    to->get_ns += s->get_ns;
    to->put_timed += s->put_timed;
    to->put_ns += s->put_ns;
    for (unsigned i = 0; i < SCOUT_LIVES; i++)
        to->lives[i] += s->lives[i];
}

// ---- the place of a chain ----

static bool is_same_text(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool is_same_function(const frame *a, const frame *b)
{
    return is_same_text(a->function, b->function) && is_same_text(a->file, b->file) && a->module == b->module;
}

static size_t place_of(const chain *c)
{
    size_t i = 0;
    while (i < c->count && c->frames[i].skipped)
        i++;
    return i < c->count ? i : 0;
}

// ---- wrappers, by what they do ----

// A function at which chains begin, and what its callers ask for: each caller's most frequent size.
struct caller {
    const frame *function;
    uint64_t size, gets, all;
};

enum { CALLERS = 64 };

struct wrapper {
    const frame *function;
    struct caller callers[CALLERS];
    size_t count;
};

static void ask(struct wrapper *w, const frame *caller, const struct scout_sim *s)
{
    size_t i = 0;
    while (i < w->count && !is_same_function(w->callers[i].function, caller))
        i++;
    if (i == CALLERS)
        return;
    struct caller *c = &w->callers[i];
    if (i == w->count)
        w->callers[w->count++] = (struct caller){.function = caller};
    c->all += s->gets;
    if (s->gets > c->gets && s->size != 0) {
        c->gets = s->gets;
        c->size = s->size;
    }
}

static bool hands_on(const struct wrapper *w)
{
    uint64_t size = 0;
    bool differs = false;
    for (size_t i = 0; i < w->count; i++) {
        const struct caller *c = &w->callers[i];
        if (c->size == 0 || (double)c->gets < 0.8 * (double)c->all)
            continue; /* what it asks for varies: that tells nothing */
        differs = differs || (size != 0 && c->size != size);
        size = c->size;
    }
    return differs;
}

static struct wrapper *wrapper_of(struct wrapper *all, size_t *count, const frame *function)
{
    for (size_t i = 0; i < *count; i++)
        if (is_same_function(all[i].function, function))
            return &all[i];
    all[*count].function = function;
    return &all[(*count)++];
}

static void skip_function(process *p, const frame *function)
{
    for (uint32_t i = 1; i <= p->file->chain_count; i++)
        for (size_t k = 0; k < p->chains[i].count; k++)
            if (is_same_function(&p->chains[i].frames[k], function))
                p->chains[i].frames[k].skipped = true;
}

// Once: those that hand on to others that do are found the next time. True: some were found.
static bool skip_wrappers(process *p)
{
    const struct scout_file *f = p->file;
    struct wrapper *all = allocate((size_t)f->sim_count + 1, sizeof *all);
    size_t count = 0;
    bool found = false;
    for (uint32_t i = 1; i <= f->sim_count; i++) {
        const chain *c = &p->chains[f->sims[i].chain];
        size_t at = c->count > 0 ? place_of(c) : 0;
        if (at + 1 < c->count && c->frames[at].program && c->frames[at + 1].program)
            ask(wrapper_of(all, &count, &c->frames[at]), &c->frames[at + 1], &f->sims[i]);
    }
    for (size_t i = 0; i < count; i++) {
        if (!hands_on(&all[i]))
            continue;
        skip_function(p, all[i].function);
        found = true;
    }
    free(all);
    return found;
}

// ---- groups ----

static bool is_of(const group *g, const frame *site, const frame *via)
{
    if (!is_same_function(g->site, site) || g->site->line != site->line || (g->via == NULL) != (via == NULL))
        return false;
    if (g->site->line == 0 && g->site->pc != site->pc)
        return false;
    return via == NULL || g->via->module == via->module;
}

static group *group_of(groups *g, const frame *site, const frame *via)
{
    for (size_t i = 0; i < g->count; i++)
        if (is_of(&g->all[i], site, via))
            return &g->all[i];
    group *made = &g->all[g->count++];
    *made = (group){.site = site, .via = via};
    return made;
}

static void add_size(group *g, const struct scout_sim *s)
{
    unsigned i = 0;
    while (i < g->size_count && g->sizes[i].size != s->size)
        i++;
    bool fits = s->size != 0 && i < SCOUT_SIZES;
    if (fits && i == g->size_count)
        g->sizes[g->size_count++].size = s->size;
    add_sim(fits ? &g->sizes[i] : &g->rest, s);
    add_sim(&g->all, s);
}

static void add_end(group *g, const chain *c, uint32_t count)
{
    if (c->count == 0)
        return;
    if (g->end_chain_count < sizeof g->end_chains / sizeof *g->end_chains)
        g->end_chains[g->end_chain_count++] = c;
    size_t at = 0;
    while (at + 1 < c->count && (c->frames[at].skipped || !c->frames[at].program))
        at++;
    const frame *end = &c->frames[c->frames[at].program ? at : place_of(c)];
    unsigned i = 0;
    while (i < g->end_count && !(is_same_function(g->ends[i], end) && g->ends[i]->line == end->line))
        i++;
    if (i == SCOUT_ENDS)
        return;
    g->end_count += i == g->end_count;
    g->ends[i] = end;
    g->end_counts[i] += count;
    for (; i > 0 && g->end_counts[i] > g->end_counts[i - 1]; i--) {
        const frame *other = g->ends[i - 1];
        uint64_t others = g->end_counts[i - 1];
        g->ends[i - 1] = g->ends[i], g->end_counts[i - 1] = g->end_counts[i];
        g->ends[i] = other, g->end_counts[i] = others;
    }
}

static void add(groups *g, process *p, const struct scout_sim *s)
{
    const chain *c = &p->chains[s->chain];
    if (c->count == 0 || s->gets == 0)
        return;
    size_t at = place_of(c), own = at;
    while (own < c->count && (!c->frames[own].program || c->frames[own].skipped))
        own++;
    bool by_library = !c->frames[at].program && own < c->count;
    const frame *site = &c->frames[by_library ? own : at];
    group *of = group_of(g, site, by_library ? &c->frames[at] : NULL);
    add_size(of, s);
    of->caller = c;
    of->caller_at = (size_t)(site - c->frames) + 1;
    for (unsigned i = 0; i < SCOUT_ENDS; i++)
        if (s->ends[i].count != 0)
            add_end(of, &p->chains[s->ends[i].chain], s->ends[i].count);
}

groups group_all(process *p)
{
    enum { DEEPEST = 4 };
    for (int i = 0; i < DEEPEST && skip_wrappers(p); i++)
        continue;
    groups g = {.all = allocate((size_t)p->file->sim_count + 1, sizeof(group))};
    for (uint32_t i = 1; i <= p->file->sim_count; i++)
        add(&g, p, &p->file->sims[i]);
    return g;
}
