// SPDX-License-Identifier: BSD-2-Clause
// Sums by function, sorted and printed.
#include "table.h"

#include <stdlib.h>
#include <string.h>

void table_add(table *sums, int side, const profile *p, const names *all, pick *k, size_t type)
{
    if (sums->rows == NULL)
        sums->rows = allocate(all->count, sizeof *sums->rows);
    for (size_t i = 0; i < p->count; i++) {
        const sample *s = &p->samples[i];
        int64_t value = s->values[type];
        sums->added++;
        sums->total[side] = add(sums->total[side], value);
        if (!pick_takes(k, all, s))
            continue;
        sums->taken[side]++;
        for (size_t j = 0; j < s->count; j++) {
            table_row *row = &sums->rows[s->frames[j]];
            if (j == 0)
                row->flat[side] = add(row->flat[side], value);
            if (row->seen != sums->added) // a function that calls itself counts once
                row->cum[side] = add(row->cum[side], value);
            row->seen = sums->added;
        }
    }
}

void table_free(table *sums)
{
    free(sums->rows);
    *sums = (table){0};
}

// A row as it is shown.
typedef struct line {
    const frame *frame;
    int64_t flat, cum;
    int64_t first, second; // flat and cum, or cum and flat: what it is sorted by
    int group;             // 0 grown, 1 as it was, 2 shrunk
} line;

static uint64_t size_of(int64_t value)
{
    return value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
}

static int compare(uint64_t a, uint64_t b)
{
    return (a < b) - (a > b);
}

// The largest first, whatever the sign: these are kept where there are more than are shown.
static int by_size(const void *a, const void *b)
{
    const line *x = a, *y = b;
    int order = compare(size_of(x->first), size_of(y->first));
    if (order == 0)
        order = compare(size_of(x->second), size_of(y->second));
    if (order == 0)
        order = strcmp(x->frame->name, y->frame->name);
    return order != 0 ? order : strcmp(x->frame->file, y->frame->file);
}

static int by_group(const void *a, const void *b)
{
    const line *x = a, *y = b;
    return x->group != y->group ? x->group - y->group : by_size(a, b);
}

static line *lines_of(const table *sums, const names *all, const table_style *style, size_t *count)
{
    line *lines = allocate(all->count, sizeof *lines);
    *count = 0;
    for (size_t i = 0; i < all->count && sums->rows != NULL; i++) {
        const table_row *row = &sums->rows[i];
        line l = {.frame = &all->frames[i], .flat = row->flat[LIVE], .cum = row->cum[LIVE]};
        if (style->difference) {
            l.flat -= row->flat[BASE];
            l.cum -= row->cum[BASE];
        }
        if (l.flat == 0 && l.cum == 0)
            continue;
        l.first = style->cum ? l.cum : l.flat;
        l.second = style->cum ? l.flat : l.cum;
        int64_t change = l.first != 0 ? l.first : l.second;
        l.group = change > 0 ? 0 : 2;
        lines[(*count)++] = l;
    }
    return lines;
}

static void print_head(FILE *out, const table *sums, const table_style *style, size_t shown, size_t count,
                       int64_t accounted)
{
    amount live = amount_of(sums->total[LIVE], style->unit, style->exact);
    if (style->difference) {
        amount base = amount_of(sums->total[BASE], style->unit, style->exact);
        amount change = amount_of(sums->total[LIVE] - sums->total[BASE], style->unit, style->exact);
        fprintf(out, "Before %s, now %s, changed by %s. Percentages are of what was before.\n", base.text,
                live.text, change.text);
    } else {
        amount sum = amount_of(accounted, style->unit, style->exact);
        amount part = percent_of(accounted, sums->total[LIVE]);
        fprintf(out, "Shown: %s, %s of %s.\n", sum.text, part.text + strspn(part.text, " "), live.text);
    }
    if (shown < count)
        fprintf(out, "%zu of %zu functions; -n 0 shows all.\n", shown, count);
    fprintf(out, "%10s %5s%% %5s%% %10s %5s%%\n", "flat", "flat", "sum", "cum", "cum");
}

void table_print(FILE *out, const table *sums, const names *all, const table_style *style)
{
    size_t count;
    line *lines = lines_of(sums, all, style, &count);
    qsort(lines, count, sizeof *lines, by_size);
    size_t shown = style->most > 0 && (size_t)style->most < count ? (size_t)style->most : count;
    if (style->difference)
        qsort(lines, shown, sizeof *lines, by_group);
    int64_t accounted = 0;
    for (size_t i = 0; i < shown; i++)
        accounted = add(accounted, lines[i].flat);
    print_head(out, sums, style, shown, count, accounted);
    int64_t total = style->difference ? sums->total[BASE] : sums->total[LIVE];
    int64_t sum = 0;
    for (size_t i = 0; i < shown; i++) {
        const line *l = &lines[i];
        sum = add(sum, l->flat);
        fprintf(out, "%10s %s %s %10s %s  ", amount_of(l->flat, style->unit, style->exact).text,
                percent_of(l->flat, total).text, percent_of(sum, total).text,
                amount_of(l->cum, style->unit, style->exact).text, percent_of(l->cum, total).text);
        put_frame(out, l->frame);
        fputc('\n', out);
    }
    free(lines);
}
