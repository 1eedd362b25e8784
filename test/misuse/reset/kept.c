/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: a buffer that reset keeps, but the type does not say so
// word: reset
// report: reset does not restore
// report: at offset 8
#include "misuse.h"
#include <errno.h>
#include <pond/typed.h>

struct line {
    size_t length;
    char *buffer;
};

POND_TYPE(silent_type, struct line, POND_KEPT(length));
POND_TYPE(line_type, struct line, POND_KEPT(buffer));

static int construct(void *obj, void *ctx)
{
    (void)ctx;
    return (((struct line *)obj)->buffer = malloc(16)) != NULL ? 0 : ENOMEM;
}

static bool reset(void *obj, void *ctx)
{
    (void)ctx;
    ((struct line *)obj)->length = 0;
    return true;
}

static void destroy(void *obj, pond_drop_reason why, void *ctx)
{
    (void)why, (void)ctx;
    free(((struct line *)obj)->buffer);
}

static void program(void)
{
    pond *p = make((pond_options){.type = wrong ? &silent_type : &line_type,
                                  .construct = construct,
                                  .reset = reset,
                                  .destroy = destroy});
    struct line *l = must_get(p);
    char *larger = realloc(l->buffer, 1 << 20);
    expect(larger != NULL, "memory");
    l->buffer = larger;
    pond_put(p, l);
    end(p);
}
