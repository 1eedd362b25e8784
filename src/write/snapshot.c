/* SPDX-License-Identifier: BSD-2-Clause */
#include "snapshot.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>

const char *const value_names[VALUES] = {"alloc_objects", "alloc_space", "inuse_objects", "inuse_space"};

enum value value_of(const char *name)
{
    enum value v = ALLOC_OBJECTS;
    if (name == NULL)
        return INUSE_SPACE;
    while (v < VALUES && strcmp(name, value_names[v]) != 0)
        v++;
    return v;
}

/* ---- idle objects ---- */

#define IDLE(state, frame)                                                                                   \
    {                                                                                                        \
#state, "[idle " frame "]", offsetof(pond_stats, idle_##state),                                      \
            offsetof(pond_stats, idle_##state##_bytes)                                                       \
    }

const struct idle idle_states[IDLE_STATES] = {IDLE(local, "in thread caches"), IDLE(shared, "in the depot"),
                                              IDLE(victim, "since the last tick")};

uint64_t idle_count(const struct basin *b, size_t place)
{
    uint64_t count;
    memcpy(&count, (const char *)&b->stats + place, sizeof count);
    return count;
}

/* ---- reading ---- */

struct reader {
    struct snapshot *snapshot;
    const pond_profile_source *source;
    struct names ponds; /* with stacks */
};

#define READER_FAILED 1 /* stops the reading: no memory */

static bool stack_read(struct stack *s, struct reader *r, const pond_profile_row *row)
{
    struct memory *m = &r->snapshot->memory;
    *s = (struct stack){
        .count = row->count,
        .estimates = {row->alloc_objects, row->alloc_bytes, row->inuse_objects, row->inuse_bytes},
        .samples = row->samples,
        .oldest_seconds = row->oldest_seconds,
        .pond_id = row->pond_id,
        .age_count = row->age_count};
    if (row->lives != NULL)
        memcpy(s->lives, row->lives, sizeof s->lives);
    s->ages = memory_copy(m, row->ages, row->age_count * sizeof *row->ages);
    if (row->age_objects != NULL)
        s->age_objects = memory_copy(m, row->age_objects, row->age_count * sizeof *row->age_objects);
    s->owner = names_index(&r->ponds, row->pond);
    s->pond = memory_text(m, row->pond);
    s->type = memory_text(m, row->type);
    s->pcs = memory_copy(m, row->pcs, row->count * sizeof *row->pcs);
    bool all = s->ages != NULL && (row->age_objects == NULL || s->age_objects != NULL);
    return all && s->owner != NAMES_NONE && s->pond != NULL && s->type != NULL && s->pcs != NULL;
}

static int read_row(const pond_profile_row *row, void *ctx)
{
    struct reader *r = ctx;
    struct stack *s = list_add(&r->snapshot->stacks, sizeof *s);
    return s != NULL && stack_read(s, r, row) ? 0 : READER_FAILED;
}

static int read_pond(pond *p, void *ctx)
{
    struct reader *r = ctx;
    struct memory *m = &r->snapshot->memory;
    struct basin *b = list_add(&r->snapshot->basins, sizeof *b);
    pond_history *history = b == NULL ? NULL : memory_take(m, sizeof *history);
    if (history == NULL)
        return READER_FAILED;
    r->source->stats(p, &b->stats, sizeof b->stats);
    r->source->limits(p, &b->limits, sizeof b->limits);
    /* Where it is not sampled its id is there, and a count of 0. */
    (void)r->source->history(p, history, sizeof *history);
    b->history = history;
    b->id = history->id;
    b->name = memory_text(m, r->source->name(p));
    b->type = memory_text(m, r->source->type_name(p));
    return b->name != NULL && b->type != NULL ? 0 : READER_FAILED;
}

double basin_object_bytes(const struct basin *b)
{
    const pond_stats *s = &b->stats;
    return s->live > 0 ? (double)s->live_bytes / (double)s->live : (double)s->object_bytes;
}

/* ---- whole numbers ---- */

static int by_size(const void *one, const void *other)
{
    const struct stack *a = one, *b = other;
    for (int v = VALUES - 1; v >= 0; v--)
        if (a->estimates[v] != b->estimates[v])
            return a->estimates[v] > b->estimates[v] ? -1 : 1;
    return strcmp(a->pond, b->pond);
}

#define WHOLE_MOST 9.2e18 /* what an int64_t holds */

/* What rounding took from one stack the next of the same pond is given. What is 0 stays 0. */
static int64_t round_whole(double estimate, double *left_over)
{
    if (!(estimate > 0)) /* nor is it no number */
        return 0;
    double sum = estimate + *left_over + 0.5; /* not below 0 */
    int64_t whole = sum < WHOLE_MOST ? (int64_t)sum : (int64_t)WHOLE_MOST;
    *left_over = sum < WHOLE_MOST ? sum - 0.5 - (double)whole : 0;
    return whole;
}

bool snapshot_round(struct snapshot *s)
{
    struct stack *stacks = s->stacks.items;
    size_t owners = 0;
    for (size_t i = 0; i < s->stacks.count; i++)
        owners = stacks[i].owner < owners ? owners : stacks[i].owner + 1;
    double *left = memory_take(&s->memory, owners * VALUES * sizeof *left);
    if (left == NULL)
        return false;
    if (s->stacks.count > 1)
        qsort(stacks, s->stacks.count, sizeof *stacks, by_size);
    for (size_t i = 0; i < s->stacks.count; i++)
        for (int v = 0; v < VALUES; v++)
            stacks[i].values[v] =
                round_whole(stacks[i].estimates[v], &left[stacks[i].owner * VALUES + (size_t)v]);
    return true;
}

static void snapshot_begin(struct snapshot *s, const pond_profile_source *source)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_REALTIME, &now);
    *s = (struct snapshot){.time_nanos = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec,
                           .rate = source->rate(),
                           .lost = source->lost(),
                           .seconds = source->seconds(),
                           .usual = INUSE_SPACE};
}

bool snapshot_take(struct snapshot *s, const pond_profile_source *source)
{
    struct reader r = {.snapshot = s, .source = source, .ponds = {.memory = &s->memory}};
    snapshot_begin(s, source);
    bool taken = source->each(read_row, &r) == 0 && source->ponds(read_pond, &r) == 0 && snapshot_round(s);
    names_free(&r.ponds);
    return taken;
}

bool snapshot_ponds(struct snapshot *s, const pond_profile_source *source)
{
    struct reader r = {.snapshot = s, .source = source};
    snapshot_begin(s, source);
    return source->ponds(read_pond, &r) == 0;
}

void snapshot_free(struct snapshot *s)
{
    list_free(&s->stacks);
    list_free(&s->basins);
    memory_free(&s->memory);
}
