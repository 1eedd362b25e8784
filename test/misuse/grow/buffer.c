/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: a grown object
// word: grow
// report: the object owns 1048576 bytes, more than max_footprint 65536, and is dropped
#include "misuse.h"

struct line {
    size_t room;
    char *buffer;
};

static void destroy(void *obj, pond_drop_reason why, void *ctx)
{
    (void)why, (void)ctx;
    free(((struct line *)obj)->buffer);
}

static size_t footprint(const void *obj, void *ctx)
{
    (void)ctx;
    return ((const struct line *)obj)->room;
}

static void program(void)
{
    pond *p = make((pond_options){.name = "lines",
                                  .size = sizeof(struct line),
                                  .destroy = destroy,
                                  .footprint = footprint,
                                  .max_footprint = 64 << 10});
    struct line *l = must_get(p);
    l->room = wrong ? 1 << 20 : 1 << 10;
    l->buffer = malloc(l->room);
    pond_put(p, l);
    end(p);
}
