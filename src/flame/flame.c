// SPDX-License-Identifier: BSD-2-Clause
// Draws the frames, the outermost at the top. Without script the picture is complete, too: the script zooms,
// searches and cuts names to the window's width.
#include "flame.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    WIDTH = 1200,
    ROW = 18,
    TOP = 74,        // of the first frame
    TOP_INSIDE = 48, // in a page
    BOTTOM = 14,     // below the last one
    CHARACTER = 66   // tenths of a pixel: what a character of the font is wide
};

// Percent of the width: a frame that even a zoom by 100 shows half a pixel wide. Of more frames than a
// browser likes the thin ones are left out.
static const double THINNEST = 0.004;
enum { MOST_DRAWN = 50000 };

typedef struct drawing {
    FILE *out;
    const tree *all;
    const flame_frame *frames;
    const flame_style *style;
    double thinnest;
    int top;     // of the first frame
    bool idle;   // the frames that are drawn now stand for idle objects
    bool failed; // there was no memory
} drawing;

static void put_xml(FILE *out, const char *text)
{
    for (uint32_t c; (c = next_character(&text)) != 0;) {
        if (c == '<')
            fputs("&lt;", out);
        else if (c == '>')
            fputs("&gt;", out);
        else if (c == '&')
            fputs("&amp;", out);
        else if (c == '"')
            fputs("&quot;", out);
        else
            put_character(out, c);
    }
}

static size_t length_of(const char *text)
{
    size_t length = 0;
    while (next_character(&text) != 0)
        length++;
    return length;
}

// The name, and how much it is where there is room for both. Where there is not room for the name, as many
// characters as fit, the last of them then an ellipsis; nothing where that is less than three.
static void put_fitting(FILE *out, const char *name, const char *sum, double pixels)
{
    size_t room = pixels < 8 ? 0 : (size_t)((pixels - 8) * 10 / CHARACTER), length = length_of(name);
    if (room < 3)
        return;
    if (length <= room) {
        put_xml(out, name);
        if (length + 2 + strlen(sum) <= room)
            fprintf(out, "  %s", sum);
        return;
    }
    for (size_t i = 0; i + 1 < room; i++) {
        char one[8];
        const char *from = name;
        next_character(&name);
        snprintf(one, sizeof one, "%.*s", (int)(name - from), from);
        put_xml(out, one);
    }
    fputs("â¦", out);
}

static const char *label_of(const flame_frame *f)
{
    return f->name[0] == '\0' ? "(no name)" : f->name;
}

// What the name of an idle state means, in words.
static const char *state_words(const char *state)
{
    static const char *const words[][2] = {{"live", "got and not yet put"},
                                           {"local", "idle in threads' caches"},
                                           {"shared", "idle, for all threads"},
                                           {"victim", "idle, dropped by the next tick"}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strcmp(words[i][0], state) == 0)
            return words[i][1];
    }
    return "state";
}

static void put_title(const drawing *d, const node *n, const flame_frame *f)
{
    FILE *out = d->out;
    fputs("<title>", out);
    put_xml(out, label_of(f));
    fputc('\n', out);
    if (f->kind == FRAME_CODE && f->file[0] != '\0') {
        put_xml(out, f->file);
        fputc('\n', out);
    } else if (f->kind != FRAME_CODE) {
        fprintf(out, "%s\n", f->kind == FRAME_POND ? "pond" : state_words(f->name));
    }
    const node *root = &d->all->nodes[0];
    amount live = amount_of(n->total[LIVE], d->style->unit, false);
    if (d->style->difference) {
        int64_t change = n->total[LIVE] - n->total[BASE];
        fprintf(out, "%s%s: from %s to %s", change > 0 ? "+" : "",
                amount_of(change, d->style->unit, false).text,
                amount_of(n->total[BASE], d->style->unit, false).text, live.text);
    } else {
        const amount part = percent_of(n->total[LIVE], root->total[LIVE]);
        fprintf(out, "%s, %s of all", live.text, part.text + strspn(part.text, " "));
    }
    fputs("</title>", out);
}

static uint32_t hash_of(const char *text)
{
    uint32_t hash = 2166136261;
    for (; *text != '\0'; text++)
        hash = (hash ^ (unsigned char)*text) * 16777619;
    return hash ^ hash >> 15;
}

typedef struct colour {
    int red, green, blue;
} colour;

static int between(int from, int to, double part)
{
    return from + (int)((double)(to - from) * part);
}

static colour mixed(colour from, colour to, double part)
{
    return (colour){between(from.red, to.red, part), between(from.green, to.green, part),
                    between(from.blue, to.blue, part)};
}

// Red by how much of the frame is new, blue by how much of it has gone.
static colour changed(const node *n)
{
    const colour same = {238, 236, 232}, grown = {238, 90, 76}, shrunk = {86, 142, 232};
    double change = (double)n->total[LIVE] - (double)n->total[BASE];
    double most = n->total[LIVE] > n->total[BASE] ? (double)n->total[LIVE] : (double)n->total[BASE];
    double part = most == 0 ? 0 : change / most;
    if (part == 0)
        return same;
    return part > 0 ? mixed(same, grown, 0.15 + 0.85 * part) : mixed(same, shrunk, 0.15 - 0.85 * part);
}

static colour colour_of(const drawing *d, const node *n, const flame_frame *f)
{
    if (d->style->difference)
        return changed(n);
    if (n == &d->all->nodes[0])
        return (colour){222, 219, 212};
    double part = (double)(hash_of(f->name) & 0xff) / 255;
    if (f->kind == FRAME_STATE)
        return d->idle ? (colour){176, 192, 206} : (colour){246, 178, 107};
    if (f->kind == FRAME_POND)
        return d->idle ? (colour){198, 210, 220} : (colour){250, 201, 140};
    return d->idle ? mixed((colour){208, 220, 228}, (colour){190, 210, 222}, part)
                   : mixed((colour){253, 224, 141}, (colour){248, 170, 122}, part);
}

static void draw_frame(const drawing *d, const node *n, const flame_frame *f, double left, double width)
{
    FILE *out = d->out;
    colour fill = colour_of(d, n, f);
    int y = d->top + (int)n->depth * ROW;
    fprintf(out, "<g data-v=\"%" PRId64 "\"", n->total[LIVE]);
    if (d->style->difference)
        fprintf(out, " data-b=\"%" PRId64 "\"", n->total[BASE]);
    fputs(f->kind == FRAME_CODE ? ">" : " class=\"label\">", out);
    put_title(d, n, f);
    fprintf(out, "<rect x=\"%.4f%%\" y=\"%d\" width=\"%.4f%%\" height=\"%d\" fill=\"#%02x%02x%02x\"/>", left,
            y, width, ROW - 1, (unsigned)fill.red, (unsigned)fill.green, (unsigned)fill.blue);
    fprintf(out, "<text x=\"%.4f%%\" y=\"%d\" dx=\"4\">", left, y + 13);
    int64_t shown = n->total[LIVE] - (d->style->difference ? n->total[BASE] : 0);
    amount sum = amount_of(shown, d->style->unit, false);
    char text[64];
    snprintf(text, sizeof text, "%s%s", d->style->difference && shown > 0 ? "+" : "", sum.text);
    put_fitting(out, label_of(f), text, width * WIDTH / 100);
    fputs("</text></g>\n", out);
}

static double share(const drawing *d, const node *n)
{
    int64_t all = d->all->nodes[0].width;
    return all == 0 ? 0 : (double)n->width / (double)all * 100;
}

static void draw_below(drawing *d, uint32_t number, double left)
{
    size_t count;
    uint32_t *children = tree_children(d->all, d->frames, number, &count);
    d->failed = d->failed || children == NULL;
    for (size_t i = 0; i < count && !d->failed; i++) {
        const node *n = &d->all->nodes[children[i]];
        const flame_frame *f = &d->frames[n->frame];
        double width = share(d, n);
        if (width < d->thinnest)
            break;
        if (f->kind == FRAME_STATE)
            d->idle = strcmp(f->name, "live") != 0;
        draw_frame(d, n, f, left, width);
        draw_below(d, children[i], left);
        left += width;
        if (f->kind == FRAME_STATE)
            d->idle = false;
    }
    free(children);
}

static uint32_t deepest_drawn(const drawing *d)
{
    uint32_t deepest = 0;
    for (size_t i = 0; i < d->all->count; i++) {
        const node *n = &d->all->nodes[i];
        if (n->depth > deepest && share(d, n) >= d->thinnest)
            deepest = n->depth;
    }
    return deepest;
}

static double thinnest_drawn(const drawing *d)
{
    size_t most = d->style->most > 0 ? d->style->most : MOST_DRAWN;
    for (double thinnest = THINNEST;; thinnest *= 2) {
        size_t drawn = 0;
        for (size_t i = 0; i < d->all->count; i++)
            drawn += share(d, &d->all->nodes[i]) >= thinnest;
        if (drawn <= most || thinnest > 100)
            return thinnest;
    }
}

// The first line of what is drawn alone.
static void draw_title(const drawing *d)
{
    FILE *out = d->out;
    fputs("<title>", out);
    put_xml(out, d->style->title);
    fprintf(out, "</title>\n<style>\n%s</style>\n", flame_css);
    fputs("<rect class=\"paper\" width=\"100%\" height=\"100%\"/>\n<text class=\"head\" x=\"12\" y=\"24\">",
          out);
    put_xml(out, d->style->title);
    fputs("</text>\n<text class=\"sub\" x=\"12\" y=\"42\">", out);
    put_xml(out, d->style->subtitle);
    fputs("</text>\n", out);
}

static void draw_head(const drawing *d, int height)
{
    FILE *out = d->out;
    const node *root = &d->all->nodes[0];
    if (d->style->title != NULL)
        fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n", out);
    fprintf(out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"flame\" "
            "width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\"",
            WIDTH, height, WIDTH, height);
    fprintf(out, " data-unit=\"");
    put_xml(out, d->style->unit);
    fprintf(out, "\" data-total=\"%" PRId64 "\"%s>\n", root->total[LIVE],
            d->style->difference ? " data-difference=\"\"" : "");
    if (d->style->title != NULL)
        draw_title(d);
    fprintf(out,
            "<text class=\"told\" x=\"%d\" y=\"%d\"></text>\n<text class=\"found\" x=\"100%%\" "
            "dx=\"-12\" y=\"%d\"></text>\n"
            "<text class=\"reset\" x=\"100%%\" dx=\"-12\" y=\"%d\" role=\"button\">reset zoom</text>\n<g "
            "class=\"frames\">\n",
            d->style->title != NULL ? 12 : 0, d->top - 12, d->top - 30, d->top - 12);
}

bool flame_draw(FILE *out, const tree *all, const flame_frame *frames, const flame_style *style)
{
    static const flame_frame root = {.name = "all", .file = ""};
    drawing d = {.out = out, .all = all, .frames = frames, .style = style};
    d.top = style->title != NULL ? TOP : TOP_INSIDE;
    d.thinnest = thinnest_drawn(&d);
    draw_head(&d, d.top + ((int)deepest_drawn(&d) + 1) * ROW + BOTTOM);
    draw_frame(&d, &all->nodes[0], &root, 0, 100);
    draw_below(&d, 0, 0);
    fprintf(out, "</g>\n<script><![CDATA[\n%s]]></script>\n</svg>\n", flame_js);
    return !d.failed;
}
