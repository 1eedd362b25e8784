/* SPDX-License-Identifier: BSD-2-Clause */
/* The page's list of stacks, each of which opens, and what the judge says of them. */
#include "pages.h"
#include "plot.h"
#include "shown.h"
#include <string.h>

enum {
    STACKS_MOST = 25,
    CALLERS = 4 /* of the functions of a stack, in its line */
};

/* The library's own, which are there where they are inlined, come first: they are not who got the object. */
static bool is_own(const char *name)
{
    return strncmp(name, "pond_get", strlen("pond_get")) == 0;
}

static size_t add_name(const char **names, size_t count, size_t most, const char *name)
{
    if (count == 0 && name != NULL && is_own(name))
        return 0;
    if (count < most)
        names[count] = name != NULL ? name : "?";
    return count + 1;
}

size_t functions_of(const struct view *v, const struct stack *s, const char **names, size_t most)
{
    size_t count = 0;
    for (size_t i = 0; i < s->count; i++) {
        const struct place *at = places_of(&v->places, s->pcs[i]);
        if (at->frames == NULL)
            count = add_name(names, count, most, place_name(&v->places, at));
        for (const struct frame *f = at->frames; f != NULL; f = f->next)
            count = add_name(names, count, most, f->function);
    }
    return count;
}

/* ---- what the judge says ---- */

static bool is_shown(const struct finding *f, const char *grade)
{
    return f->verdict != NULL && f->words != NULL && strcmp(f->grade, grade) == 0;
}

/* The function that got the object, and so many of those that called it. */
static void say_chain(struct bytes *to, const struct view *v, const struct stack *s, size_t most)
{
    const char *names[CALLERS];
    size_t count = functions_of(v, s, names, most);
    say(to, "<span class=\"chain\"><b>");
    say_escaped(to, count > 0 ? names[0] : "?");
    say(to, "</b>");
    for (size_t i = 1; i < count && i < most; i++) {
        say(to, " <i>\342\206\220</i> ");
        say_escaped(to, names[i]);
    }
    say(to, count > most ? " <i>\342\206\220</i> \342\200\246</span>" : "</span>");
}

static void say_finding(struct bytes *to, const struct view *v, size_t i)
{
    const struct finding *f = &v->findings[i];
    const struct stack *s = &((const struct stack *)v->snapshot.stacks.items)[i];
    bytes_say(to, "<article class=\"finding %s\"><h3><span class=\"badge %s\">%s</span> <code>", f->grade,
              f->grade, f->verdict);
    say_chain(to, v, s, 2);
    say(to, "</code> <small>in ");
    say_escaped(to, s->pond);
    if (i < STACKS_MOST)
        bytes_say(to, ", <a href=\"#stack%zu\">its stack</a>", i + 1);
    say(to, "</small></h3><p>");
    say_escaped(to, f->words);
    say(to, "</p></article>\n");
}

/* How many have each of the other verdicts: "4 steady, 2 warming up". */
static void say_others(struct bytes *to, const struct view *v)
{
    const struct finding *all = v->findings;
    bool any = false;
    for (size_t i = 0; i < v->snapshot.stacks.count; i++) {
        size_t before = 0, same = 0;
        for (size_t k = 0; k < v->snapshot.stacks.count && is_shown(&all[i], "calm"); k++) {
            bool alike = is_shown(&all[k], "calm") && strcmp(all[k].verdict, all[i].verdict) == 0;
            same += alike;
            before += alike && k < i;
        }
        if (same == 0 || before > 0)
            continue;
        bytes_say(to, "%s%zu %s",
                  any ? ", " : "<p class=\"calm\">Stacks with nothing to be looked at: ", same,
                  all[i].verdict);
        any = true;
    }
    say(to, any ? ".</p>\n" : "");
}

/* The pond that has risen most since it was watched; NULL: none has. */
static const struct basin *risen_most(const struct snapshot *s, double *bytes)
{
    const struct basin *basins = s->basins.items, *most = NULL;
    *bytes = 0;
    for (size_t i = 0; i < s->basins.count; i++) {
        const pond_history *h = basins[i].history;
        double rise = h->count < 2 ? 0 : (double)h->live_bytes[h->count - 1] - (double)h->live_bytes[0];
        if (rise > *bytes) {
            *bytes = rise;
            most = &basins[i];
        }
    }
    return most;
}

/* What can be seen before there are verdicts: the pond that rose, and who has most of it. */
static void say_early(struct bytes *to, const struct view *v)
{
    const struct stack *stacks = v->snapshot.stacks.items;
    double bytes;
    const struct basin *b = risen_most(&v->snapshot, &bytes);
    bytes_say(to,
              "<p class=\"early\"><span class=\"badge\">too early</span> Watched for %s, which is too short "
              "for verdicts.",
              shown_seconds(v->snapshot.seconds).text);
    if (b != NULL) {
        say(to, " What rose most is <b>");
        say_escaped(to, b->name);
        bytes_say(to, "</b>, by %s", shown_bytes(bytes).text);
    }
    for (size_t i = 0; b != NULL && i < v->snapshot.stacks.count; i++)
        if (stacks[i].pond_id == b->id && stacks[i].values[INUSE_SPACE] > 0) {
            say(to, "; most of it has <code>");
            say_chain(to, v, &stacks[i], 2);
            bytes_say(to, "</code>, %s", shown_bytes((double)stacks[i].values[INUSE_SPACE]).text);
            break;
        }
    say(to, b != NULL ? ".</p>\n" : "</p>\n");
}

void say_findings(struct bytes *to, const struct view *v)
{
    static const char *const grades[] = {"bad", "look"};
    size_t said = 0, early = 0;
    for (size_t i = 0; i < v->snapshot.stacks.count; i++)
        early += is_shown(&v->findings[i], "early");
    if (early > 0)
        say_early(to, v);
    for (size_t g = 0; g < sizeof grades / sizeof *grades; g++)
        for (size_t i = 0; i < v->snapshot.stacks.count; i++)
            if (is_shown(&v->findings[i], grades[g]) && said++ < 2 * STACKS_MOST)
                say_finding(to, v, i);
    say_others(to, v);
}

/* ---- stacks ---- */

static void say_frame(struct bytes *to, const char *function, const struct frame *f)
{
    say(to, "<li><code>");
    say_escaped(to, function);
    say(to, "</code>");
    if (f != NULL && f->file[0] != 0) {
        say(to, " <small>");
        say_escaped(to, f->file);
        if (f->line > 0)
            bytes_say(to, ":%d", f->line);
        say(to, f->inlined ? " (inlined)</small>" : "</small>");
    }
    say(to, "</li>");
}

static void say_frames(struct bytes *to, const struct view *v, const struct stack *s)
{
    say(to, "<ol>");
    for (size_t i = 0; i < s->count; i++) {
        const struct place *at = places_of(&v->places, s->pcs[i]);
        const char *name = at->frames == NULL ? place_name(&v->places, at) : NULL;
        if (at->frames == NULL)
            say_frame(to, name != NULL ? name : "?", NULL);
        for (const struct frame *f = at->frames; f != NULL; f = f->next)
            say_frame(to, f->function, f);
    }
    say(to, "</ol>");
}

static void say_about(struct bytes *to, const struct stack *s, const struct finding *f)
{
    say(to, "<small>");
    if (f->verdict != NULL)
        bytes_say(to, "<span class=\"badge %s\">%s</span> ", f->grade, f->verdict);
    say_escaped(to, s->pond);
    if (s->type[0] != 0) {
        say(to, ", ");
        say_escaped(to, s->type);
    }
    bytes_say(to, ", %s samples</small>", shown_count(s->samples).text);
}

static void say_figures(struct bytes *to, const struct stack *s, const struct finding *f)
{
    bytes_say(to, "<span class=\"n\" data-name=\"In use\"><b>%s</b><small>%s</small></span>",
              shown_bytes((double)s->values[INUSE_SPACE]).text,
              shown_count((uint64_t)s->values[INUSE_OBJECTS]).text);
    bytes_say(to, "<span class=\"n\" data-name=\"Allocated\">%s<small>%s</small></span>",
              shown_bytes((double)s->values[ALLOC_SPACE]).text,
              shown_count((uint64_t)s->values[ALLOC_OBJECTS]).text);
    bytes_say(to, "<span class=\"n%s\" data-name=\"Growth\">%s%s</span>", f->growth > 0 ? " grows" : " none",
              f->growth != 0 ? shown_growth(f->growth).text : "\342\200\223", f->growth != 0 ? "/min" : "");
    bytes_say(to, "<span class=\"n\" data-name=\"Oldest\">%s</span>",
              s->values[INUSE_OBJECTS] > 0 ? shown_seconds(s->oldest_seconds).text : "\342\200\223");
}

static void say_stack(struct bytes *to, const struct view *v, size_t i, double most)
{
    const struct stack *s = &((const struct stack *)v->snapshot.stacks.items)[i];
    const struct part part = {"live", "in use", (double)s->values[INUSE_SPACE]};
    bytes_say(to, "<details id=\"stack%zu\"><summary><span class=\"who\">", i + 1);
    say_chain(to, v, s, CALLERS);
    say_about(to, s, &v->findings[i]);
    plot_bar(to, &part, 1, most);
    say(to, "</span>");
    say_figures(to, s, &v->findings[i]);
    say(to, "</summary>");
    if (v->findings[i].words != NULL) {
        say(to, "<p>");
        say_escaped(to, v->findings[i].words);
        say(to, "</p>");
    }
    say_frames(to, v, s);
    say(to, "</details>\n");
}

void say_stacks(struct bytes *to, const struct view *v)
{
    const struct stack *stacks = v->snapshot.stacks.items;
    size_t count = v->snapshot.stacks.count, shown = count < STACKS_MOST ? count : STACKS_MOST;
    double most = count > 0 ? (double)stacks[0].values[INUSE_SPACE] : 0;
    say(to, "<div class=\"stacks\">\n<div class=\"head\"><span>Function, and who called it</span><span "
            "class=\"n\">In use</span>"
            "<span class=\"n\">Allocated</span><span class=\"n\">Growth</span><span "
            "class=\"n\">Oldest</span></div>\n");
    for (size_t i = 0; i < shown; i++)
        say_stack(to, v, i, most);
    say(to, "</div>\n");
    if (shown < count)
        bytes_say(
            to, "<p class=\"more\">And %zu with less in use: <a href=\"?format=text\">all as text</a>.</p>\n",
            count - shown);
}
