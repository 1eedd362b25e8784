/* SPDX-License-Identifier: BSD-2-Clause */
/* What people read, and paste into tickets: the ponds as a table, as HAProxy's "show pools" has pools, and
   the stacks as Go's /debug/pprof/heap?debug=1 has them. */
#include "forms.h"
#include <string.h>

typedef unsigned long long ull;

static uint64_t idle_bytes(const pond_stats *s)
{
    return s->idle_local_bytes + s->idle_shared_bytes + s->idle_victim_bytes;
}

static uint64_t dropped(const pond_stats *s)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < POND_DROP_REASONS; i++)
        sum += s->dropped[i];
    return sum;
}

/* ---- ponds ---- */

static void say_heading(struct bytes *to, const struct snapshot *s)
{
    const struct basin *basins = s->basins.items;
    uint64_t live = 0, idle = 0, slabs = 0;
    for (size_t i = 0; i < s->basins.count; i++) {
        live += basins[i].stats.live_bytes;
        idle += idle_bytes(&basins[i].stats);
        slabs += basins[i].stats.slab_bytes;
    }
    bytes_say(to, "Ponds: %zu. Bytes: %llu live, %llu idle, %llu of address space in slabs.\n",
              s->basins.count, (ull)live, (ull)idle, (ull)slabs);
    if (s->lost > 0)
        bytes_say(to, "Lost samples: %llu.\n", (ull)s->lost);
}

static void say_pond(struct bytes *to, const struct basin *b, int name, int type)
{
    const pond_stats *s = &b->stats;
    double ratio = s->gets == 0 ? 0 : 100 * (double)s->hits / (double)s->gets;
    bytes_say(
        to, "  %-*s %-*s %8llu %10llu %8llu %8llu %8llu %12llu %12llu %12llu %6.1f %10llu %10llu %10llu\n",
        name, b->name, type, b->type[0] != 0 ? b->type : "-", (ull)s->object_bytes, (ull)s->live,
        (ull)s->idle_local, (ull)s->idle_shared, (ull)s->idle_victim, (ull)s->live_bytes, (ull)idle_bytes(s),
        (ull)s->gets, ratio, (ull)s->constructed, (ull)dropped(s), (ull)s->high_water);
}

static void say_ponds(struct bytes *to, const struct snapshot *s)
{
    const struct basin *basins = s->basins.items;
    int name = 4, type = 4;
    for (size_t i = 0; i < s->basins.count; i++) {
        int length = (int)strlen(basins[i].name);
        name = length > name ? length : name;
        length = (int)strlen(basins[i].type);
        type = length > type ? length : type;
    }
    bytes_say(to, "  %-*s %-*s %8s %10s %8s %8s %8s %12s %12s %12s %6s %10s %10s %10s\n", name, "name", type,
              "type", "bytes", "live", "local", "shared", "victim", "live bytes", "idle bytes", "gets",
              "hits %", "made", "dropped", "most");
    for (size_t i = 0; i < s->basins.count; i++)
        say_pond(to, &basins[i], name, type);
}

/* ---- stacks ---- */

static void say_values(struct bytes *to, const int64_t *values)
{
    bytes_say(to, "%lld: %lld [%lld: %lld] @", (long long)values[INUSE_OBJECTS],
              (long long)values[INUSE_SPACE], (long long)values[ALLOC_OBJECTS],
              (long long)values[ALLOC_SPACE]);
}

static void say_place(struct bytes *to, const struct places *p, const struct place *at)
{
    if (at->frames == NULL) {
        const char *name = place_name(p, at);
        bytes_say(to, "#\t0x%zx\t%s\n", (size_t)at->pc, name != NULL ? name : "?");
    }
    for (const struct frame *f = at->frames; f != NULL; f = f->next) {
        bytes_say(to, "#\t0x%zx\t%s+0x%zx", (size_t)at->pc, f->function, f->offset + 1);
        if (f->line > 0)
            bytes_say(to, "\t%s:%d", f->file, f->line);
        bytes_say(to, "\n");
    }
}

static void say_stack(struct bytes *to, const struct places *p, const struct stack *stack)
{
    say_values(to, stack->values);
    for (size_t i = 0; i < stack->count; i++)
        bytes_say(to, " 0x%zx", (size_t)stack->pcs[i]);
    bytes_say(to, "\n# pond=%s", stack->pond);
    if (stack->type[0] != 0)
        bytes_say(to, " type=%s", stack->type);
    bytes_say(to, " samples=%llu oldest=%.1fs\n", (ull)stack->samples, stack->oldest_seconds);
    for (size_t i = 0; i < stack->count; i++)
        say_place(to, p, places_of(p, stack->pcs[i]));
    bytes_say(to, "\n");
}

bool form_text(struct bytes *to, const struct snapshot *s, const struct places *p)
{
    const struct stack *stacks = s->stacks.items;
    int64_t sums[VALUES] = {0};
    say_heading(to, s);
    say_ponds(to, s);
    for (size_t i = 0; i < s->stacks.count; i++)
        for (size_t v = 0; v < VALUES; v++)
            sums[v] += stacks[i].values[v];
    bytes_say(to, "\nheap profile: ");
    say_values(to, sums);
    bytes_say(to, " heap/%zu\n", s->rate);
    for (size_t i = 0; i < s->stacks.count; i++)
        say_stack(to, p, &stacks[i]);
    return !to->failed;
}
