/* SPDX-License-Identifier: BSD-2-Clause */
/* Where the addresses of a profile are: modules, functions, files and lines. */
#ifndef POND_WRITE_PLACE_H
#define POND_WRITE_PLACE_H

#include "snapshot.h"

/* Code of a module, as it lies in memory. A module has several if it has several parts with code. */
struct code {
    uintptr_t start, end; /* whole pages */
    uint64_t offset;      /* of the start in the file */
    uintptr_t bias;       /* an address less this is what addr2line takes */
    const char *path;
    const char *build_id;                  /* in hexadecimal; "": none */
    bool used;                             /* a place is there, or it is the program */
    bool functions, files, lines, inlined; /* what is known of its places */
};

/* A function there; those that are inlined before those that they are inlined in. */
struct frame {
    struct frame *next;
    const char *function, *symbol;
    const char *file; /* "": not known */
    int line;         /* 0: not known */
    size_t offset;
    bool inlined;
};

/* What returns to pc: the call is the byte before it. */
struct place {
    const void *pc;
    const struct code *code;      /* NULL: no module is there */
    struct frame *frames, **last; /* NULL: no function is known */
};

struct places {
    struct memory *memory;
    struct list codes;    /* the program's first */
    struct place *places; /* by pc, each once */
    size_t count;
};

/* All places of all stacks. False: no memory. places_free in either case. */
bool places_find(struct places *p, struct snapshot *s);
void places_free(struct places *p);

const struct place *places_of(const struct places *p, const void *pc);

/* "function", or "module+0x1234" where no function is known, or "0x1234"; NULL: no memory. */
const char *place_name(const struct places *p, const struct place *at);

#endif
