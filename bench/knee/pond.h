/* SPDX-License-Identifier: BSD-2-Clause */
/* A pond for each type; the pool size is cache_objects. Its depot, and what a tick drops, is pond's own. */
#include <pond/inline.h>
#include <pond/pond.h>

static pond *ponds[TYPES];

static inline void *kind_get(int type)
{
    return pond_get_inline(ponds[type]);
}

static inline void kind_put(int type, void *obj)
{
    pond_put_inline(ponds[type], obj);
}

/* ctx is the type's number, as a pointer into type_bytes. */
static int construct(void *obj, void *ctx)
{
    object_construct((int)((const size_t *)ctx - type_bytes), obj);
    return 0;
}

void kind_init(size_t size, char **argv)
{
    (void)argv;
    for (int type = 0; type < TYPES; type++) {
        size =
            size < POND_MAX_CACHE_OBJECTS ? size : POND_MAX_CACHE_OBJECTS; /* 1,016: what 1,024 stands for */
        ponds[type] = pond_create(&(pond_options){.size = type_bytes[type],
                                                  .construct = construct,
                                                  .ctx = (void *)(uintptr_t)&type_bytes[type],
                                                  .cache_objects = size});
        pond_stats s = {.live = 0};
        if (ponds[type] == NULL)
            die("no pond of this pool size");
        pond_stats_read(ponds[type], &s);
        if (size > 0 && s.cache_objects != size)
            die("the pond did not take this pool size");
    }
}

void kind_tick(void)
{
    (void)pond_epoch_advance();
}

/* Active are live and idle objects, as jemalloc's active holds what its thread caches hold. */
void kind_read(struct kind_figures *f)
{
    *f = (struct kind_figures){.mapped = 0};
    for (int type = 0; type < TYPES; type++) {
        pond_stats s;
        pond_stats_read(ponds[type], &s);
        f->mapped += s.slab_bytes;
        f->active += s.object_bytes * (s.live + s.idle_local + s.idle_shared + s.idle_victim);
        f->taken += s.constructed;
        f->missed += s.misses;
        if (type == 1)
            f->cached = s.cache_objects;
    }
}

const char *kind_proof(void)
{
    return "pond " POND_VERSION ", inlined";
}
