/* SPDX-License-Identifier: BSD-2-Clause */
/* A plugin that inlines the fast path; see tls_host.c. */
#include <pond/inline.h>

#include <string.h>

int plugin_use(void);
int plugin_end(void);

static pond *rows;

static bool reset(void *obj, void *ctx)
{
    (void)ctx;
    memset(obj, 0, 64);
    return true;
}

static int use(void)
{
    void *held[40];
    for (int round = 0; round < 100; round++) {
        for (int i = 0; i < 40; i++) {
            held[i] = pond_get_inline(rows);
            if (held[i] == NULL)
                return -1;
            memset(held[i], 0x5a, 64);
        }
        for (int i = 0; i < 40; i++)
            pond_put_inline(rows, held[i]);
    }
    return 0;
}

/* What this thread cached is in its own cache, which a tick takes over. */
static int is_reached(void)
{
    pond_stats before, after;
    pond_stats_read(rows, &before);
    (void)pond_rotate(rows);
    (void)pond_rotate(rows);
    pond_stats_read(rows, &after);
    return before.idle_local > 0 && after.idle_local == 0 && after.live == 0 ? 0 : -1;
}

int plugin_use(void)
{
    if (rows == NULL)
        rows = pond_create(&(pond_options){.name = "rows", .size = 64, .reset = reset});
    return rows == NULL || use() != 0 ? -1 : is_reached();
}

int plugin_end(void)
{
    return pond_destroy(rows);
}
