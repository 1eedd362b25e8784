/* SPDX-License-Identifier: BSD-2-Clause */
/* /debug/pond as a page: what one opens first when memory grows. It is whole without script and without
 * network. */
#include "../flame/flame.h"
#include "pages.h"
#include "shown.h"
#include <errno.h>
#include <unistd.h>

extern const char page_css[];

#define REFRESH_MOST 3600

static void say_head(struct bytes *to, const struct view *v, unsigned refresh)
{
    say(to, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
            "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
            "<meta name=\"color-scheme\" content=\"light dark\">\n");
    if (refresh > 0)
        bytes_say(to, "<meta http-equiv=\"refresh\" content=\"%u\">\n", refresh);
    bytes_say(to, "<title>Ponds of process %ld</title>\n<link rel=\"icon\" href=\"data:,\">\n<style>\n",
              (long)getpid());
    say(to, page_css);
    say(to, flame_css);
    bytes_say(to, "</style>\n</head>\n<body>\n<header><h1>Ponds</h1><p>process %ld, %s</p>\n<nav>",
              (long)getpid(), shown_time(v->snapshot.time_nanos).text);
    if (refresh > 0)
        bytes_say(to, "loaded anew every %u s \302\267 <a href=\"?fast=%.0f\">no more</a>", refresh,
                  v->faster);
    else
        bytes_say(to,
                  "load anew every <a href=\"?refresh=2&amp;fast=%.0f\">2 s</a> \302\267 "
                  "<a href=\"?refresh=10&amp;fast=%.0f\">10 s</a>",
                  v->faster, v->faster);
    say(to, "</nav></header>\n<main>\n");
}

/* ---- the sums ---- */

struct sums {
    uint64_t live, live_bytes, idle, idle_bytes, resident, slabs, gets, hits, failed;
};

static struct sums sums_of(const struct snapshot *s)
{
    const struct basin *basins = s->basins.items;
    struct sums sums = {0};
    for (size_t i = 0; i < s->basins.count; i++) {
        const pond_stats *p = &basins[i].stats;
        sums.live += p->live;
        sums.live_bytes += p->live_bytes;
        for (size_t k = 0; k < IDLE_STATES; k++) {
            sums.idle += idle_count(&basins[i], idle_states[k].objects);
            sums.idle_bytes += idle_count(&basins[i], idle_states[k].bytes);
        }
        sums.resident += p->resident_bytes;
        sums.slabs += p->slab_bytes;
        sums.gets += p->gets;
        sums.hits += p->hits;
        for (size_t k = 0; k < POND_FAIL_REASONS; k++)
            sums.failed += p->failed[k];
    }
    return sums;
}

static void say_sum(struct bytes *to, const char *style, const char *name, struct shown figure,
                    const char *before, struct shown more, const char *after)
{
    bytes_say(to, "<div class=\"%s\"><dt>%s</dt><dd><b>%s</b><small>%s%s%s</small></dd></div>\n", style, name,
              figure.text, before, more.text, after);
}

static void say_sums(struct bytes *to, const struct view *v)
{
    const struct sums s = sums_of(&v->snapshot);
    const struct shown nothing = {""}, dash = {"\342\200\223"};
    struct shown hits = s.gets > 0 ? shown_percent((double)s.hits / (double)s.gets) : dash;
    say(to, "<dl class=\"sums\">\n");
    say_sum(to, "live", "In use", shown_bytes((double)s.live_bytes), "", shown_count(s.live), " objects");
    say_sum(to, "idle", "Idle", shown_bytes((double)s.idle_bytes), "", shown_count(s.idle), " objects");
    say_sum(to, "", "In memory", shown_bytes((double)s.resident), "of ", shown_bytes((double)s.slabs),
            " of address space");
    say_sum(to, "", "Hits", hits, "of ", shown_count(s.gets), " gets");
    say_sum(to, s.failed > 0 ? "alarm" : "", "Failed gets", shown_count(s.failed),
            s.failed > 0 ? "the table says why" : "none so far", nothing, "");
    say(to, "</dl>\n");
}

static void say_sampling(struct bytes *to, const struct snapshot *s)
{
    if (s->rate == 0) {
        say(to, "<p class=\"hint\">Gets are not sampled: so there are no stacks, no history and no verdicts. "
                "<code>POND_PROFILE=rate=512k</code> in the environment begins with the program, "
                "<code>pond_profile_set(\"rate=512k\")</code> at any time.</p>\n");
        return;
    }
    bytes_say(to,
              "<p class=\"note\">A sample every %s of gets, for %s. Figures of stacks are estimates; those "
              "of ponds are exact.",
              shown_bytes((double)s->rate).text, shown_seconds(s->seconds).text);
    if (s->lost > 0)
        bytes_say(to, " <span class=\"alarm\">%s samples were lost for want of room or memory.</span>",
                  shown_count(s->lost).text);
    say(to, "</p>\n");
}

/* ---- the trace ---- */

struct tracer {
    struct bytes *to;
    bool any;
};

static int say_line(const char *line, void *ctx)
{
    struct tracer *t = ctx;
    say(t->to,
        t->any
            ? ""
            : "<h2 id=\"trace\">Trace</h2>\n<details class=\"trace\"><summary>The last lines</summary><pre>");
    t->any = true;
    say_escaped(t->to, line);
    say(t->to, "\n");
    return 0;
}

bool say_trace(struct bytes *to, const struct view *v)
{
    struct tracer t = {.to = to};
    if (v->source->trace(say_line, &t) != 0)
        return false;
    say(to, t.any ? "</pre></details>\n" : "");
    return true;
}

/* ---- the whole ---- */

static bool say_flame(struct bytes *to, struct view *v)
{
    if (v->snapshot.basins.count + v->snapshot.stacks.count == 0)
        return true;
    say(to,
        "<h2 id=\"flame\">Flame graph <small>bytes in use and idle, the caller above whom it called \302\267 "
        "<a href=\"/debug/pond/flame\">alone</a>, <a "
        "href=\"/debug/pond/flame?value=inuse_objects\">objects</a>, "
        "<a href=\"/debug/pond/flame?value=alloc_space\">all that was got</a></small></h2>\n<div "
        "class=\"picture\">\n");
    bool drawn = draw_flame(to, v, INUSE_SPACE, false);
    say(to, "</div>\n");
    return drawn;
}

static void say_foot(struct bytes *to)
{
    say(to,
        "</main>\n<footer>The same as <a href=\"?format=json\">json</a>, <a href=\"?format=text\">text</a>, "
        "<a href=\"/metrics\">metrics</a>; <a href=\"/debug/pprof/\">for go tool pprof</a>. "
        "pond " POND_VERSION "</footer>\n</body>\n</html>\n");
}

bool form_html(struct bytes *to, struct view *v, const struct request *r)
{
    unsigned refresh;
    if (!query_number(r, "refresh", REFRESH_MOST, &refresh))
        return refuse(to, r, 400, "refresh is a whole number of seconds, 3600 at most.");
    say_head(to, v, refresh);
    say_sums(to, v);
    say_sampling(to, &v->snapshot);
    say_findings(to, v);
    say(to, "<h2 id=\"ponds\">Ponds</h2>\n");
    say_ponds(to, v);
    say_courses(to, v);
    if (v->snapshot.stacks.count > 0) {
        say(to, "<h2 id=\"stacks\">Stacks <small>who got what is in use</small></h2>\n");
        say_stacks(to, v);
    }
    bool made = say_flame(to, v) && say_trace(to, v);
    say_foot(to);
    if (!made)
        errno = ENOMEM;
    return made;
}
