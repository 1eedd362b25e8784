/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Functions by name and file, each a number. Two profiles share them: so stacks of a process and of its
 * successor match, whose addresses differ.
 */
#ifndef PROF_NAMES_H
#define PROF_NAMES_H

#include "../flame/tree.h"
#include "say.h"

typedef struct flame_frame frame; /* name and file are the names' own copies */

typedef struct names {
    frame *frames;
    size_t count, room;
    uint32_t *slots; /* number + 1; 0: free */
    size_t slot_count;
} names;

uint32_t names_number(names *all, frame_kind kind, const char *name, const char *file);
void names_free(names *all);

/* Notes which names stand for several functions, whose file has to be told. */
void names_mark_shared(names *all);

/* name, and (file) where the name alone does not say which. */
void put_frame(FILE *out, const frame *f);

#endif
