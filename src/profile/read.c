/* SPDX-License-Identifier: BSD-2-Clause */
/* The profile as rows, and the trace as lines, for the program. */
#include "../os.h"
#include "profile.h"
#include "trace.h"
#include <pthread.h>
#include <string.h>

static pond_profile_row row_at(const struct record_copy *c, size_t i)
{
    const struct record_row *r = &c->row[i];
    const struct record_use *use = &c->use[i];
    const struct record_names *names = record_names(r->names);
    pond_profile_row row = {.pond = names->pond,
                            .type = names->type,
                            .pcs = r->pcs,
                            .count = r->count,
                            .alloc_objects = r->alloc_objects,
                            .alloc_bytes = r->alloc_bytes,
                            .inuse_objects = use->objects,
                            .inuse_bytes = use->bytes,
                            .samples = r->samples,
                            .pond_id = r->pond,
                            .ages = c->ages + use->first,
                            .age_count = use->count,
                            .lives = r->lives,
                            .age_objects = c->weights + use->first};
    for (size_t age = 0; age < row.age_count; age++)
        row.oldest_seconds = MAX(row.oldest_seconds, row.ages[age]);
    return row;
}

static int each_row(const struct record_copy *c, int (*row)(const pond_profile_row *, void *), void *ctx)
{
    int result = 0;
    for (size_t i = 0; i < c->rows && result == 0; i++) {
        pond_profile_row r = row_at(c, i);
        if (r.count > 0)
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
    rate_restart();
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

/* ---- the trace ---- */

#define LINES_BYTES ((size_t)TRACE_KEPT * TRACE_LINE_BYTES)

static int each_line(char *text, int (*line)(const char *, void *), void *ctx)
{
    int result = 0;
    for (char *end; *text != '\0' && result == 0; text = end + 1) {
        end = strchr(text, '\n');
        *end = '\0';
        result = line(text, ctx);
    }
    return result;
}

static void unmap_lines(void *text)
{
    os_unmap(text, LINES_BYTES);
}

int pond_trace_each(int (*line)(const char *text, void *ctx), void *ctx)
{
    if (!registry_enter(NULL, "pond_trace_each", CALLER))
        return -1;
    char *text = os_map(LINES_BYTES);
    if (text != NULL)
        (void)trace_last(text, LINES_BYTES);
    entry_end();
    if (text == NULL)
        return -1;
    int result;
    pthread_cleanup_push(unmap_lines, text); /* line may be cancelled */
    result = each_line(text, line, ctx);
    pthread_cleanup_pop(1);
    return result;
}
