// SPDX-License-Identifier: BSD-2-Clause
// A table of frames with open addressing.
#include "names.h"

#include <stdlib.h>
#include <string.h>

static uint64_t hash_text(uint64_t hash, const char *text)
{
    for (; *text != '\0'; text++)
        hash = (hash ^ (unsigned char)*text) * 0x100000001b3;
    return hash * 0x9e3779b97f4a7c15;
}

static char *copy(const char *text)
{
    size_t size = strlen(text) + 1;
    return memcpy(allocate(size, 1), text, size);
}

static void place(names *all, uint32_t number)
{
    size_t at = all->frames[number].hash % all->slot_count;
    while (all->slots[at] != 0)
        at = (at + 1) % all->slot_count;
    all->slots[at] = number + 1;
}

static void more_slots(names *all)
{
    free(all->slots);
    all->slot_count = all->slot_count == 0 ? 1024 : all->slot_count * 2;
    all->slots = allocate(all->slot_count, sizeof *all->slots);
    for (size_t i = 0; i < all->count; i++)
        place(all, (uint32_t)i);
}

uint32_t names_number(names *all, frame_kind kind, const char *name, const char *file)
{
    if (all->count * 2 >= all->slot_count)
        more_slots(all);
    uint64_t hash = hash_text(hash_text((uint64_t)kind + 1, name), file);
    for (size_t at = hash % all->slot_count; all->slots[at] != 0; at = (at + 1) % all->slot_count) {
        const frame *f = &all->frames[all->slots[at] - 1];
        if (f->hash == hash && f->kind == kind && strcmp(f->name, name) == 0 && strcmp(f->file, file) == 0)
            return all->slots[at] - 1;
    }
    all->frames = grow(all->frames, &all->room, all->count, sizeof *all->frames);
    all->frames[all->count] = (frame){.name = copy(name), .file = copy(file), .hash = hash, .kind = kind};
    place(all, (uint32_t)all->count);
    return (uint32_t)all->count++;
}

void names_free(names *all)
{
    for (size_t i = 0; i < all->count; i++) {
        free((char *)(uintptr_t)all->frames[i].name);
        free((char *)(uintptr_t)all->frames[i].file);
    }
    free(all->frames);
    free(all->slots);
    *all = (names){0};
}

static int by_name(const void *a, const void *b)
{
    return strcmp((*(frame *const *)a)->name, (*(frame *const *)b)->name);
}

void names_mark_shared(names *all)
{
    frame **sorted = allocate(all->count, sizeof(frame *));
    size_t count = 0;
    for (size_t i = 0; i < all->count; i++) {
        if (all->frames[i].kind == FRAME_CODE)
            sorted[count++] = &all->frames[i];
    }
    qsort(sorted, count, sizeof(frame *), by_name);
    for (size_t i = 1; i < count; i++) {
        if (strcmp(sorted[i - 1]->name, sorted[i]->name) == 0)
            sorted[i - 1]->shared = sorted[i]->shared = true;
    }
    free(sorted);
}

void put_frame(FILE *out, const frame *f)
{
    put_name(out, f->name[0] == '\0' ? "(no name)" : f->name);
    if (f->shared && f->file[0] != '\0') {
        const char *slash = strrchr(f->file, '/');
        fputs(" (", out);
        put_name(out, slash == NULL ? f->file : slash + 1);
        fputc(')', out);
    }
}
