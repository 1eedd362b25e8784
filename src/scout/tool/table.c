// SPDX-License-Identifier: BSD-2-Clause
// The ranked table.
#include "scout.h"

#include <string.h>

static const char *amount(double n, char *text, size_t size)
{
    static const char *const units[] = {"", "K", "M", "G"};
    int unit = 0;
    while (n >= 10000 && unit < 3) {
        n /= 1024;
        unit++;
    }
    snprintf(text, size, "%.0f%s", n, units[unit]);
    return text;
}

static const char *duration(double seconds, char *text, size_t size)
{
    if (seconds < 1e-3)
        snprintf(text, size, "%.0fus", seconds * 1e6);
    else if (seconds < 1)
        snprintf(text, size, "%.0fms", seconds * 1e3);
    else
        snprintf(text, size, "%.0fs", seconds);
    return text;
}

static void put_place(FILE *out, const frame *f)
{
    fputs(f->function, out);
    if (f->file != NULL)
        fprintf(out, " %s:%d", base_name(f->file), f->line);
}

static void put_sizes(FILE *out, const group *g)
{
    char text[96] = "";
    size_t length = 0;
    if (g->pond_size != 0)
        snprintf(text, sizeof text, "%llu", (unsigned long long)g->pond_size);
    else if (g->rest.gets == 0 && g->size_count <= 2)
        for (unsigned i = 0; i < g->size_count; i++)
            length += (size_t)snprintf(text + length, sizeof text - length, "%s%llu", i > 0 ? "," : "",
                                       (unsigned long long)g->sizes[i].size);
    else
        snprintf(text, sizeof text, "%llu..%llu", (unsigned long long)g->all.smallest,
                 (unsigned long long)g->all.largest);
    fprintf(out, " %13s", text);
}

static void put_row(FILE *out, const group *g, double seconds)
{
    char idle[32], half[32], most[32];
    const struct scout_sim *s = &g->all;
    double object = g->object_bytes;
    fprintf(out, "%9.0f", (double)s->gets / seconds);
    put_sizes(out, g);
    fprintf(out, " %6.2f%% %7llu %8s %6s %6s %5.0f%% %6.2f%%  ", 100 * hit_ratio(s),
            (unsigned long long)s->live_peak, amount((double)s->idle_peak * object, idle, sizeof idle),
            duration(life(s, 0.5), half, sizeof half), duration(life(s, 0.99), most, sizeof most),
            s->puts == 0 ? 0 : 100 * (double)s->elsewhere / (double)s->puts, g->saved / 1e7);
    put_place(out, g->site);
    if (g->via != NULL)
        fprintf(out, " by %s", g->via->function);
}

static void put_callers(FILE *out, const group *g)
{
    int told = 0;
    for (size_t i = g->caller_at; i < g->caller->count && told < 2; i++, told++)
        fprintf(out, " < %s", g->caller->frames[i].function);
}

static const char header[] =
    "   gets/s          size    hits    peak     idle    p50    p99 other   saved  where\n";

static size_t put_some(FILE *out, const groups *g, double seconds, const asked *a, bool good)
{
    size_t told = 0, all = 0;
    for (size_t i = 0; i < g->count; i++) {
        const group *one = &g->all[i];
        if (one->good != good)
            continue;
        all++;
        if (a->rows != 0 && told >= (size_t)a->rows)
            continue;
        if (told++ == 0)
            fputs(header, out);
        put_row(out, one, seconds);
        put_callers(out, one);
        fprintf(out, "\n%*s%s: %s\n", 10, "", one->verdict, one->why);
    }
    if (all > told)
        fprintf(out, "          and %zu more (-n 0 shows all)\n", all - told);
    return all;
}

void table_print(FILE *out, const groups *g, const process *p, const asked *a)
{
    const struct scout_file *f = p->file;
    double seconds = p->seconds > 0.001 ? p->seconds : 0.001;
    fprintf(out, "%s, process %u: %.0f allocations in %.1f s at %zu places, by %u threads",
            base_name(f->program), f->process, (double)p->gets, p->seconds, g->count, f->threads);
    if (f->most_every > 1)
        fprintf(out, "; at most one in %u was recorded", f->most_every);
    fputs(".\n", out);
    if (f->lost > 0)
        fprintf(out, "%llu objects were not recorded, for want of room.\n", (unsigned long long)f->lost);
    fputs("\nFor ponds (peak: objects live at once; idle: bytes idle in the pond at most; saved: of one "
          "processor):\n",
          out);
    if (put_some(out, g, seconds, a, true) == 0)
        fputs("          none\n", out);
    fputs("\nNot for ponds:\n", out);
    if (put_some(out, g, seconds, a, false) == 0)
        fputs("          none\n", out);
}
