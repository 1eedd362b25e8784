/* SPDX-License-Identifier: BSD-2-Clause */
/* The profile as rows, for the program. */
#include "../os.h"
#include "profile.h"
#include <errno.h>
#include <pthread.h>

static pond_profile_row row_at(const struct record_copy *c, size_t i, uint64_t now)
{
    const struct record_row *r = &c->row[i];
    const struct record_use *use = &c->use[i];
    const struct record_names *names = record_names(r->names);
    double age = use->oldest == 0 || now < use->oldest ? 0 : (double)(now - use->oldest) / 1000;
    return (pond_profile_row){.pond = names->pond,
                              .type = names->type,
                              .pcs = r->pcs,
                              .count = r->count,
                              .alloc_objects = r->alloc_objects,
                              .alloc_bytes = r->alloc_bytes,
                              .inuse_objects = use->objects,
                              .inuse_bytes = use->bytes,
                              .samples = r->samples,
                              .oldest_seconds = age};
}

static int each_row(const struct record_copy *c, int (*row)(const pond_profile_row *, void *), void *ctx)
{
    int result = 0;
    uint64_t now = os_milliseconds();
    for (size_t i = 0; i < c->rows && result == 0; i++) {
        pond_profile_row r = row_at(c, i, now);
        result = row(&r, ctx);
    }
    return result;
}

static void unmap_copy(void *copy)
{
    os_unmap(copy, sizeof(struct record_copy));
}

int pond_profile_each(int (*row)(const pond_profile_row *, void *ctx), void *ctx)
{
    if (!registry_enter(NULL, "pond_profile_each", CALLER))
        return -1;
    struct record_copy *c = os_map(sizeof(*c));
    if (c != NULL)
        record_copy(c);
    entry_end();
    if (c == NULL)
        return -1;
    int result;
    pthread_cleanup_push(unmap_copy, c); /* row may be cancelled */
    result = each_row(c, row, ctx);
    pthread_cleanup_pop(1);
    return result;
}

void pond_profile_reset(void)
{
    if (!registry_enter(NULL, "pond_profile_reset", CALLER))
        return;
    record_reset();
    entry_end();
}

uint64_t pond_profile_lost(void)
{
    if (!registry_enter(NULL, "pond_profile_lost", CALLER))
        return 0;
    uint64_t lost = record_lost();
    entry_end();
    return lost;
}
