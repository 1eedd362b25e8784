/* SPDX-License-Identifier: BSD-2-Clause */
/* A program of somebody who installed pond: uses each of its headers, and another thread. */
#include <pond/inline.h>
#include <pond/typed.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

struct item {
    int value;
    char text[60];
};

static bool item_reset(void *obj, void *ctx)
{
    (void)ctx;
    memset(obj, 0, sizeof(struct item));
    return true;
}

POND_DECLARE(item, struct item)
POND_DEFINE(item, struct item, .reset = item_reset)

static void *put_there(void *item)
{
    item_put(item);
    return NULL;
}

static bool through_another_thread(void)
{
    struct item *item = item_get();
    pthread_t thread;
    if (item == NULL || pthread_create(&thread, NULL, put_there, item) != 0)
        return false;
    pthread_join(thread, NULL);
    pond_stats stats;
    pond_stats_read(item_pond(), &stats);
    return stats.live == 0 && stats.gets == 1 && stats.puts == 1;
}

static bool called_and_inlined(pond *p)
{
    void *called = pond_get(p), *inlined = pond_get_inline(p);
    if (called == NULL || inlined == NULL || called == inlined)
        return false;
    pond_put_inline(p, called);
    pond_put(p, inlined);
    return pond_trim(p) > 0;
}

int main(void)
{
    pond_options options = {.size = 100};
    pond *p = pond_create(&options);
    bool well = p != NULL && called_and_inlined(p) && pond_destroy(p) == 0 && through_another_thread() &&
                strcmp(pond_version(), POND_VERSION) == 0;
    puts(well ? pond_version() : "does not work");
    return well ? 0 : 1;
}
