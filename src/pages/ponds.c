/* SPDX-License-Identifier: BSD-2-Clause */
/* The page's table of ponds, and their last minutes as pictures. */
#include "pages.h"
#include "plot.h"
#include "shown.h"
#include <stdlib.h>

enum {
    PONDS_MOST = 200, /* in the table */
    COURSES_MOST = 9  /* as pictures */
};

/* ---- their order ---- */

static uint64_t idle_bytes(const struct basin *b)
{
    return b->stats.idle_local_bytes + b->stats.idle_shared_bytes + b->stats.idle_victim_bytes;
}

static int by_bytes(const void *one, const void *other)
{
    const struct basin *a = *(const struct basin *const *)one, *b = *(const struct basin *const *)other;
    uint64_t x = a->stats.live_bytes + idle_bytes(a), y = b->stats.live_bytes + idle_bytes(b);
    if (x != y)
        return x > y ? -1 : 1;
    return (a->id > b->id) - (a->id < b->id);
}

/* The largest first; NULL: no memory. */
static const struct basin **sorted(const struct snapshot *s)
{
    const struct basin *basins = s->basins.items;
    const struct basin **all = calloc(s->basins.count + 1, sizeof *all);
    for (size_t i = 0; all != NULL && i < s->basins.count; i++)
        all[i] = &basins[i];
    if (all != NULL && s->basins.count > 1)
        qsort(all, s->basins.count, sizeof *all, by_bytes);
    return all;
}

/* ---- the table ---- */

static void say_name(struct bytes *to, const struct basin *b)
{
    say(to, "<tr><th scope=\"row\"><b>");
    say_escaped(to, b->name[0] != 0 ? b->name : "(no name)");
    say(to, "</b><small>");
    say_escaped(to, b->type);
    if (b->type[0] != 0 && b->stats.object_bytes > 0)
        say(to, ", ");
    if (b->stats.object_bytes > 0)
        say(to, shown_bytes((double)b->stats.object_bytes).text);
    say(to, "</small></th>");
}

static void say_live(struct bytes *to, const struct basin *b)
{
    bytes_say(to, "<td class=\"n\" data-name=\"In use\"><b>%s</b><small>%s objects</small></td>",
              shown_bytes((double)b->stats.live_bytes).text, shown_count(b->stats.live).text);
    say(to, "<td class=\"course\" data-name=\"Lately\">");
    plot_line(to, b);
    say(to, "</td>");
}

static void say_idle(struct bytes *to, const struct basin *b)
{
    const pond_stats *s = &b->stats;
    const struct part parts[] = {{"live", "in use", (double)s->live_bytes},
                                 {"local", "idle in threads' caches", (double)s->idle_local_bytes},
                                 {"shared", "idle, for all threads", (double)s->idle_shared_bytes},
                                 {"victim", "idle, dropped by the next tick", (double)s->idle_victim_bytes}};
    bytes_say(to, "<td class=\"n\" data-name=\"Idle\"><b>%s</b>", shown_bytes((double)idle_bytes(b)).text);
    plot_bar(to, parts, 4, (double)(s->live_bytes + idle_bytes(b)));
    bytes_say(to, "<small>%s + %s + %s</small></td>", shown_count(s->idle_local).text,
              shown_count(s->idle_shared).text, shown_count(s->idle_victim).text);
}

static void say_gets(struct bytes *to, const struct basin *b)
{
    const pond_stats *s = &b->stats;
    say(to, "<td class=\"n\" data-name=\"Hits\"><b>");
    say(to, s->gets > 0 ? shown_percent((double)s->hits / (double)s->gets).text : "\342\200\223");
    bytes_say(to, "</b><small>%s gets</small></td>", shown_count(s->gets).text);
}

static void say_failed(struct bytes *to, const struct basin *b)
{
    static const char *const reasons[POND_FAIL_REASONS] = {"no memory", "at the limit", "by a hook", "debug"};
    uint64_t all = 0;
    for (size_t i = 0; i < POND_FAIL_REASONS; i++)
        all += b->stats.failed[i];
    bytes_say(to, "<td class=\"n%s\" data-name=\"Failed\"><b>%s</b>", all > 0 ? " alarm" : " none",
              all > 0 ? shown_count(all).text : "0");
    for (size_t i = 0; i < POND_FAIL_REASONS; i++)
        if (b->stats.failed[i] > 0)
            bytes_say(to, "<small>%s %s</small>", shown_count(b->stats.failed[i]).text, reasons[i]);
    if (b->stats.waited > 0)
        bytes_say(to, "<small>%s waited</small>", shown_count(b->stats.waited).text);
    say(to, "</td>");
}

static void say_limits(struct bytes *to, const struct basin *b)
{
    const pond_limits *l = &b->limits;
    bool none = l->max_objects == 0 && l->max_idle_bytes == 0 && l->min_idle == 0 && l->max_age == 0 &&
                l->max_footprint == 0;
    bytes_say(to, "<td class=\"limits%s\" data-name=\"Limits\">", none ? " none" : "");
    if (none)
        say(to, "none");
    if (l->max_objects > 0) {
        double full = (double)b->stats.live / (double)l->max_objects;
        const struct part part = {full > 0.9 ? "bad" : "live", "in use", (double)b->stats.live};
        bytes_say(to, "<small>%s objects, %s in use</small>", shown_count(l->max_objects).text,
                  shown_percent(full).text);
        plot_bar(to, &part, 1, (double)l->max_objects);
    }
    if (l->max_idle_bytes > 0)
        bytes_say(to, "<small>idle at most %s</small>", shown_bytes((double)l->max_idle_bytes).text);
    if (l->min_idle > 0)
        bytes_say(to, "<small>idle at least %s objects</small>", shown_count(l->min_idle).text);
    if (l->max_age > 0)
        bytes_say(to, "<small>idle for %s ticks at most</small>", shown_count(l->max_age).text);
    if (l->max_footprint > 0)
        bytes_say(to, "<small>each at most %s</small>", shown_bytes((double)l->max_footprint).text);
    say(to, "</td>");
}

static void say_slabs(struct bytes *to, const struct basin *b)
{
    const pond_stats *s = &b->stats;
    bytes_say(to, "<td class=\"n\" data-name=\"Memory\"><b>%s</b><small>of %s</small></td></tr>\n",
              shown_bytes((double)s->resident_bytes).text, shown_bytes((double)s->slab_bytes).text);
}

static void say_pond(struct bytes *to, const struct basin *b)
{
    say_name(to, b);
    say_live(to, b);
    say_idle(to, b);
    say_gets(to, b);
    say_failed(to, b);
    say_limits(to, b);
    say_slabs(to, b);
}

void say_ponds(struct bytes *to, const struct view *v)
{
    const struct basin **all = sorted(&v->snapshot);
    size_t count = v->snapshot.basins.count, shown = count < PONDS_MOST ? count : PONDS_MOST;
    if (all == NULL) {
        to->failed = true;
        return;
    }
    if (count == 0) {
        say(to, "<p class=\"note\">There are none yet.</p>\n");
        free(all);
        return;
    }
    say(to, "<table class=\"ponds\">\n<thead><tr><th scope=\"col\">Pond</th><th scope=\"col\" class=\"n\">In "
            "use</th>"
            "<th scope=\"col\"></th><th scope=\"col\" class=\"n\">Idle <small>caches + depot + "
            "victims</small></th>"
            "<th scope=\"col\" class=\"n\">Hits</th><th scope=\"col\" class=\"n\">Failed gets</th>"
            "<th scope=\"col\">Limits</th><th scope=\"col\" class=\"n\">Memory</th></tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < shown && !to->failed; i++)
        say_pond(to, all[i]);
    say(to, "</tbody>\n</table>\n");
    if (shown < count)
        bytes_say(to,
                  "<p class=\"more\">And %zu smaller ones: <a href=\"?format=text\">all as text</a>.</p>\n",
                  count - shown);
    free(all);
}

/* ---- their last minutes ---- */

/* Whether there is anything to be drawn. */
static bool is_busy(const pond_history *h)
{
    uint64_t all = 0;
    for (size_t i = 0; i < h->count; i++)
        all |= h->live[i] | h->idle_bytes[i] | h->gets[i];
    return h->count >= 3 && all != 0;
}

void say_courses(struct bytes *to, const struct view *v)
{
    const struct basin **all = sorted(&v->snapshot);
    size_t drawn = 0;
    if (all == NULL) {
        to->failed = true;
        return;
    }
    for (size_t i = 0; i < v->snapshot.basins.count && drawn < COURSES_MOST && !to->failed; i++) {
        if (!is_busy(all[i]->history))
            continue;
        say(to,
            drawn++ == 0
                ? "<h2 id=\"course\">Last minutes</h2>\n<p class=\"key\"><i class=\"live\"></i>in use, at "
                  "least "
                  "<i class=\"idle\"></i>idle <i class=\"gets\"></i>gets <i class=\"misses\"></i>of them, "
                  "those that made an object</p>\n<div class=\"courses\">\n"
                : "");
        plot_course(to, all[i]);
    }
    say(to, drawn > 0 ? "</div>\n" : "");
    free(all);
}
