/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: an object of one create hook put into the pond of another
// word: tag
// report: pond: tag: put of
#include "misuse.h"

static void *create(void *ctx)
{
    return calloc(1, *(const size_t *)ctx);
}

static void destroy(void *obj, pond_drop_reason why, void *ctx)
{
    (void)why, (void)ctx;
    free(obj);
}

static void program(void)
{
    static size_t small = 32, large = 64;
    pond *in = make((pond_options){.name = "inflate", .create = create, .destroy = destroy, .ctx = &small});
    pond *out = make((pond_options){.name = "deflate", .create = create, .destroy = destroy, .ctx = &large});
    void *a = must_get(in), *b = must_get(out);
    pond_put(in, wrong ? b : a);
    pond_put(out, wrong ? a : b);
    end(in);
    end(out);
}
