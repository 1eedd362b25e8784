/* SPDX-License-Identifier: BSD-2-Clause */
/* jemalloc; the pool size is the number of slots its thread caches have for each size class. */
#include "jemalloc.h"

static size_t slots;

static inline void *kind_get(int type)
{
    void *obj = malloc(type_bytes[type]);
    if (obj != NULL)
        object_construct(type, obj);
    return obj;
}

static inline void kind_put(int type, void *obj)
{
    (void)type;
    free(obj);
}

void kind_init(size_t size, char **argv)
{
    slots = size;
    jemalloc_slots(size, argv);
}

void kind_tick(void) {}

void kind_read(struct kind_figures *f)
{
    *f = (struct kind_figures){.cached = slots};
    jemalloc_read(f);
}

const char *kind_proof(void)
{
    return jemalloc_proof();
}
