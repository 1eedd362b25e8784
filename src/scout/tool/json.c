// SPDX-License-Identifier: BSD-2-Clause
// The table as JSON: an array of objects, the best first.
#include "scout.h"

static void put_text(FILE *out, const char *text)
{
    if (text == NULL) {
        fputs("null", out);
        return;
    }
    fputc('"', out);
    for (const unsigned char *c = (const unsigned char *)text; *c != '\0'; c++) {
        if (*c == '"' || *c == '\\')
            fprintf(out, "\\%c", *c);
        else if (*c < 0x20 || *c == 0x7f)
            fprintf(out, "\\u%04x", *c);
        else
            fputc(*c, out);
    }
    fputc('"', out);
}

static void put_member(FILE *out, const char *name, const char *text)
{
    fprintf(out, ",\"%s\":", name);
    put_text(out, text);
}

static void put_number(FILE *out, const char *name, double n)
{
    fprintf(out, ",\"%s\":%.10g", name, n);
}

static void put_frame(FILE *out, const frame *f)
{
    fputs("{\"function\":", out);
    put_text(out, f->function);
    put_member(out, "file", f->file);
    put_number(out, "line", f->line);
    put_member(out, "module", f->module != NULL ? f->module->path : NULL);
    fputc('}', out);
}

static void put_sizes(FILE *out, const group *g)
{
    fputs(",\"sizes\":[", out);
    for (unsigned i = 0; i < g->size_count; i++)
        fprintf(out, "%s{\"size\":%llu,\"gets\":%llu,\"hit_ratio\":%.6f}", i > 0 ? "," : "",
                (unsigned long long)g->sizes[i].size, (unsigned long long)g->sizes[i].gets,
                hit_ratio(&g->sizes[i]));
    fputc(']', out);
}

static void put_frames(FILE *out, const group *g)
{
    fputs(",\"freed_by\":[", out);
    for (unsigned i = 0; i < g->end_count; i++) {
        fputs(i > 0 ? "," : "", out);
        put_frame(out, g->ends[i]);
    }
    fputs("],\"callers\":[", out);
    for (size_t i = g->caller_at; i < g->caller->count; i++) {
        fputs(i > g->caller_at ? "," : "", out);
        put_frame(out, &g->caller->frames[i]);
    }
    fputc(']', out);
}

static void put_group(FILE *out, const group *g, double seconds)
{
    const struct scout_sim *s = &g->all;
    double object = g->object_bytes;
    fputs("{\"function\":", out);
    put_text(out, g->site->function);
    put_member(out, "file", g->site->file);
    put_number(out, "line", g->site->line);
    put_member(out, "module", g->site->module != NULL ? g->site->module->path : NULL);
    put_member(out, "by", g->via != NULL ? g->via->function : NULL);
    put_number(out, "size", (double)(g->pond_size != 0 ? g->pond_size : s->largest));
    put_sizes(out, g);
    put_member(out, "type", g->type);
    put_number(out, "gets", (double)s->gets);
    put_number(out, "gets_per_second", (double)s->gets / seconds);
    put_number(out, "hit_ratio", hit_ratio(s));
    put_number(out, "live_peak", (double)s->live_peak);
    put_number(out, "bytes_peak", (double)s->live_peak * object);
    put_number(out, "idle_bytes_peak", (double)s->idle_peak * object);
    put_number(out, "life_p50", life(s, 0.5));
    put_number(out, "life_p99", life(s, 0.99));
    put_number(out, "other_thread", s->puts == 0 ? 0 : (double)s->elsewhere / (double)s->puts);
    put_number(out, "resized", s->puts == 0 ? 0 : (double)s->resized / (double)s->puts);
    put_number(out, "cleared", (double)s->cleared / (double)s->gets);
    put_number(out, "parts", g->parts);
    put_number(out, "saved_ns_per_second", g->saved);
    put_frames(out, g);
    put_member(out, "verdict", g->verdict);
    put_member(out, "why", g->why);
    fputc('}', out);
}

void json_print(FILE *out, const groups *g, const process *p)
{
    double seconds = p->seconds > 0.001 ? p->seconds : 0.001;
    fputc('[', out);
    for (size_t i = 0; i < g->count; i++) {
        fputs(i > 0 ? ",\n" : "\n", out);
        put_group(out, &g->all[i], seconds);
    }
    fputs("\n]\n", out);
}
