/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: a grown object of a create hook, put by another thread
// word: grow
// report: more than max_footprint 1000, and is dropped
// report: put here: thread 2
#include "misuse.h"

struct stream {
    size_t window;
};

static pond *streams;

static void *create(void *ctx)
{
    (void)ctx;
    return calloc(1, sizeof(struct stream));
}

static void destroy(void *obj, pond_drop_reason why, void *ctx)
{
    (void)why, (void)ctx;
    free(obj);
}

static size_t footprint(const void *obj, void *ctx)
{
    (void)ctx;
    return ((const struct stream *)obj)->window;
}

static void *work(void *arg)
{
    struct stream *s = arg;
    s->window = wrong ? 1001 : 1000;
    pond_put(streams, s);
    return NULL;
}

static void program(void)
{
    streams = make((pond_options){.name = "streams",
                                  .create = create,
                                  .destroy = destroy,
                                  .footprint = footprint,
                                  .max_footprint = 1000});
    run_thread(work, must_get(streams));
    end(streams);
}
