/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where a request's objects come from: one of these, chosen when load.c is compiled (KIND_HEADER), so that no
 * function pointer comes between the load and the pool. A kind's header defines
 *
 *     static inline void *kind_get(int type);            an object, constructed; NULL: no memory
 *     static inline void kind_put(int type, void *obj);
 *
 * and what is declared below. The pool size means the same for all: how many idle objects of one type a
 * thread holds for itself. What lies behind differs, and is what is measured: pond's depot, jemalloc's
 * arenas. Size 0: the kind's own choice.
 */
#ifndef KNEE_KIND_H
#define KNEE_KIND_H

#include <stddef.h>
#include <stdint.h>

enum { TYPES = 4 };

struct kind_figures {
    uint64_t mapped, active; /* bytes, by the kind's own statistics */
    uint64_t taken;          /* objects taken from behind the pool: allocations */
    uint64_t missed;         /* gets that the pool could not serve */
    uint64_t cached;         /* most objects a thread holds of a 1 KiB type now */
};

extern size_t type_bytes[TYPES]; /* 256, 1,024, 4,096 and 16,384, or a multiple of these */

/* Real work on the first half of an object, at most 8 KiB: a table that each use looks into. */
void object_construct(int type, void *obj);

/* Ends the program with one sentence. */
_Noreturn void die(const char *what);

void kind_init(size_t size, char **argv); /* ends the program when there cannot be this size */
void kind_tick(void);                     /* a tick of ageing, where there is one */
void kind_read(struct kind_figures *f);   /* counts since the start; allocates nothing */
const char *kind_proof(void);             /* what runs, for the record */

#endif
