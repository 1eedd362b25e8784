// SPDX-License-Identifier: BSD-2-Clause
// The History of a profile. Every number in it is looked at here, once.
#include "history.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

typedef Perftools__Profiles__History proto_history;
typedef Perftools__Profiles__PondHistory proto_pond;
typedef Perftools__Profiles__StackHistory proto_stack;

// So many are there never; two bytes of a file would stand for hundreds.
enum { MOST_STACKS = 16384, MOST_PONDS = 65536, MOST_AGES = 1 << 20 };

static bool is_time(double seconds)
{
    return seconds >= 0 && seconds < 1e12;
}

static bool decode_pond(const proto_profile *proto, const proto_pond *from, struct verdict_pond *to,
                        trouble *t)
{
    if (from->name < 0 || (uint64_t)from->name >= proto->n_string_table)
        return fail(t, "its history is wrong: it has no text %" PRId64 ", but uses it.", from->name);
    if (from->n_live_trough != from->n_live_trough_bytes)
        return fail(t, "its history is wrong: a pond has %zu troughs of objects and %zu of bytes.",
                    from->n_live_trough, from->n_live_trough_bytes);
    if (!is_time(from->interval) || !is_time(from->object_bytes))
        return fail(t, "its history is wrong: a pond has an impossible interval or size.");
    *to = (struct verdict_pond){.name = proto->string_table[from->name],
                                .max_objects = from->max_objects,
                                .live = from->live,
                                .object_bytes = from->object_bytes,
                                .interval = from->interval,
                                .live_trough = from->live_trough,
                                .live_trough_bytes = from->live_trough_bytes,
                                .troughs = from->n_live_trough};
    return true;
}

static bool decode_ponds(history *h, const proto_profile *proto, const proto_history *from, trouble *t)
{
    h->ponds = allocate(from->n_pond, sizeof *h->ponds);
    h->ids = (places){allocate(from->n_pond, sizeof *h->ids.sorted), from->n_pond};
    h->pond_count = from->n_pond;
    for (size_t i = 0; i < from->n_pond; i++) {
        h->ids.sorted[i] = (place){from->pond[i]->id, i};
        if (!decode_pond(proto, from->pond[i], &h->ponds[i], t))
            return false;
    }
    return places_sort(&h->ids, "pond", t);
}

// A pond that has gone is none.
static const struct verdict_pond *pond_by_id(const history *h, uint64_t id)
{
    size_t at;
    return places_find(&h->ids, id, &at) ? &h->ponds[at] : NULL;
}

static bool decode_lives(const proto_stack *from, struct verdict_life *to, trouble *t)
{
    if (from->n_ended != from->n_ended_seconds || from->n_ended > VERDICT_LIVES)
        return fail(t, "its history is wrong: a stack has %zu counts of lives and %zu sums.", from->n_ended,
                    from->n_ended_seconds);
    for (size_t i = 0; i < from->n_ended; i++) {
        if (!is_time(from->ended_seconds[i]))
            return fail(t, "its history is wrong: objects lived for impossible times.");
        to[i] = (struct verdict_life){from->ended_seconds[i], from->ended[i]};
    }
    return true;
}

// The value of this name of a sample; 0: the profile has none.
static double value_of(const profile *p, size_t sample, const char *name)
{
    pick k = {.value = name};
    size_t type;
    trouble none = {""};
    return pick_type(&k, p, &type, &none) ? (double)p->samples[sample].values[type] : 0;
}

static bool decode_weights(const proto_stack *from, struct verdict_stack *to, trouble *t)
{
    if (from->n_age_objects == 0)
        return true;
    if (from->n_age_objects != from->n_age_ms)
        return fail(t, "its history is wrong: a stack has %zu ages and %zu weights.", from->n_age_ms,
                    from->n_age_objects);
    for (size_t i = 0; i < from->n_age_objects; i++) {
        if (!(from->age_objects[i] > 0 && from->age_objects[i] < 1e15))
            return fail(t, "its history is wrong: an age stands for an impossible number of objects.");
    }
    to->age_objects = from->age_objects;
    return true;
}

static bool decode_stack(history *h, const profile *p, const proto_stack *from, size_t number, trouble *t)
{
    if (from->sample >= p->count)
        return fail(t, "its history is wrong: it has no sample %" PRIu64 ", but uses it.", from->sample);
    size_t sample = (size_t)from->sample;
    struct verdict_life *lives = &h->lives[number * VERDICT_LIVES];
    h->samples[number] = sample;
    h->stacks[number] = (struct verdict_stack){.pond = pond_by_id(h, from->pond_id),
                                               .age_count = from->n_age_ms,
                                               .lives = lives,
                                               .inuse_objects = value_of(p, sample, "inuse_objects"),
                                               .inuse_bytes = value_of(p, sample, "inuse_space"),
                                               .alloc_objects = value_of(p, sample, "alloc_objects")};
    return decode_weights(from, &h->stacks[number], t) && decode_lives(from, lives, t);
}

// The ages of all stacks lie one behind the other.
static bool decode_ages(history *h, const proto_history *from, trouble *t)
{
    size_t all = 0, at = 0;
    for (size_t i = 0; i < from->n_stack; i++)
        all += from->stack[i]->n_age_ms;
    if (all > MOST_AGES)
        return fail(t, "its history has more ages than can be taken in.");
    h->ages = allocate(all, sizeof *h->ages);
    for (size_t i = 0; i < from->n_stack; i++) {
        h->stacks[i].ages = &h->ages[at];
        for (size_t j = 0; j < from->stack[i]->n_age_ms; j++)
            h->ages[at++] = from->stack[i]->age_ms[j] / 1000.0;
    }
    return true;
}

static bool decode(history *h, const profile *p, const proto_history *from, trouble *t)
{
    if (!is_time(from->seconds))
        return fail(t, "its history is wrong: it was watched for an impossible time.");
    if (from->n_stack > MOST_STACKS || from->n_pond > MOST_PONDS)
        return fail(t, "its history has more ponds or stacks than can be taken in.");
    h->seconds = from->seconds;
    if (!decode_ponds(h, p->store->proto, from, t))
        return false;
    h->stacks = allocate(from->n_stack, sizeof *h->stacks);
    h->samples = allocate(from->n_stack, sizeof *h->samples);
    h->lives = allocate(from->n_stack * VERDICT_LIVES, sizeof *h->lives);
    h->stack_count = from->n_stack;
    for (size_t i = 0; i < from->n_stack; i++) {
        if (!decode_stack(h, p, from->stack[i], i, t))
            return false;
    }
    return decode_ages(h, from, t);
}

bool history_decode(history *h, const profile *p, trouble *t)
{
    *h = (history){0};
    const proto_history *from = p->store->proto->history;
    if (from == NULL)
        return fail(
            t, "it has no history to judge by: a program with libpond has one while its gets are sampled.");
    bool done = decode(h, p, from, t);
    if (!done)
        history_free(h);
    return done;
}

void history_free(history *h)
{
    free(h->ponds);
    free(h->ids.sorted);
    free(h->stacks);
    free(h->samples);
    free(h->ages);
    free(h->lives);
    *h = (history){0};
}
