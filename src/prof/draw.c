// SPDX-License-Identifier: BSD-2-Clause
// flame: profiles to a picture.
#include "../flame/flame.h"
#include "command.h"
#include "output.h"
#include "source.h"
#include "stacks.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

// What the picture shows, in words: "1.50MiB in 12 stacks, pond conns, 2026-11-29 07:00:00 UTC".
static void put_subtitle(char *text, size_t size, const options *o, const tree *sums, const picture *shown,
                         const char *unit)
{
    const node *root = &sums->nodes[0];
    char when[64] = "", filters[260] = "";
    time_t seconds = (time_t)(shown->live[0].time / 1000000000);
    struct tm parts;
    if (seconds > 0 && gmtime_r(&seconds, &parts) != NULL)
        strftime(when, sizeof when, ", %Y-%m-%d %H:%M:%S UTC", &parts);
    snprintf(filters, sizeof filters, "%s%.70s%s%.70s%s%.70s", o->pick.pond == NULL ? "" : ", pond ",
             o->pick.pond == NULL ? "" : o->pick.pond, o->pick.state == NULL ? "" : ", state ",
             o->pick.state == NULL ? "" : o->pick.state, o->pick.focus == NULL ? "" : ", with ",
             o->pick.focus == NULL ? "" : o->pick.focus);
    amount live = amount_of(root->total[LIVE], unit, false);
    if (shown->base == NULL) {
        snprintf(text, size, "%s in %zu samples%s%s", live.text, sums->taken[LIVE], filters, when);
        return;
    }
    int64_t change = root->total[LIVE] - root->total[BASE];
    snprintf(text, size, "%s%s: from %s to %s%s%s. Red has grown, blue has shrunk.", change > 0 ? "+" : "",
             amount_of(change, unit, false).text, amount_of(root->total[BASE], unit, false).text, live.text,
             filters, when);
}

static void put_head(char *text, size_t size, const picture *shown, const char *value)
{
    if (shown->base == NULL)
        snprintf(text, size, "%.60s: %.200s", value, source_name(shown->source));
    else
        snprintf(text, size, "%.60s: %.160s less %.160s", value, source_name(shown->source),
                 source_name(shown->base_source));
}

static bool add_profile(tree *sums, int side, const profile *p, names *all, options *o, const value_type *as,
                        trouble *t)
{
    pick same = {.value = as->name};
    size_t type;
    if (!pick_type(&same, p, &type, t))
        return false;
    if (strcmp(p->types[type].unit, as->unit) != 0)
        return fail(t, "its unit is %.40s, and that of the other profile %.40s.", p->types[type].unit,
                    as->unit);
    tree_add(sums, side, p, all, &o->pick, type);
    return true;
}

static bool write_picture(options *o, const names *all, const tree *sums, const picture *shown,
                          const value_type *as, trouble *t)
{
    char head[400], subtitle[700];
    output out;
    put_head(head, sizeof head, shown, as->name);
    put_subtitle(subtitle, sizeof subtitle, o, sums, shown, as->unit);
    flame_style style = {
        .title = head, .subtitle = subtitle, .unit = as->unit, .difference = shown->base != NULL};
    output_open(&out);
    if (!flame_draw(out.file, sums, all->frames, &style))
        no_memory();
    return output_close(&out, o->output, t);
}

bool draw(options *o, names *all, const picture *shown, trouble *t)
{
    size_t type;
    tree sums = {0};
    if (!pick_type(&o->pick, &shown->live[0], &type, t))
        return fail_of(t, source_name(shown->source));
    const value_type *as = &shown->live[0].types[type];
    bool done = true;
    for (size_t i = 0; i < shown->live_count && done; i++)
        done = add_profile(&sums, LIVE, &shown->live[i], all, o, as, t);
    if (done && shown->base != NULL)
        done = add_profile(&sums, BASE, shown->base, all, o, as, t) ||
               fail_of(t, source_name(shown->base_source));
    if (done) {
        if (sums.taken[BASE] + sums.taken[LIVE] == 0)
            pick_explain(&o->pick, &shown->live[0]);
        tree_sum(&sums, shown->base != NULL);
        done = write_picture(o, all, &sums, shown, as, t);
    }
    progress_end();
    tree_free(&sums);
    return done;
}

static bool flame_of_files(options *o, names *all, trouble *t)
{
    profile base, live;
    if (!load(&live, all, o->sources[0], NULL, t))
        return false;
    bool done = o->base == NULL || load(&base, all, o->base, NULL, t);
    if (done) {
        picture shown = {o->sources[0], o->base, o->base == NULL ? NULL : &base, &live, 1};
        done = draw(o, all, &shown, t);
        if (o->base != NULL)
            profile_free(&base);
    }
    profile_free(&live);
    return done;
}

int command_flame(int count, char **words)
{
    options o;
    int status = options_read(&o, "flame", "ovfpsb", count, words);
    if (status != 0)
        return status == OPTIONS_HELPED ? 0 : status;
    if (o.source_count != 1)
        return usage("flame", "it takes one SOURCE, and with --base BASE another.");
    if (o.output == NULL && isatty(STDOUT_FILENO))
        return usage("flame", "a picture is nothing for a terminal: -o FILE.svg saves it.");
    names all = {0};
    trouble t = {""};
    bool done = flame_of_files(&o, &all, &t);
    names_free(&all);
    pick_free(&o.pick);
    return done ? 0 : tell(&t);
}
