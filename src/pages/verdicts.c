/* SPDX-License-Identifier: BSD-2-Clause */
/* What the judge says of each stack: its words, and how they are shown. */
#include "../verdict/verdict.h"
#include "pages.h"
#include <string.h>

#define WORDS 2000

static const struct basin *basin_of(const struct snapshot *s, uint64_t id)
{
    const struct basin *basins = s->basins.items;
    for (size_t i = 0; i < s->basins.count; i++)
        if (basins[i].id == id)
            return &basins[i];
    return NULL;
}

static struct verdict_pond verdict_pond_of(const struct basin *b)
{
    const pond_history *h = b->history;
    return (struct verdict_pond){.name = b->name,
                                 .max_objects = b->limits.max_objects,
                                 .live = b->stats.live,
                                 .object_bytes = basin_object_bytes(b),
                                 .interval = h->interval,
                                 .live_trough = h->live,
                                 .live_trough_bytes = h->live_bytes,
                                 .troughs = h->count};
}

static const char *grade_of(enum verdict v)
{
    switch (v) {
    case VERDICT_LEAK:
    case VERDICT_SLOW_LEAK:
        return "bad";
    case VERDICT_HELD:
    case VERDICT_FILLING:
    case VERDICT_GROWING:
        return "look";
    case VERDICT_TOO_EARLY:
        return "early";
    default:
        return "calm";
    }
}

static bool judge(struct finding *f, struct view *v, const struct stack *s)
{
    struct snapshot *snapshot = &v->snapshot;
    const struct basin *b = basin_of(snapshot, s->pond_id);
    struct verdict_life lives[VERDICT_LIVES];
    struct verdict_pond pond = {.name = s->pond};
    struct verdict_result r;
    char text[WORDS];
    if (b != NULL && b->history->count > 0)
        pond = verdict_pond_of(b);
    for (size_t i = 0; i < VERDICT_LIVES; i++)
        lives[i] = (struct verdict_life){s->lives[i].seconds, s->lives[i].ended};
    const struct verdict_stack stack = {.pond = pond.troughs > 0 ? &pond : NULL,
                                        .ages = s->ages,
                                        .age_objects = s->age_objects,
                                        .age_count = s->age_count,
                                        .lives = lives,
                                        .inuse_objects = s->estimates[INUSE_OBJECTS],
                                        .inuse_bytes = s->estimates[INUSE_SPACE],
                                        .alloc_objects = s->estimates[ALLOC_OBJECTS]};
    verdict_judge(&r, &stack, snapshot->seconds, v->faster);
    (void)verdict_words(text, sizeof text, &r, &stack, snapshot->seconds, v->faster);
    *f = (struct finding){.verdict = verdict_name(r.verdict),
                          .words = memory_text(&snapshot->memory, text),
                          .grade = grade_of(r.verdict),
                          .growth = r.growth_bytes_per_minute,
                          .p = r.p};
    return f->words != NULL;
}

/* ---- what grows is looked at more closely ---- */

#define FINER 16
#define FINER_SECONDS 30

static bool has_growth(const struct view *v, uint64_t id)
{
    const struct stack *stacks = v->snapshot.stacks.items;
    for (size_t i = 0; i < v->snapshot.stacks.count; i++)
        if (stacks[i].pond_id == id && strcmp(v->findings[i].verdict, verdict_name(VERDICT_GROWING)) == 0)
            return true;
    return false;
}

static int refine(pond *p, void *view)
{
    const struct view *v = view;
    pond_history h;
    size_t finer = v->snapshot.rate / FINER;
    if (v->source->history(p, &h, sizeof h) == 0 && has_growth(v, h.id))
        (void)v->source->fine(p, finer > 0 ? finer : 1, FINER_SECONDS);
    return 0;
}

void verdicts_refine(const struct view *v)
{
    (void)v->source->ponds(refine, (void *)v);
}

bool verdicts_find(struct view *v)
{
    const struct stack *stacks = v->snapshot.stacks.items;
    size_t count = v->snapshot.stacks.count;
    v->findings = memory_take(&v->snapshot.memory, (count + 1) * sizeof *v->findings);
    bool found = v->findings != NULL;
    for (size_t i = 0; i < count && found; i++)
        found = judge(&v->findings[i], v, &stacks[i]);
    return found;
}
