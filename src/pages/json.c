/* SPDX-License-Identifier: BSD-2-Clause */
/* /debug/pond?format=json. What jansson has no memory for is missing, and then there is no answer. */
#include "pages.h"
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>

struct writer {
    struct view *view;
    bool failed;
};

/* ---- pieces ---- */

/* Takes the value over. */
static void put(struct writer *w, json_t *object, const char *key, json_t *value)
{
    if (json_object_set_new(object, key, value) != 0)
        w->failed = true;
}

static void put_count(struct writer *w, json_t *object, const char *key, uint64_t count)
{
    put(w, object, key, json_integer(count < INT64_MAX ? (json_int_t)count : INT64_MAX));
}

static void put_text(struct writer *w, json_t *object, const char *key, const char *text)
{
    put(w, object, key, json_string(text));
}

static void add(struct writer *w, json_t *array, json_t *value)
{
    if (json_array_append_new(array, value) != 0)
        w->failed = true;
}

/* ---- ponds ---- */

static json_t *amounts(struct writer *w, uint64_t objects, uint64_t bytes)
{
    json_t *both = json_object();
    put_count(w, both, "objects", objects);
    put_count(w, both, "bytes", bytes);
    return both;
}

static json_t *drops_of(struct writer *w, const pond_stats *s)
{
    static const char *const reasons[POND_DROP_REASONS] = {"epoch", "rejected", "discarded", "limit",
                                                           "trim",  "destroy",  "debug"};
    json_t *all = json_object();
    for (size_t i = 0; i < POND_DROP_REASONS; i++)
        put_count(w, all, reasons[i], s->dropped[i]);
    return all;
}

static json_t *failures_of(struct writer *w, const pond_stats *s)
{
    static const char *const reasons[POND_FAIL_REASONS] = {"memory", "limit", "hook", "debug"};
    json_t *all = json_object();
    for (size_t i = 0; i < POND_FAIL_REASONS; i++)
        put_count(w, all, reasons[i], s->failed[i]);
    return all;
}

static json_t *limits_of(struct writer *w, const pond_limits *l)
{
    json_t *all = json_object();
    put_count(w, all, "max_objects", l->max_objects);
    put_count(w, all, "max_idle_bytes", l->max_idle_bytes);
    put_count(w, all, "min_idle", l->min_idle);
    put_count(w, all, "max_footprint", l->max_footprint);
    put_count(w, all, "max_age", l->max_age);
    return all;
}

static void put_counts(struct writer *w, json_t *object, const char *key, const uint64_t *counts,
                       size_t count)
{
    json_t *all = json_array();
    for (size_t i = 0; i < count; i++)
        add(w, all, json_integer(counts[i] < INT64_MAX ? (json_int_t)counts[i] : INT64_MAX));
    put(w, object, key, all);
}

static json_t *history_of(struct writer *w, const pond_history *h)
{
    json_t *all = json_object();
    put(w, all, "interval", json_real(h->interval));
    put_counts(w, all, "live", h->live, h->count);
    put_counts(w, all, "live_bytes", h->live_bytes, h->count);
    put_counts(w, all, "idle_bytes", h->idle_bytes, h->count);
    put_counts(w, all, "gets", h->gets, h->count);
    put_counts(w, all, "misses", h->misses, h->count);
    return all;
}

static json_t *json_pond(struct writer *w, const struct basin *b)
{
    const pond_stats *s = &b->stats;
    json_t *p = json_object(), *idle = json_object();
    put_text(w, p, "name", b->name);
    put_text(w, p, "type", b->type);
    put_count(w, p, "id", b->id);
    put_count(w, p, "object_bytes", s->object_bytes);
    put(w, p, "live", amounts(w, s->live, s->live_bytes));
    for (size_t i = 0; i < IDLE_STATES; i++)
        put(w, idle, idle_states[i].state,
            amounts(w, idle_count(b, idle_states[i].objects), idle_count(b, idle_states[i].bytes)));
    put(w, p, "idle", idle);
    put(w, p, "most", amounts(w, s->high_water, s->high_water_bytes));
    put_count(w, p, "gets", s->gets);
    put_count(w, p, "puts", s->puts);
    put_count(w, p, "hits", s->hits);
    put_count(w, p, "misses", s->misses);
    put_count(w, p, "made", s->constructed);
    put(w, p, "dropped", drops_of(w, s));
    put(w, p, "failed", failures_of(w, s));
    put_count(w, p, "waited", s->waited);
    put_count(w, p, "slab_bytes", s->slab_bytes);
    put_count(w, p, "resident_bytes", s->resident_bytes);
    put_count(w, p, "ticks", s->epoch);
    put_count(w, p, "cache_objects", s->cache_objects);
    put(w, p, "limits", limits_of(w, &b->limits));
    put(w, p, "history", history_of(w, b->history));
    return p;
}

/* ---- stacks ---- */

static json_t *frame_of(struct writer *w, const char *function, const struct frame *f)
{
    json_t *o = json_object();
    put_text(w, o, "function", function);
    if (f != NULL && f->file[0] != 0)
        put_text(w, o, "file", f->file);
    if (f != NULL && f->line > 0)
        put_count(w, o, "line", (uint64_t)f->line);
    if (f != NULL && f->inlined)
        put(w, o, "inlined", json_true());
    return o;
}

static json_t *frames_of(struct writer *w, const struct stack *stack)
{
    const struct places *p = &w->view->places;
    json_t *frames = json_array();
    for (size_t i = 0; i < stack->count; i++) {
        const struct place *at = places_of(p, stack->pcs[i]);
        if (at->frames == NULL)
            add(w, frames, frame_of(w, place_name(p, at), NULL));
        for (const struct frame *f = at->frames; f != NULL; f = f->next)
            add(w, frames, frame_of(w, f->function, f));
    }
    return frames;
}

static json_t *finding_of(struct writer *w, const struct finding *f)
{
    json_t *o = json_object();
    put_text(w, o, "name", f->verdict);
    put_text(w, o, "words", f->words);
    put(w, o, "growth_bytes_per_minute", json_real(f->growth));
    put(w, o, "p", json_real(f->p));
    return o;
}

static json_t *stack_of(struct writer *w, const struct stack *stack, const struct finding *f)
{
    json_t *o = json_object();
    put_text(w, o, "pond", stack->pond);
    put_count(w, o, "pond_id", stack->pond_id);
    put_text(w, o, "type", stack->type);
    for (size_t v = 0; v < VALUES; v++)
        put_count(w, o, value_names[v], (uint64_t)stack->values[v]);
    put_count(w, o, "samples", stack->samples);
    put(w, o, "oldest_seconds", json_real(stack->oldest_seconds));
    if (f->verdict != NULL)
        put(w, o, "verdict", finding_of(w, f));
    put(w, o, "frames", frames_of(w, stack));
    return o;
}

/* ---- the whole ---- */

static json_t *profile_of(struct writer *w)
{
    const struct snapshot *s = &w->view->snapshot;
    json_t *o = json_object();
    put_count(w, o, "rate_bytes", s->rate);
    put_count(w, o, "lost_samples", s->lost);
    put(w, o, "seconds", json_real(s->seconds));
    return o;
}

struct lines {
    struct writer *writer;
    json_t *all;
};

/* Bytes that are no UTF-8 are no JSON. */
static int take_line(const char *line, void *ctx)
{
    struct lines *l = ctx;
    const char *clean = memory_text(&l->writer->view->snapshot.memory, line);
    add(l->writer, l->all, clean != NULL ? json_string(clean) : NULL);
    return 0;
}

static json_t *trace_of(struct writer *w)
{
    struct lines lines = {.writer = w, .all = json_array()};
    if (w->view->source->trace(take_line, &lines) != 0)
        w->failed = true;
    return lines.all;
}

static json_t *whole(struct writer *w)
{
    const struct snapshot *s = &w->view->snapshot;
    const struct basin *basins = s->basins.items;
    const struct stack *stacks = s->stacks.items;
    json_t *all = json_object(), *ponds = json_array(), *list = json_array();
    put_text(w, all, "version", POND_VERSION);
    put(w, all, "time", json_real((double)s->time_nanos / 1e9));
    put(w, all, "profile", profile_of(w));
    for (size_t i = 0; i < s->basins.count; i++)
        add(w, ponds, json_pond(w, &basins[i]));
    for (size_t i = 0; i < s->stacks.count; i++)
        add(w, list, stack_of(w, &stacks[i], &w->view->findings[i]));
    put(w, all, "ponds", ponds);
    put(w, all, "stacks", list);
    put(w, all, "trace", trace_of(w));
    return all;
}

static int take(const char *text, size_t n, void *to)
{
    bytes_add(to, text, n);
    return ((struct bytes *)to)->failed ? -1 : 0;
}

bool form_json(struct bytes *to, struct view *v)
{
    struct writer w = {.view = v};
    json_t *all = whole(&w);
    bool made = all != NULL && !w.failed && json_dump_callback(all, take, to, JSON_INDENT(1)) == 0;
    json_decref(all);
    say(to, "\n");
    if (!made)
        errno = ENOMEM;
    return made;
}
