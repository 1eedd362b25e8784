/* SPDX-License-Identifier: BSD-2-Clause */
#include "forms.h"
#include <stdlib.h>
#include <string.h>

/* A stack as a line, without its value. */
struct line {
    char *text;
    int64_t value;
};

/* Frames are divided by ';'. Where a name has one it is another character. */
static void say_frame(struct bytes *b, const char *before, const char *name)
{
    bytes_add(b, before, strlen(before));
    size_t start = b->length;
    bytes_add(b, name, strlen(name));
    for (size_t i = start; i < b->length && !b->failed; i++)
        if (b->data[i] == ';')
            b->data[i] = ':';
}

/* The functions at an address, outermost first: those that are inlined come first in their list. */
static void say_place(struct bytes *b, const struct frame *frames)
{
    if (frames == NULL)
        return;
    say_place(b, frames->next);
    say_frame(b, ";", frames->function);
}

static bool line_add(struct list *lines, struct memory *m, struct bytes *b, int64_t value)
{
    struct line *line = b->failed ? NULL : list_add(lines, sizeof *line);
    if (line == NULL)
        return false;
    line->value = value;
    line->text = memory_copy(m, b->data, b->length + 1);
    if (line->text != NULL)
        line->text[b->length] = 0;
    return line->text != NULL;
}

static bool fold_stack(struct list *lines, struct snapshot *s, const struct places *p,
                       const struct stack *stack, enum value value)
{
    struct bytes b = {.data = NULL};
    if (stack->values[value] == 0)
        return true;
    say_frame(&b, "", stack->pond);
    for (size_t i = stack->count; i-- > 0;) {
        const struct place *at = places_of(p, stack->pcs[i]);
        const char *name = at->frames == NULL ? place_name(p, at) : NULL;
        if (name != NULL)
            say_frame(&b, ";", name);
        else
            say_place(&b, at->frames);
    }
    bytes_add(&b, "", 1);
    b.length -= !b.failed;
    bool added = line_add(lines, &s->memory, &b, stack->values[value]);
    bytes_free(&b);
    return added;
}

static bool fold_basin(struct list *lines, struct snapshot *s, const struct basin *basin, enum value value)
{
    bool added = true;
    for (size_t i = 0; i < IDLE_STATES && added && (value == INUSE_OBJECTS || value == INUSE_SPACE); i++) {
        const struct idle *idle = &idle_states[i];
        struct bytes b = {.data = NULL};
        uint64_t count = idle_count(basin, value == INUSE_OBJECTS ? idle->objects : idle->bytes);
        if (count == 0)
            continue;
        say_frame(&b, "", basin->name);
        say_frame(&b, ";", idle->frame);
        bytes_add(&b, "", 1);
        b.length -= !b.failed;
        added = line_add(lines, &s->memory, &b, (int64_t)count);
        bytes_free(&b);
    }
    return added;
}

static int by_text(const void *one, const void *other)
{
    const struct line *a = one, *b = other;
    return strcmp(a->text, b->text);
}

/* Stacks that differ in addresses alone are one. */
static bool say_lines(struct bytes *to, struct list *list)
{
    struct line *lines = list->items;
    if (list->count > 1)
        qsort(lines, list->count, sizeof *lines, by_text);
    for (size_t i = 0; i < list->count; i++) {
        if (i + 1 < list->count && by_text(&lines[i], &lines[i + 1]) == 0)
            lines[i + 1].value += lines[i].value;
        else
            bytes_say(to, "%s %lld\n", lines[i].text, (long long)lines[i].value);
    }
    return !to->failed;
}

bool form_folded(struct bytes *to, struct snapshot *s, const struct places *p, enum value value)
{
    const struct stack *stacks = s->stacks.items;
    const struct basin *basins = s->basins.items;
    struct list lines = {.items = NULL};
    bool done = true;
    for (size_t i = 0; i < s->stacks.count && done; i++)
        done = fold_stack(&lines, s, p, &stacks[i], value);
    for (size_t i = 0; i < s->basins.count && done; i++)
        done = fold_basin(&lines, s, &basins[i], value);
    done = done && say_lines(to, &lines);
    list_free(&lines);
    return done;
}
