/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: double put of an object that a create hook made
// word: double
// report: double put: the object is idle already
#include "misuse.h"

static void *create(void *ctx)
{
    (void)ctx;
    return calloc(1, 100);
}

static void destroy(void *obj, pond_drop_reason why, void *ctx)
{
    (void)why, (void)ctx;
    free(obj);
}

static void program(void)
{
    pond *p = make((pond_options){.name = "streams", .create = create, .destroy = destroy});
    void *a = must_get(p), *b = must_get(p);
    pond_put(p, a);
    pond_put(p, wrong ? a : b);
    if (wrong)
        pond_discard(p, b);
    end(p);
}
