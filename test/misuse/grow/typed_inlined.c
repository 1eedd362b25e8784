/* SPDX-License-Identifier: BSD-2-Clause */
// misuse: a grown object of a typed pond, inlined, grown over several ticks
// word: grow
// report: the object owns 4096 bytes, more than max_footprint 2048, and is dropped
#include "misuse.h"
#include <pond/inline.h>
#include <pond/typed.h>

struct queue {
    size_t room;
};

POND_TYPE(queue_type, struct queue, POND_KEPT(room));

static size_t footprint(const void *obj, void *ctx)
{
    (void)ctx;
    return ((const struct queue *)obj)->room;
}

static bool reset(void *obj, void *ctx)
{
    (void)ctx;
    struct queue *q = obj;
    if (q->room > 2048 && !wrong)
        q->room = 0; /* the right one shrinks what has grown too far */
    return true;
}

POND_DECLARE(queue, struct queue)
POND_DEFINE(queue, struct queue, .type = &queue_type, .reset = reset, .footprint = footprint,
            .max_footprint = 2048)

static void program(void)
{
    for (size_t room = 512; room <= 4096; room *= 2) {
        struct queue *q = queue_get();
        expect(q != NULL, "an object");
        q->room = room;
        queue_put(q);
        pond_epoch_advance();
    }
    end(queue_pond());
}
