/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * OpenMetrics 1.0: families of samples, each with what it is, and all of a family together. The labels pond
 * and type are names, which several ponds may have; id tells these apart.
 */
#include "pages.h"
#include <string.h>

typedef unsigned long long ull;

/* ---- what is told of each pond ---- */

struct family {
    const char *name, *kind, *unit, *help; /* unit "": none */
    const char *label;                     /* that its samples have beside those of the pond; NULL: none */
    const struct figure {
        const char *value; /* of the label */
        size_t at;         /* in pond_stats */
    } * figures;
    size_t count;
};

#define AT(field) offsetof(pond_stats, field)
#define COUNT(array) (sizeof(array) / sizeof *(array))
#define FIGURES(array) .figures = (array), .count = COUNT(array)
#define ONE(field) .figures = (const struct figure[]){{NULL, AT(field)}}, .count = 1

static const struct figure objects[] = {
    {"live", AT(live)}, {"local", AT(idle_local)}, {"shared", AT(idle_shared)}, {"victim", AT(idle_victim)}};
static const struct figure bytes_held[] = {{"live", AT(live_bytes)},
                                           {"local", AT(idle_local_bytes)},
                                           {"shared", AT(idle_shared_bytes)},
                                           {"victim", AT(idle_victim_bytes)}};
static const struct figure drops[] = {
    {"epoch", AT(dropped[POND_DROP_EPOCH])},         {"rejected", AT(dropped[POND_DROP_REJECTED])},
    {"discarded", AT(dropped[POND_DROP_DISCARDED])}, {"limit", AT(dropped[POND_DROP_LIMIT])},
    {"trim", AT(dropped[POND_DROP_TRIM])},           {"destroy", AT(dropped[POND_DROP_DESTROY])},
    {"debug", AT(dropped[POND_DROP_DEBUG])}};

static const struct figure failures[] = {{"memory", AT(failed[POND_FAIL_MEMORY])},
                                         {"limit", AT(failed[POND_FAIL_LIMIT])},
                                         {"hook", AT(failed[POND_FAIL_HOOK])},
                                         {"debug", AT(failed[POND_FAIL_DEBUG])}};

static const struct family families[] = {
    {"pond_objects", "gauge", "", "Objects: live (got and not yet put), or idle in a state.", "state",
     FIGURES(objects)},
    {"pond_bytes", "gauge", "bytes", "Bytes of these objects, with what hangs on them.", "state",
     FIGURES(bytes_held)},
    {"pond_object_size_bytes", "gauge", "bytes", "Bytes that one object takes, padding included.", NULL,
     ONE(object_bytes)},
    {"pond_gets", "counter", "", "Objects handed out.", NULL, ONE(gets)},
    {"pond_hits", "counter", "", "Gets that an idle object served.", NULL, ONE(hits)},
    {"pond_misses", "counter", "", "Gets that made an object.", NULL, ONE(misses)},
    {"pond_failed_gets", "counter", "", "Gets that returned NULL, by reason.", "reason", FIGURES(failures)},
    {"pond_waited_gets", "counter", "", "Gets that had to wait at max_objects.", NULL, ONE(waited)},
    {"pond_puts", "counter", "", "Objects taken back.", NULL, ONE(puts)},
    {"pond_made_objects", "counter", "", "Objects made.", NULL, ONE(constructed)},
    {"pond_dropped_objects", "counter", "", "Objects dropped, by reason.", "reason", FIGURES(drops)},
    {"pond_most_objects", "gauge", "", "Most objects, live and idle, at one time.", NULL, ONE(high_water)},
    {"pond_most_bytes", "gauge", "bytes", "Bytes of these.", NULL, ONE(high_water_bytes)},
    {"pond_slab_bytes", "gauge", "bytes", "Address space that the pond has for objects.", NULL,
     ONE(slab_bytes)},
    {"pond_resident_bytes", "gauge", "bytes", "Bytes of it that are in memory.", NULL, ONE(resident_bytes)},
    {"pond_ticks", "counter", "", "Ticks of the pond.", NULL, ONE(epoch)},
    {"pond_cache_capacity_objects", "gauge", "", "Most objects that a thread's cache holds.", NULL,
     ONE(cache_objects)}};

/* ---- as text ---- */

static void say_label(struct bytes *to, const char *key, const char *value)
{
    bytes_say(to, "%s=\"", key);
    for (; *value != 0; value++) {
        if (*value == '\\' || *value == '"')
            say(to, "\\");
        if (*value == '\n')
            say(to, "\\n");
        else
            bytes_add(to, value, 1);
    }
    say(to, "\"");
}

static void say_labels(struct bytes *to, const struct basin *b)
{
    say(to, "{");
    say_label(to, "pond", b->name);
    say(to, ",");
    say_label(to, "type", b->type);
    bytes_say(to, ",id=\"%llu\"", (ull)b->id);
}

static void say_about(struct bytes *to, const char *name, const char *kind, const char *unit,
                      const char *help)
{
    bytes_say(to, "# TYPE %s %s\n", name, kind);
    if (unit[0] != 0)
        bytes_say(to, "# UNIT %s %s\n", name, unit);
    bytes_say(to, "# HELP %s %s\n", name, help);
}

static void say_pond(struct bytes *to, const struct family *f, const struct basin *b)
{
    for (size_t i = 0; i < f->count; i++) {
        bytes_say(to, "%s%s", f->name, f->kind[0] == 'c' ? "_total" : "");
        say_labels(to, b);
        if (f->label != NULL) {
            say(to, ",");
            say_label(to, f->label, f->figures[i].value);
        }
        bytes_say(to, "} %llu\n", (ull)idle_count(b, f->figures[i].at));
    }
}

static void say_families(struct bytes *to, const struct snapshot *s)
{
    const struct basin *basins = s->basins.items;
    for (size_t f = 0; f < COUNT(families); f++) {
        say_about(to, families[f].name, families[f].kind, families[f].unit, families[f].help);
        for (size_t i = 0; i < s->basins.count; i++)
            say_pond(to, &families[f], &basins[i]);
    }
}

/* Of ponds that have one. */
static void say_limit(struct bytes *to, const struct snapshot *s, const char *name, const char *unit,
                      const char *help, uint64_t (*limit)(const pond_limits *))
{
    const struct basin *basins = s->basins.items;
    say_about(to, name, "gauge", unit, help);
    for (size_t i = 0; i < s->basins.count; i++)
        if (limit(&basins[i].limits) > 0) {
            say(to, name);
            say_labels(to, &basins[i]);
            bytes_say(to, "} %llu\n", (ull)limit(&basins[i].limits));
        }
}

static uint64_t max_objects(const pond_limits *l)
{
    return l->max_objects;
}

static uint64_t max_idle_bytes(const pond_limits *l)
{
    return l->max_idle_bytes;
}

static void say_limits(struct bytes *to, const struct snapshot *s)
{
    say_limit(to, s, "pond_limit_objects", "", "Most objects that the pond may have (max_objects).",
              max_objects);
    say_limit(to, s, "pond_limit_idle_bytes", "bytes", "Most bytes that may be idle (max_idle_bytes).",
              max_idle_bytes);
}

static void say_profile(struct bytes *to, const struct snapshot *s)
{
    say_about(to, "pond_profile_rate_bytes", "gauge", "bytes", "Mean bytes between two samples; 0: off.");
    bytes_say(to, "pond_profile_rate_bytes %zu\n", s->rate);
    say_about(to, "pond_profile_lost_samples", "counter", "", "Samples that there was no room for.");
    bytes_say(to, "pond_profile_lost_samples_total %llu\n", (ull)s->lost);
}

bool page_metrics(struct bytes *to, const struct request *r)
{
    struct snapshot s;
    bool taken = snapshot_ponds(&s, r->source);
    if (taken) {
        r->answer->type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
        say_families(to, &s);
        say_limits(to, &s);
        say_profile(to, &s);
        say(to, "# EOF\n");
    }
    snapshot_free(&s);
    return taken;
}
