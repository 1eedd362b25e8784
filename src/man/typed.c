#include <pond/typed.h>
#include <stdio.h>
#include <stdlib.h>

struct text {
    char *bytes; /* what reset keeps, and says that it does */
    size_t used, capacity;
};

static bool text_reset(void *obj, void *ctx)
{
    (void)ctx;
    ((struct text *)obj)->used = 0;
    return true;
}

static void text_end(void *obj, pond_drop_reason why, void *ctx)
{
    (void)why, (void)ctx;
    free(((struct text *)obj)->bytes);
}

POND_TYPE(text_type, struct text, POND_KEPT(bytes), POND_KEPT(capacity));
POND_DECLARE(text, struct text)
POND_DEFINE(text, struct text, .type = &text_type, .reset = text_reset, .destroy = text_end)

static int say(int n)
{
    POND_SCOPED(text, t); /* put back by each return */
    if (t == NULL)
        return -1;
    if (t->bytes == NULL && (t->bytes = malloc(t->capacity = 100)) == NULL)
        return -1;
    t->used = (size_t)snprintf(t->bytes, t->capacity, "text %d", n);
    return puts(t->bytes);
}

int main(void)
{
    for (int i = 0; i < 3; i++)
        if (say(i) < 0)
            return 1;
    pond_epoch_advance(); /* in a server: on a timer */
    return pond_destroy(text_pond()) == 0 ? 0 : 1;
}
