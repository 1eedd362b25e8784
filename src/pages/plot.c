/* SPDX-License-Identifier: BSD-2-Clause */
#include "plot.h"
#include "pages.h"
#include "shown.h"

#define WIDTH 400.0 /* of a drawing; it is shown as wide as there is room */

/* Numbers in a row; what they stand on, too, where that is drawn below them. */
struct row {
    const uint64_t *values, *base;
    size_t count;
};

static double value_at(const struct row *r, size_t i)
{
    return (double)r->values[i] + (r->base != NULL ? (double)r->base[i] : 0);
}

static double highest(const struct row *r)
{
    double most = 0;
    for (size_t i = 0; i < r->count; i++)
        most = value_at(r, i) > most ? value_at(r, i) : most;
    return most;
}

static double across(const struct row *r, size_t i)
{
    return r->count < 2 ? 0 : (double)i * WIDTH / (double)(r->count - 1);
}

/* A line through the values, from left to right, and for an area back along the bottom. */
static void say_path(struct bytes *to, const struct row *r, const char *style, double height, double top,
                     bool area)
{
    bytes_say(to, "<path class=\"%s\" d=\"", style);
    for (size_t i = 0; i < r->count; i++)
        bytes_say(to, "%c%.1f %.1f", i == 0 ? 'M' : 'L', across(r, i),
                  height - (top > 0 ? value_at(r, i) / top : 0) * (height - 2) - 1);
    if (area)
        bytes_say(to, "L%.1f %.1fL0 %.1fZ", WIDTH, height, height);
    say(to, "\"/>");
}

static void say_begin(struct bytes *to, const char *style, double height, const char *label)
{
    bytes_say(to,
              "<svg class=\"plot %s\" viewBox=\"0 0 %.0f %.0f\" preserveAspectRatio=\"none\" role=\"img\" "
              "aria-label=\"%s\">",
              style, WIDTH, height, label);
}

void plot_line(struct bytes *to, const struct basin *b)
{
    struct row live = {b->history->live_bytes, NULL, b->history->count};
    if (live.count < 2)
        return;
    say_begin(to, "line", 32, "bytes in use over time");
    double top = highest(&live);
    say_path(to, &live, "live area", 32, top, true);
    say_path(to, &live, "live stroke", 32, top, false);
    double change = (double)live.values[live.count - 1] - (double)live.values[0];
    bytes_say(to, "</svg><small>%s in %s</small>", change != 0 ? shown_growth(change).text : "no change",
              shown_seconds(b->history->interval * (double)(live.count - 1)).text);
}

static void say_memory(struct bytes *to, const pond_history *h)
{
    struct row live = {h->live_bytes, NULL, h->count}, all = {h->idle_bytes, h->live_bytes, h->count};
    double top = highest(&all);
    bytes_say(to, "<p class=\"most\">%s</p>", shown_bytes(top).text);
    say_begin(to, "memory", 100, "bytes in use and idle over time");
    say_path(to, &all, "idle area", 100, top, true);
    say_path(to, &live, "live area", 100, top, true);
    say_path(to, &live, "live stroke", 100, top, false);
    say(to, "</svg>");
}

/* The last interval is under way, and has not all of its gets. */
static void say_gets(struct bytes *to, const pond_history *h)
{
    struct row gets = {h->gets, NULL, h->count - 1}, misses = {h->misses, NULL, h->count - 1};
    double top = highest(&gets);
    say_begin(to, "gets", 28, "gets and misses over time");
    say_path(to, &gets, "gets area", 28, top, true);
    say_path(to, &misses, "misses area", 28, top, true);
    bytes_say(to, "</svg><p class=\"most\">%s gets a second at most</p>", shown_rate(top / h->interval).text);
}

void plot_course(struct bytes *to, const struct basin *b)
{
    const pond_history *h = b->history;
    if (h->count < 3)
        return;
    say(to, "<figure><figcaption><b>");
    say_escaped(to, b->name);
    bytes_say(to, "</b> <span>%s in use</span></figcaption>", shown_bytes((double)b->stats.live_bytes).text);
    say_memory(to, h);
    say_gets(to, h);
    bytes_say(to, "<p class=\"time\"><span>%s ago</span><span>now</span></p></figure>\n",
              shown_seconds(h->interval * (double)(h->count - 1)).text);
}

void plot_bar(struct bytes *to, const struct part *parts, size_t count, double all)
{
    double left = 0;
    bytes_say(to,
              "<svg class=\"bar\" viewBox=\"0 0 %.0f 8\" preserveAspectRatio=\"none\" aria-hidden=\"true\">",
              WIDTH);
    for (size_t i = 0; i < count; i++) {
        double width = all > 0 ? parts[i].size / all * WIDTH : 0;
        if (width > 0)
            bytes_say(to,
                      "<rect class=\"%s\" x=\"%.1f\" width=\"%.1f\" height=\"8\"><title>%s</title></rect>",
                      parts[i].style, left, width, parts[i].name);
        left += width;
    }
    say(to, "</svg>");
}
