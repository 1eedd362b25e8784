/* SPDX-License-Identifier: BSD-2-Clause */
#include "ponds.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool pooled;

void ponds_begin(const struct server_options *o)
{
    pooled = o->pooled;
    if (pooled)
        pond_tick_budget(o->budget);
}

bool ponds_opened(pond *const *ponds, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (ponds[i] == NULL) {
            fprintf(stderr, "%s: cannot create the ponds: %s.\n", server_name, strerror(errno));
            return false;
        }
    return true;
}

/* A pond that still has live objects stays, and says who leaks. */
static bool close_one(pond *p)
{
    pond_stats s;
    pond_stats_read(p, &s);
    if (pond_destroy(p) == 0)
        return true;
    fprintf(stderr, "%s: pond %s: %" PRIu64 " objects were never put back.\n", server_name, pond_name(p),
            s.live);
    return false;
}

bool ponds_close(pond *const *ponds, size_t n)
{
    bool closed = true;
    for (size_t i = 0; i < n; i++)
        closed = close_one(ponds[i]) && closed;
    return closed;
}

static void report_one(pond *p)
{
    pond_stats s;
    uint64_t dropped = 0;
    pond_stats_read(p, &s);
    for (int why = 0; why < POND_DROP_REASONS; why++)
        dropped += s.dropped[why];
    printf("pond=%s epoch=%" PRIu64 " live=%" PRIu64 " idle_local=%" PRIu64 " idle_shared=%" PRIu64
           " idle_victim=%" PRIu64 " gets=%" PRIu64 " hits=%" PRIu64 " constructed=%" PRIu64
           " dropped=%" PRIu64 " over_limit=%" PRIu64 " high_water=%" PRIu64 " idle_bytes=%" PRIu64
           " slab_bytes=%" PRIu64 "\n",
           pond_name(p), s.epoch, s.live, s.idle_local, s.idle_shared, s.idle_victim, s.gets, s.hits,
           s.constructed, dropped, s.dropped[POND_DROP_LIMIT], s.high_water,
           s.idle_local_bytes + s.idle_shared_bytes + s.idle_victim_bytes, s.slab_bytes);
}

void ponds_report(pond *const *ponds, size_t n)
{
    if (!pooled)
        puts("no ponds: --alloc=malloc");
    for (size_t i = 0; pooled && i < n; i++)
        report_one(ponds[i]);
    fflush(stdout);
}

void *instead_of_get(size_t size, size_t zero)
{
    void *obj = malloc(size);
    if (obj != NULL)
        memset(obj, 0, zero);
    return obj;
}
