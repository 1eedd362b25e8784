/* SPDX-License-Identifier: BSD-2-Clause */
/* Objects that are made ahead. */
#include "idle.h"
#include "pool.h"
#include <errno.h>

/* How many idle objects a get could have. */
static uint64_t idle_of(struct pond *p)
{
    pond_stats s;
    stats_read(p, &s);
    return s.idle_local + s.idle_shared + s.idle_victim - MIN(s.idle_victim, depot_aged(&p->depot));
}

/* Makes one idle object more. False and errno: there is none to be had, or it may not be kept. Where memory
   is short all other ponds give what they have, but this one keeps what was made. */
static bool reserve_one(struct pond *p)
{
    struct admission b;
    struct relief relief = {.but = p};
    do {
        pthread_mutex_lock(&p->lock);
        object_admit(p, &b, NULL);
        pthread_mutex_unlock(&p->lock);
    } while (b.error != 0 && idle_make_way(p, &b, &relief));
    void *obj = object_make(p, &b);
    if (obj == NULL)
        return false;
    if (shared_put(p, obj))
        return true;
    int error = errno_now();
    pool_drop(p, obj, POND_DROP_LIMIT);
    errno_be(error);
    return false;
}

static size_t reserve(struct pond *p, size_t n)
{
    uint64_t idle = idle_of(p);
    while (idle < n && reserve_one(p))
        idle++;
    return (size_t)idle;
}

size_t pond_reserve(pond *p, size_t n)
{
    size_t idle = 0;
    if (!registry_enter(p, "pond_reserve", CALLER))
        return 0;
    if (registry_knows(p, "pond_reserve", CALLER))
        idle = reserve(p, n);
    entry_end();
    return idle;
}
