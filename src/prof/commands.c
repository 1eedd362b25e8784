// SPDX-License-Identifier: BSD-2-Clause
// get, top, diff.
#include "command.h"
#include "output.h"
#include "source.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

bool load(profile *p, names *all, const char *source, bytes *raw, trouble *t)
{
    bytes b = {0};
    if (!source_read(&b, source, t))
        return false;
    if (raw != NULL) {
        bytes_reserve(raw, b.size);
        memcpy(raw->data, b.data, b.size);
        raw->size = b.size;
    }
    bool done = bytes_gunzip(&b, t) && profile_decode(p, all, &b, t);
    bytes_free(&b);
    progress_end();
    return done || fail_of(t, source_name(source));
}

// Whether binary results would go to a person's terminal.
static bool is_for_terminal(const options *o)
{
    return o->output == NULL && isatty(STDOUT_FILENO);
}

int command_get(int count, char **words)
{
    options o;
    int status = options_read(&o, "get", "o", count, words);
    if (status != 0)
        return status == OPTIONS_HELPED ? 0 : status;
    if (o.source_count != 1)
        return usage("get", "it takes one SOURCE.");
    if (is_for_terminal(&o))
        return usage("get", "a profile is nothing for a terminal: -o FILE saves it.");
    names all = {0};
    profile p;
    bytes raw = {0};
    trouble t = {""};
    bool done = load(&p, &all, o.sources[0], &raw, &t);
    if (done) {
        profile_free(&p);
        done = write_whole(raw.data, raw.size, o.output, &t);
    }
    bytes_free(&raw);
    names_free(&all);
    return done ? 0 : tell(&t);
}

// "heap.pb.gz: inuse_space, 2026-11-29 07:00:00 UTC": what is shown.
static void put_about(char *text, size_t size, const char *source, const char *value, const profile *p)
{
    char when[64] = "";
    time_t seconds = (time_t)(p->time / 1000000000);
    struct tm parts;
    if (p->time > 0 && gmtime_r(&seconds, &parts) != NULL)
        strftime(when, sizeof when, ", %Y-%m-%d %H:%M:%S UTC", &parts);
    snprintf(text, size, "%.200s: %.60s%s", source, value, when);
}

static bool print_top(options *o, const names *all, const profile *p, trouble *t)
{
    size_t type;
    output out;
    char about[400];
    if (!pick_type(&o->pick, p, &type, t))
        return fail_of(t, o->sources[0]);
    table sums = {0};
    table_add(&sums, LIVE, p, all, &o->pick, type);
    if (sums.taken[LIVE] == 0)
        pick_explain(&o->pick, p);
    o->style.unit = p->types[type].unit;
    put_about(about, sizeof about, source_name(o->sources[0]), p->types[type].name, p);
    output_open(&out);
    put_name(out.file, about);
    fputc('\n', out.file);
    table_print(out.file, &sums, all, &o->style);
    bool done = output_close(&out, o->output, t);
    table_free(&sums);
    return done;
}

int command_top(int count, char **words)
{
    options o;
    int status = options_read(&o, "top", "oncxvfps", count, words);
    if (status != 0)
        return status == OPTIONS_HELPED ? 0 : status;
    if (o.source_count != 1)
        return usage("top", "it takes one SOURCE.");
    names all = {0};
    profile p;
    trouble t = {""};
    bool done = load(&p, &all, o.sources[0], NULL, &t);
    if (done) {
        names_mark_shared(&all);
        done = print_top(&o, &all, &p, &t);
        profile_free(&p);
    }
    names_free(&all);
    pick_free(&o.pick);
    return done ? 0 : tell(&t);
}

// Both profiles' places of the value, which has to be the same.
static bool pick_types(const options *o, const profile *p, size_t *types, const char *const *sources,
                       trouble *t)
{
    if (!pick_type(&o->pick, &p[LIVE], &types[LIVE], t))
        return fail_of(t, sources[LIVE]);
    pick same = {.value = p[LIVE].types[types[LIVE]].name};
    if (!pick_type(&same, &p[BASE], &types[BASE], t))
        return fail_of(t, sources[BASE]);
    const char *unit = p[LIVE].types[types[LIVE]].unit, *base_unit = p[BASE].types[types[BASE]].unit;
    if (strcmp(unit, base_unit) != 0) {
        fail_note(t, "its unit is %.40s, and that of the other profile %.40s.", base_unit, unit);
        return fail_of(t, sources[BASE]);
    }
    return true;
}

static bool print_diff(options *o, const names *all, const profile *p, trouble *t)
{
    size_t types[SIDES];
    output out;
    table sums = {0};
    const char *const sources[SIDES] = {o->sources[0], o->sources[1]};
    if (!pick_types(o, p, types, sources, t))
        return false;
    for (int side = 0; side < SIDES; side++)
        table_add(&sums, side, &p[side], all, &o->pick, types[side]);
    if (sums.taken[BASE] + sums.taken[LIVE] == 0)
        pick_explain(&o->pick, &p[LIVE]);
    o->style.unit = p[LIVE].types[types[LIVE]].unit;
    o->style.difference = true;
    output_open(&out);
    put_name(out.file, source_name(sources[LIVE]));
    fputs(" less ", out.file);
    put_name(out.file, source_name(sources[BASE]));
    fputs(": ", out.file);
    put_name(out.file, p[LIVE].types[types[LIVE]].name);
    fputc('\n', out.file);
    table_print(out.file, &sums, all, &o->style);
    bool done = output_close(&out, o->output, t);
    table_free(&sums);
    return done;
}

int command_diff(int count, char **words)
{
    options o;
    int status = options_read(&o, "diff", "oncxvfps", count, words);
    if (status != 0)
        return status == OPTIONS_HELPED ? 0 : status;
    if (o.source_count != 2)
        return usage("diff", "it takes two of them, BASE and LIVE.");
    names all = {0};
    profile p[SIDES];
    trouble t = {""};
    bool base = load(&p[BASE], &all, o.sources[0], NULL, &t);
    bool live = base && load(&p[LIVE], &all, o.sources[1], NULL, &t);
    bool done = live;
    if (live) {
        names_mark_shared(&all);
        done = print_diff(&o, &all, p, &t);
        profile_free(&p[LIVE]);
    }
    if (base)
        profile_free(&p[BASE]);
    names_free(&all);
    pick_free(&o.pick);
    return done ? 0 : tell(&t);
}
