/* SPDX-License-Identifier: BSD-2-Clause */
/* The flame graph: of a view's stacks, and of what is idle. */
#include "../flame/flame.h"
#include "pages.h"
#include "shown.h"
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

struct painter {
    struct view *view;
    struct names names; /* by kind, name and file: the number of a frame */
    struct list frames; /* of flame_frame */
    tree sums;
    bool failed;
};

static uint32_t frame_of(struct painter *p, frame_kind kind, const char *name, const char *file)
{
    const char *key = memory_format(p->names.memory, "%d\n%s\n%s", (int)kind, name, file);
    size_t known = p->names.texts.count, place = key == NULL ? NAMES_NONE : names_index(&p->names, key);
    if (place == known) {
        flame_frame *f = list_add(&p->frames, sizeof *f);
        if (f != NULL)
            *f = (flame_frame){.name = name, .file = file, .kind = kind};
        p->failed = p->failed || f == NULL;
    }
    p->failed = p->failed || place == NAMES_NONE;
    return (uint32_t)place;
}

/* The frames of a place, outermost first: those that are inlined come first in their list. */
static void add_frames(struct painter *p, const struct frame *f, uint32_t *frames, size_t *count)
{
    if (f == NULL || p->failed)
        return;
    add_frames(p, f->next, frames, count);
    if (*count < DEEPEST)
        frames[(*count)++] = frame_of(p, FRAME_CODE, f->function, f->file);
}

static void add_stack(struct painter *p, const struct stack *s, enum value value)
{
    const struct places *places = &p->view->places;
    uint32_t frames[DEEPEST];
    size_t count = 0;
    frames[count++] = frame_of(p, FRAME_STATE, "live", "");
    frames[count++] = frame_of(p, FRAME_POND, s->pond, "");
    for (size_t i = s->count; i-- > 0 && !p->failed;) {
        const struct place *at = places_of(places, s->pcs[i]);
        const char *name = at->frames == NULL ? place_name(places, at) : NULL;
        if (name != NULL && count < DEEPEST)
            frames[count++] = frame_of(p, FRAME_CODE, name, "");
        p->failed = p->failed || (name == NULL && at->frames == NULL);
        add_frames(p, at->frames, frames, &count);
    }
    if (!p->failed)
        tree_add_stack(&p->sums, LIVE, frames, count, s->values[value]);
}

static void add_idle(struct painter *p, const struct basin *b, enum value value)
{
    for (size_t i = 0; i < IDLE_STATES && !p->failed; i++) {
        const struct idle *idle = &idle_states[i];
        uint64_t size = idle_count(b, value == INUSE_OBJECTS ? idle->objects : idle->bytes);
        uint32_t frames[] = {frame_of(p, FRAME_STATE, idle->state, ""), frame_of(p, FRAME_POND, b->name, ""),
                             frame_of(p, FRAME_CODE, idle->frame, "")};
        if (size > 0 && !p->failed)
            tree_add_stack(&p->sums, LIVE, frames, 3, (int64_t)size);
    }
}

static void add_all(struct painter *p, enum value value)
{
    const struct snapshot *s = &p->view->snapshot;
    const struct stack *stacks = s->stacks.items;
    const struct basin *basins = s->basins.items;
    tree_add_stack(&p->sums, LIVE, NULL, 0, 0);
    for (size_t i = 0; i < s->stacks.count && !p->failed; i++)
        if (stacks[i].values[value] > 0)
            add_stack(p, &stacks[i], value);
    for (size_t i = 0; i < s->basins.count && !p->failed && value >= INUSE_OBJECTS; i++)
        add_idle(p, &basins[i], value);
    p->failed = p->failed || p->sums.failed;
}

static bool draw_to(struct bytes *to, struct painter *p, const flame_style *style)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    if (out == NULL)
        return false;
    tree_sum(&p->sums, false);
    bool drawn = flame_draw(out, &p->sums, p->frames.items, style);
    drawn = ferror(out) == 0 && drawn;
    drawn = fclose(out) == 0 && drawn;
    if (drawn)
        bytes_add(to, text, length);
    free(text);
    return drawn && !to->failed;
}

bool draw_flame(struct bytes *to, struct view *v, enum value value, bool alone)
{
    struct painter p = {.view = v, .names = {.memory = &v->snapshot.memory}};
    const char *unit = value == ALLOC_OBJECTS || value == INUSE_OBJECTS ? "count" : "bytes";
    const struct shown when = shown_time(v->snapshot.time_nanos);
    const char *title = memory_format(&v->snapshot.memory, "%s: the ponds of process %ld", value_names[value],
                                      (long)getpid());
    add_all(&p, value);
    bool drawn = !p.failed && title != NULL;
    if (drawn) {
        const flame_style style = {
            .title = alone ? title : NULL, .subtitle = when.text, .unit = unit, .most = alone ? 0 : 4000};
        drawn = draw_to(to, &p, &style);
    }
    tree_free(&p.sums);
    names_free(&p.names);
    list_free(&p.frames);
    if (!drawn)
        errno = ENOMEM;
    return drawn;
}

bool page_flame(struct bytes *to, const struct request *r)
{
    struct view v;
    char name[24];
    enum value value = value_of(query_value(r, "value", name, sizeof name) ? name : NULL);
    if (value == VALUES)
        return refuse(to, r, 400, "value is inuse_space, inuse_objects, alloc_space or alloc_objects.");
    r->answer->type = "image/svg+xml";
    r->answer->headers = page_headers;
    bool made = view_open(&v, r->source, 1) && draw_flame(to, &v, value, true);
    int error = errno;
    view_close(&v);
    errno = error;
    return made;
}
