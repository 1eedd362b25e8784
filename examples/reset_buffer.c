/*
 * A reset hook that keeps the object's buffer: the memory behind `bytes` is reused with the object,
 * since pond never writes to idle objects. The footprint hook tells what an object owns beside
 * itself, and an object that one large message made too big is dropped by its put (max_footprint)
 * in place of being kept for ever.
 */
#include "claim.h"
#include <pond/typed.h>
#include <string.h>

struct text {
    char *bytes;
    size_t used, capacity;
};

static bool text_reset(void *obj, void *ctx)
{
    (void)ctx;
    ((struct text *)obj)->used = 0;
    return true;
}

static size_t text_footprint(const void *obj, void *ctx)
{
    (void)ctx;
    return ((const struct text *)obj)->capacity;
}

static void text_destroy(void *obj, pond_drop_reason why, void *ctx)
{
    (void)why, (void)ctx;
    free(((struct text *)obj)->bytes);
}

/* Says which fields reset keeps on purpose; `used` must be as a new object has it. */
POND_TYPE(text_type, struct text, POND_KEPT(bytes), POND_KEPT(capacity));
POND_DECLARE(text, struct text)
POND_DEFINE(text, struct text, .type = &text_type, .reset = text_reset, .destroy = text_destroy,
            .footprint = text_footprint, .max_footprint = 64 * 1024)

/* Appends a byte n times; counts in *grown how often memory had to be allocated. */
static bool text_fill(struct text *t, size_t n, int *grown)
{
    if (t->used + n > t->capacity) {
        char *bytes = realloc(t->bytes, t->used + n);
        if (bytes == NULL)
            return false;
        t->bytes = bytes;
        t->capacity = t->used + n;
        ++*grown;
    }
    memset(t->bytes + t->used, 'x', n);
    t->used += n;
    return true;
}

int main(void)
{
    int grown = 0;
    for (int i = 0; i < 1000; i++) {
        POND_SCOPED(text, t);
        CLAIM(t != NULL && t->used == 0 && text_fill(t, 4000, &grown));
    }
    CLAIM_PLAIN(grown == 1); /* the other 999 found the buffer of the first */

    struct text *large = text_get();
    CLAIM(large != NULL && text_fill(large, 1000 * 1000, &grown));
    text_put(large); /* owns more than max_footprint: dropped */

    pond_stats stats;
    pond_stats_read(text_pond(), &stats);
    CLAIM(stats.live == 0);
    CLAIM_PLAIN(stats.dropped[POND_DROP_LIMIT] == 1);
    CLAIM(pond_destroy(text_pond()) == 0);
    printf("%d gets, %d allocations of a buffer\n", (int)stats.gets, grown);
    return 0;
}
