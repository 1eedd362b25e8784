/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * perftools.profiles.Profile, gzipped. Its structures are made in the snapshot's memory, packed as a whole
 * and compressed as a whole: a profile of 1,000 stacks is some hundred KiB.
 */
#include "forms.h"
#include <errno.h>
#include <profile.pb-c.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

typedef Perftools__Profiles__Profile Profile;
typedef Perftools__Profiles__ValueType ValueType;
typedef Perftools__Profiles__Sample Sample;
typedef Perftools__Profiles__Label Label;
typedef Perftools__Profiles__Mapping Mapping;
typedef Perftools__Profiles__Location Location;
typedef Perftools__Profiles__Line Line;
typedef Perftools__Profiles__Function Function;
typedef Perftools__Profiles__History History;
typedef Perftools__Profiles__PondHistory PondHistory;
typedef Perftools__Profiles__StackHistory StackHistory;

struct maker {
    Profile *profile;
    struct memory *memory;
    struct names strings;   /* the string table; the first is "" */
    struct names functions; /* by symbol and file */
    struct list made;       /* of Function *, in their order */
    const struct places *places;
    size_t values; /* of each sample */
    bool failed;
};

/* ---- pieces ---- */

static void *make(struct maker *m, size_t bytes)
{
    void *piece = memory_take(m->memory, bytes);
    m->failed = m->failed || piece == NULL;
    return piece;
}

/* Room for so many pointers to messages. */
static void *make_array(struct maker *m, size_t count)
{
    return make(m, (count + 1) * sizeof(void *));
}

static int64_t text(struct maker *m, const char *string)
{
    size_t place = names_index(&m->strings, string);
    m->failed = m->failed || place == NAMES_NONE;
    return (int64_t)place;
}

static ValueType *value_type(struct maker *m, const char *type, const char *unit)
{
    ValueType *v = make(m, sizeof *v);
    if (v == NULL)
        return NULL;
    perftools__profiles__value_type__init(v);
    v->type = text(m, type);
    v->unit = text(m, unit);
    return v;
}

/* ---- functions, locations, mappings ---- */

static uint64_t function_id(struct maker *m, const char *name, const char *symbol, const char *file)
{
    const char *key = memory_format(m->memory, "%s\n%s", symbol, file);
    size_t known = m->functions.texts.count;
    size_t place = key == NULL ? NAMES_NONE : names_index(&m->functions, key);
    if (place == NAMES_NONE || place < known) {
        m->failed = m->failed || place == NAMES_NONE;
        return place + 1;
    }
    Function *f = make(m, sizeof *f), **made = list_add(&m->made, sizeof *made);
    if (f == NULL || made == NULL) {
        m->failed = true;
        return 0;
    }
    perftools__profiles__function__init(f);
    f->id = place + 1;
    f->name = text(m, name);
    f->system_name = text(m, symbol);
    f->filename = text(m, file);
    *made = f;
    return f->id;
}

static Line *line_new(struct maker *m, uint64_t function, int number)
{
    Line *l = make(m, sizeof *l);
    if (l == NULL)
        return NULL;
    perftools__profiles__line__init(l);
    l->function_id = function;
    l->line = number;
    return l;
}

static Location *location_new(struct maker *m, size_t lines)
{
    Location *l = make(m, sizeof *l);
    if (l == NULL || (l->line = make_array(m, lines)) == NULL)
        return NULL;
    Line **room = l->line;
    perftools__profiles__location__init(l);
    l->line = room;
    m->profile->location[m->profile->n_location++] = l;
    l->id = m->profile->n_location;
    return l;
}

static void make_location(struct maker *m, const struct place *at)
{
    const struct code *first = m->places->codes.items;
    size_t lines = 0;
    for (const struct frame *f = at->frames; f != NULL; f = f->next)
        lines++;
    Location *l = location_new(m, lines);
    if (l == NULL)
        return;
    l->address = (uint64_t)(uintptr_t)at->pc - 1; /* of the call, not of what it returns to */
    l->mapping_id = at->code == NULL ? 0 : (uint64_t)(at->code - first) + 1;
    for (const struct frame *f = at->frames; f != NULL; f = f->next)
        l->line[l->n_line++] = line_new(m, function_id(m, f->function, f->symbol, f->file), f->line);
}

/* A location of its own for each state of idle objects: behind those of addresses. */
static void make_locations(struct maker *m)
{
    m->profile->location = make_array(m, m->places->count + IDLE_STATES);
    for (size_t i = 0; i < m->places->count && !m->failed; i++)
        make_location(m, &m->places->places[i]);
    for (size_t i = 0; i < IDLE_STATES && !m->failed; i++) {
        const char *name = idle_states[i].frame;
        Location *l = location_new(m, 1);
        if (l != NULL)
            l->line[l->n_line++] = line_new(m, function_id(m, name, name, ""), 0);
    }
}

static void make_mappings(struct maker *m)
{
    const struct code *codes = m->places->codes.items;
    size_t count = m->places->codes.count;
    m->profile->mapping = make_array(m, count);
    for (size_t i = 0; i < count && !m->failed; i++) {
        Mapping *map = codes[i].used ? make(m, sizeof *map) : NULL;
        if (map == NULL)
            continue;
        perftools__profiles__mapping__init(map);
        map->id = i + 1;
        map->memory_start = codes[i].start;
        map->memory_limit = codes[i].end;
        map->file_offset = codes[i].offset;
        map->filename = text(m, codes[i].path);
        map->build_id = text(m, codes[i].build_id);
        map->has_functions = codes[i].functions;
        map->has_filenames = codes[i].files;
        map->has_line_numbers = codes[i].lines;
        map->has_inline_frames = codes[i].inlined;
        m->profile->mapping[m->profile->n_mapping++] = map;
    }
}

/* ---- samples ---- */

#define LABELS 4

static void label(struct maker *m, Sample *s, const char *key, const char *value)
{
    Label *l = value[0] == 0 ? NULL : make(m, sizeof *l);
    if (l == NULL)
        return;
    perftools__profiles__label__init(l);
    l->key = text(m, key);
    l->str = text(m, value);
    s->label[s->n_label++] = l;
}

static void label_bytes(struct maker *m, Sample *s, int64_t bytes)
{
    Label *l = bytes == 0 ? NULL : make(m, sizeof *l);
    if (l == NULL)
        return;
    perftools__profiles__label__init(l);
    l->key = text(m, "bytes");
    l->num = bytes;
    l->num_unit = text(m, "bytes");
    s->label[s->n_label++] = l;
}

static Sample *sample_new(struct maker *m, size_t depth)
{
    Sample *s = make(m, sizeof *s);
    Label **labels = make_array(m, LABELS);
    uint64_t *ids = make(m, depth * sizeof *ids);
    int64_t *values = make(m, VALUES * sizeof *values);
    if (m->failed)
        return NULL;
    perftools__profiles__sample__init(s);
    s->label = labels;
    s->location_id = ids;
    s->value = values;
    s->n_value = m->values;
    m->profile->sample[m->profile->n_sample++] = s;
    return s;
}

static void make_sample(struct maker *m, const struct stack *stack)
{
    Sample *s = sample_new(m, stack->count);
    if (s == NULL)
        return;
    for (size_t i = 0; i < stack->count; i++)
        s->location_id[s->n_location_id++] =
            (uint64_t)(places_of(m->places, stack->pcs[i]) - m->places->places) + 1;
    memcpy(s->value, stack->values, m->values * sizeof *s->value);
    label(m, s, "pond", stack->pond);
    label(m, s, "type", stack->type);
    label(m, s, "state", "live");
    double objects = stack->estimates[ALLOC_OBJECTS];
    label_bytes(m, s, objects > 0 ? (int64_t)(stack->estimates[ALLOC_SPACE] / objects + 0.5) : 0);
}

static void make_idle_sample(struct maker *m, const struct basin *b, size_t state)
{
    uint64_t objects = idle_count(b, idle_states[state].objects);
    Sample *s = objects == 0 ? NULL : sample_new(m, 1);
    if (s == NULL)
        return;
    s->location_id[s->n_location_id++] = m->places->count + state + 1;
    s->value[INUSE_OBJECTS] = (int64_t)objects;
    s->value[INUSE_SPACE] = (int64_t)idle_count(b, idle_states[state].bytes);
    label(m, s, "pond", b->name);
    label(m, s, "type", b->type);
    label(m, s, "state", idle_states[state].state);
    label_bytes(m, s, s->value[INUSE_SPACE] / s->value[INUSE_OBJECTS]);
}

static void make_samples(struct maker *m, const struct snapshot *s)
{
    const struct stack *stacks = s->stacks.items;
    const struct basin *basins = s->basins.items;
    m->profile->sample = make_array(m, s->stacks.count + s->basins.count * IDLE_STATES);
    for (size_t i = 0; i < s->stacks.count && !m->failed; i++)
        make_sample(m, &stacks[i]);
    for (size_t i = 0; i < s->basins.count && m->values == VALUES; i++)
        for (size_t state = 0; state < IDLE_STATES && !m->failed; state++)
            make_idle_sample(m, &basins[i], state);
}

/* ---- histories ---- */

static uint64_t *make_numbers(struct maker *m, const uint64_t *from, size_t count)
{
    uint64_t *numbers = memory_copy(m->memory, from, count * sizeof *from);
    m->failed = m->failed || numbers == NULL;
    return numbers;
}

static PondHistory *history_of_pond(struct maker *m, const struct basin *b)
{
    const pond_history *h = b->history;
    PondHistory *p = make(m, sizeof *p);
    if (p == NULL)
        return NULL;
    perftools__profiles__pond_history__init(p);
    p->name = text(m, b->name);
    p->id = b->id;
    p->max_objects = b->limits.max_objects;
    p->live = b->stats.live;
    p->object_bytes = basin_object_bytes(b);
    p->interval = h->interval;
    p->live_trough = make_numbers(m, h->live, h->count);
    p->live_trough_bytes = make_numbers(m, h->live_bytes, h->count);
    if (!m->failed)
        p->n_live_trough = p->n_live_trough_bytes = h->count;
    return p;
}

static uint32_t milliseconds(double seconds)
{
    return seconds < UINT32_MAX / 1000 ? (uint32_t)(seconds * 1000 + 0.5) : UINT32_MAX;
}

/* All of them, or none where there is none. */
static void stack_lives(struct maker *m, StackHistory *h, const struct stack *stack)
{
    size_t count = 0;
    for (size_t i = 0; i < POND_PROFILE_LIVES; i++)
        if (stack->lives[i].ended > 0)
            count = POND_PROFILE_LIVES;
    h->ended = make(m, count * sizeof *h->ended);
    h->ended_seconds = make(m, count * sizeof *h->ended_seconds);
    if (m->failed)
        return;
    for (size_t i = 0; i < count; i++) {
        h->ended[i] = stack->lives[i].ended;
        h->ended_seconds[i] = stack->lives[i].seconds;
    }
    h->n_ended = h->n_ended_seconds = count;
}

/* What each age stands for is told where they differ: the rate has changed, or there was no room for all. */
static void stack_weights(struct maker *m, StackHistory *h, const struct stack *stack)
{
    size_t same = 0;
    while (stack->age_objects != NULL && same < stack->age_count &&
           stack->age_objects[same] == stack->age_objects[0])
        same++;
    if (stack->age_objects == NULL || same == stack->age_count)
        return;
    h->age_objects = make(m, stack->age_count * sizeof *h->age_objects);
    if (m->failed)
        return;
    memcpy(h->age_objects, stack->age_objects, stack->age_count * sizeof *h->age_objects);
    h->n_age_objects = stack->age_count;
}

static StackHistory *history_of_stack(struct maker *m, const struct stack *stack, size_t sample)
{
    StackHistory *h = make(m, sizeof *h);
    uint32_t *ages = make(m, stack->age_count * sizeof *ages);
    if (m->failed)
        return NULL;
    perftools__profiles__stack_history__init(h);
    h->sample = sample;
    h->pond_id = stack->pond_id;
    for (size_t i = 0; i < stack->age_count; i++)
        ages[i] = milliseconds(stack->ages[i]);
    h->age_ms = ages;
    h->n_age_ms = stack->age_count;
    stack_lives(m, h, stack);
    stack_weights(m, h, stack);
    return h;
}

/* Samples of stacks come first, so a stack's place is its sample's. */
static void make_history(struct maker *m, const struct snapshot *s)
{
    const struct stack *stacks = s->stacks.items;
    const struct basin *basins = s->basins.items;
    History *h = make(m, sizeof *h);
    if (h == NULL)
        return;
    perftools__profiles__history__init(h);
    h->seconds = s->seconds;
    h->pond = make_array(m, s->basins.count);
    h->stack = make_array(m, s->stacks.count);
    for (size_t i = 0; i < s->basins.count && !m->failed; i++)
        h->pond[h->n_pond++] = history_of_pond(m, &basins[i]);
    for (size_t i = 0; i < s->stacks.count && !m->failed; i++)
        h->stack[h->n_stack++] = history_of_stack(m, &stacks[i], i);
    m->profile->history = h;
}

/* ---- the whole ---- */

static void make_header(struct maker *m, const struct snapshot *s)
{
    static const char *const units[VALUES] = {"count", "bytes", "count", "bytes"};
    Profile *p = m->profile;
    (void)text(m, "");
    p->sample_type = make_array(m, VALUES);
    for (size_t v = 0; v < m->values && !m->failed; v++)
        p->sample_type[p->n_sample_type++] = value_type(m, value_names[v], units[v]);
    p->default_sample_type = text(m, value_names[s->usual]);
    p->period_type = value_type(m, "space", "bytes");
    p->period = (int64_t)s->rate;
    p->time_nanos = s->time_nanos;
    p->duration_nanos = s->duration_nanos;
    const char *lost = s->lost == 0
                           ? NULL
                           : memory_format(m->memory, "%llu samples were lost for want of room or memory",
                                           (unsigned long long)s->lost);
    if (s->lost > 0 && lost != NULL && (p->comment = make(m, sizeof *p->comment)) != NULL)
        p->comment[p->n_comment++] = text(m, lost);
    m->failed = m->failed || (s->lost > 0 && lost == NULL);
}

static bool gzip(struct bytes *to, uint8_t *from, size_t n)
{
    z_stream z = {.next_in = from, .avail_in = (uInt)n};
    if (n > UINT32_MAX / 2 || deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        return false;
    uLong most = deflateBound(&z, (uLong)n);
    to->data = malloc(most);
    z.next_out = (Bytef *)to->data;
    z.avail_out = (uInt)most;
    bool whole = to->data != NULL && deflate(&z, Z_FINISH) == Z_STREAM_END;
    to->length = whole ? z.total_out : 0;
    (void)deflateEnd(&z);
    return whole;
}

static bool pack(struct bytes *to, struct maker *m)
{
    Profile *p = m->profile;
    p->function = m->made.items;
    p->n_function = m->made.count;
    p->string_table = m->strings.texts.items;
    p->n_string_table = m->strings.texts.count;
    size_t n = perftools__profiles__profile__get_packed_size(p);
    uint8_t *packed = malloc(n);
    bool done = packed != NULL && perftools__profiles__profile__pack(p, packed) == n && gzip(to, packed, n);
    free(packed);
    return done;
}

bool form_pprof(struct bytes *to, struct snapshot *s, const struct places *places)
{
    Profile profile = PERFTOOLS__PROFILES__PROFILE__INIT;
    struct maker m = {.profile = &profile,
                      .memory = &s->memory,
                      .strings = {.memory = &s->memory},
                      .functions = {.memory = &s->memory},
                      .places = places,
                      .values = s->duration_nanos == 0 ? VALUES : INUSE_OBJECTS};
    make_header(&m, s);
    if (!m.failed)
        make_locations(&m);
    if (!m.failed)
        make_mappings(&m);
    if (!m.failed)
        make_samples(&m, s);
    if (!m.failed && s->duration_nanos == 0)
        make_history(&m, s);
    bool done = !m.failed && pack(to, &m);
    names_free(&m.strings);
    names_free(&m.functions);
    list_free(&m.made);
    if (!done)
        errno = ENOMEM;
    return done;
}
