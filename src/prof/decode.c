// SPDX-License-Identifier: BSD-2-Clause
// From what protobuf-c unpacked to what the commands use; everything a number leads to is looked at here,
// once.
#include "store.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const size_t MOST_FRAMES = (size_t)1 << 26; // of all stacks together

// What is known while a profile is decoded.
typedef struct decoder {
    profile *p;
    const proto_profile *proto;
    names *all;
    trouble *t;
    places locations, functions, mappings;
    uint32_t *numbers;   // of the frames of all locations, one location after the other
    size_t *first;       // where a location's begin; one more than there are locations
    size_t number_count; // of them so far
    size_t number_room;
} decoder;

static bool text(decoder *d, int64_t index, const char **out)
{
    *out = "";
    if (index < 0 || (uint64_t)index >= d->proto->n_string_table)
        return fail(d->t, "it is not a profile: it has no text %" PRId64 ", but uses it.", index);
    *out = d->proto->string_table[index];
    return true;
}

static bool decode_types(decoder *d)
{
    const proto_profile *proto = d->proto;
    if (proto->n_sample_type == 0)
        return fail(d->t, "it is not a profile: it has no type of value.");
    if (proto->n_string_table == 0 || proto->string_table[0][0] != '\0')
        return fail(d->t, "it is not a profile: its first text is not empty.");
    profile *p = d->p;
    p->types = allocate(proto->n_sample_type, sizeof *p->types);
    p->type_count = proto->n_sample_type;
    p->usual = p->type_count - 1;
    p->time = proto->time_nanos;
    const char *usual;
    if (!text(d, proto->default_sample_type, &usual))
        return false;
    for (size_t i = 0; i < p->type_count; i++) {
        if (!text(d, proto->sample_type[i]->type, &p->types[i].name) ||
            !text(d, proto->sample_type[i]->unit, &p->types[i].unit))
            return false;
    }
    for (size_t i = 0; i < p->type_count && usual[0] != '\0'; i++) {
        if (strcmp(p->types[i].name, usual) == 0)
            p->usual = i;
    }
    return true;
}

static void fill(places *all, size_t count)
{
    all->sorted = allocate(count, sizeof *all->sorted);
    all->count = count;
}

static bool decode_places(decoder *d)
{
    const proto_profile *proto = d->proto;
    fill(&d->locations, proto->n_location);
    for (size_t i = 0; i < proto->n_location; i++)
        d->locations.sorted[i] = (place){proto->location[i]->id, i};
    fill(&d->functions, proto->n_function);
    for (size_t i = 0; i < proto->n_function; i++)
        d->functions.sorted[i] = (place){proto->function[i]->id, i};
    fill(&d->mappings, proto->n_mapping);
    for (size_t i = 0; i < proto->n_mapping; i++)
        d->mappings.sorted[i] = (place){proto->mapping[i]->id, i};
    return places_sort(&d->locations, "location", d->t) && places_sort(&d->functions, "function", d->t) &&
           places_sort(&d->mappings, "mapping", d->t);
}

static bool add_number(decoder *d, const char *name, const char *file)
{
    if (d->number_count == MOST_FRAMES)
        return fail(d->t, "its locations have more frames than can be taken in.");
    d->numbers = grow(d->numbers, &d->number_room, d->number_count, sizeof *d->numbers);
    d->numbers[d->number_count++] = names_number(d->all, FRAME_CODE, name, file);
    return true;
}

// A location that nobody found a function for: where it is in its file, which the next process has at another
// address.
static bool add_address(decoder *d, const proto_location *location)
{
    char name[320];
    const char *file = "";
    uint64_t offset = location->address;
    if (location->mapping_id != 0) {
        size_t at;
        if (!places_find(&d->mappings, location->mapping_id, &at))
            return fail(d->t,
                        "it is not a profile: a location is in mapping %" PRIu64 ", which is not there.",
                        location->mapping_id);
        const proto_mapping *mapping = d->proto->mapping[at];
        if (!text(d, mapping->filename, &file))
            return false;
        offset += mapping->file_offset - mapping->memory_start;
    }
    const char *slash = strrchr(file, '/');
    snprintf(name, sizeof name, "%.255s%s0x%" PRIx64, slash == NULL ? file : slash + 1,
             file[0] == '\0' ? "" : "+", file[0] == '\0' ? location->address : offset);
    return add_number(d, name, file);
}

static bool add_line(decoder *d, uint64_t id)
{
    size_t at;
    const char *name, *file;
    if (!places_find(&d->functions, id, &at))
        return fail(d->t, "it is not a profile: it has no function %" PRIu64 ", but uses it.", id);
    const proto_function *function = d->proto->function[at];
    if (!text(d, function->name, &name) || !text(d, function->filename, &file))
        return false;
    if (name[0] == '\0' && !text(d, function->system_name, &name))
        return false;
    return add_number(d, name, file);
}

static bool decode_locations(decoder *d)
{
    d->first = allocate(d->proto->n_location + 1, sizeof *d->first);
    for (size_t i = 0; i < d->proto->n_location; i++) {
        const proto_location *location = d->proto->location[i];
        if (location->n_line == 0 && !add_address(d, location))
            return false;
        for (size_t j = 0; j < location->n_line; j++) {
            if (!add_line(d, location->line[j]->function_id))
                return false;
        }
        d->first[i + 1] = d->number_count;
    }
    return true;
}

static bool decode_labels(decoder *d, const proto_sample *from, sample *to)
{
    to->pond = to->state = "";
    for (size_t i = 0; i < from->n_label; i++) {
        const char *key, *value;
        if (!text(d, from->label[i]->key, &key) || !text(d, from->label[i]->str, &value))
            return false;
        if (strcmp(key, "pond") == 0)
            to->pond = value;
        else if (strcmp(key, "state") == 0)
            to->state = value;
    }
    return true;
}

static bool decode_stack(decoder *d, const proto_sample *from, sample *to)
{
    profile *p = d->p;
    for (size_t i = 0; i < from->n_location_id; i++) {
        size_t at;
        if (!places_find(&d->locations, from->location_id[i], &at))
            return fail(d->t, "it is not a profile: it has no location %" PRIu64 ", but uses it.",
                        from->location_id[i]);
        size_t count = d->first[at + 1] - d->first[at];
        if (count > MOST_FRAMES - p->frame_count)
            return fail(d->t, "its stacks have more frames than can be taken in.");
        for (size_t j = 0; j < count; j++) {
            p->frames = grow(p->frames, &p->frame_room, p->frame_count, sizeof *p->frames);
            p->frames[p->frame_count++] = d->numbers[d->first[at] + j];
        }
        to->count += count;
    }
    return true;
}

static bool decode_sample(decoder *d, size_t number)
{
    const proto_sample *from = d->proto->sample[number];
    sample *to = &d->p->samples[number];
    if (from->n_value != d->p->type_count)
        return fail(d->t, "it is not a profile: a sample has %zu values, and there are %zu types of them.",
                    from->n_value, d->p->type_count);
    for (size_t i = 0; i < from->n_value; i++) {
        if (from->value[i] < 0)
            return fail(d->t, "a sample has the negative value %" PRId64 ": is it a difference of profiles?",
                        from->value[i]);
    }
    to->values = from->value;
    progress("decoding", number * sizeof *to);
    return decode_labels(d, from, to) && decode_stack(d, from, to);
}

// Where the stacks lie is known when all are there: the array moves as it grows.
static void point_at_stacks(profile *p)
{
    size_t at = 0;
    for (size_t i = 0; i < p->count; i++) {
        p->samples[i].frames = p->frames == NULL ? NULL : p->frames + at;
        at += p->samples[i].count;
    }
}

static bool decode(decoder *d)
{
    profile *p = d->p;
    if (!decode_types(d) || !decode_places(d) || !decode_locations(d))
        return false;
    p->count = d->proto->n_sample;
    p->samples = allocate(p->count, sizeof *p->samples);
    for (size_t i = 0; i < p->count; i++) {
        if (!decode_sample(d, i))
            return false;
    }
    point_at_stacks(p);
    return true;
}

bool profile_decode(profile *p, names *all, const bytes *encoded, trouble *t)
{
    *p = (profile){.store = store_unpack(encoded, t)};
    if (p->store == NULL)
        return false;
    decoder d = {.p = p, .proto = p->store->proto, .all = all, .t = t};
    bool done = decode(&d);
    free(d.locations.sorted);
    free(d.functions.sorted);
    free(d.mappings.sorted);
    free(d.numbers);
    free(d.first);
    if (!done)
        profile_free(p);
    return done;
}

void profile_free(profile *p)
{
    free(p->types);
    free(p->samples);
    free(p->frames);
    store_free(p->store);
    *p = (profile){0};
}
