// SPDX-License-Identifier: BSD-2-Clause
// Stacks with their verdicts, in the order in which one wants to read of them.
#include "judged.h"

#include <stdlib.h>
#include <string.h>

bool is_found(const judged *v)
{
    return v->result.verdict != VERDICT_STEADY && v->result.verdict != VERDICT_TOO_EARLY;
}

// Leaks before what only grows, before what is steady; of the same the fastest, then the largest.
static int weight(const judged *v)
{
    static const int weights[VERDICTS] = {
        [VERDICT_LEAK] = 7,    [VERDICT_SLOW_LEAK] = 6,  [VERDICT_FILLING] = 5,  [VERDICT_HELD] = 4,
        [VERDICT_GROWING] = 3, [VERDICT_WARMING_UP] = 2, [VERDICT_TOO_EARLY] = 1};
    return weights[v->result.verdict];
}

static int by_weight(const void *a, const void *b)
{
    const judged *x = a, *y = b;
    int order = weight(y) - weight(x);
    double grows = y->result.growth_bytes_per_minute - x->result.growth_bytes_per_minute;
    double larger = y->inuse_bytes - x->inuse_bytes;
    return order != 0 ? order : grows != 0 ? (grows > 0) - (grows < 0) : (larger > 0) - (larger < 0);
}

bool judgement_make(judgement *j, const profile *p, double faster, trouble *t)
{
    history h;
    *j = (judgement){0};
    if (!history_decode(&h, p, t))
        return false;
    j->all = allocate(h.stack_count, sizeof *j->all);
    j->count = h.stack_count;
    j->seconds = h.seconds;
    for (size_t i = 0; i < h.stack_count; i++) {
        const struct verdict_stack *s = &h.stacks[i];
        judged *v = &j->all[i];
        v->of = &p->samples[h.samples[i]];
        v->pond = v->of->pond[0] == '\0' && s->pond != NULL ? s->pond->name : v->of->pond;
        v->inuse_bytes = s->inuse_bytes;
        verdict_judge(&v->result, s, h.seconds, faster);
        verdict_words(v->words, sizeof v->words, &v->result, s, h.seconds, faster);
    }
    qsort(j->all, j->count, sizeof *j->all, by_weight);
    history_free(&h);
    return true;
}

void judgement_free(judgement *j)
{
    free(j->all);
    *j = (judgement){0};
}

const char *function_of(const names *all, const sample *s)
{
    return s->count == 0 ? "" : all->frames[s->frames[0]].name;
}

void put_stack(FILE *out, const names *all, const sample *s, size_t most)
{
    for (size_t i = 0; i < s->count && i < most; i++) {
        fputs(i == 0 ? "" : " < ", out);
        put_frame(out, &all->frames[s->frames[i]]);
    }
    fputs(s->count > most ? " < ..." : "", out);
}

static int64_t whole(double value)
{
    return value < 9e18 ? (int64_t)value : INT64_MAX;
}

enum { WIDTH = 100 };

static void put_wrapped(FILE *out, const char *words)
{
    size_t column = 0;
    while (*words != '\0') {
        size_t length = strcspn(words, " ");
        if (column > 0 && column + 1 + length > WIDTH) {
            fputc('\n', out);
            column = 0;
        }
        column += (size_t)fprintf(out, "%s%.*s", column == 0 ? "    " : " ", (int)length, words);
        words += length + strspn(words + length, " ");
    }
    fputc('\n', out);
}

void put_judged(FILE *out, const names *all, const judged *v)
{
    const struct verdict_result *r = &v->result;
    fputs(verdict_name(r->verdict), out);
    if (r->verdict == VERDICT_FILLING)
        fprintf(out, ", %d%%", (int)(r->full * 100));
    fputs(": ", out);
    put_name(out, v->pond);
    fprintf(out, ", %s in use", amount_of(whole(v->inuse_bytes), "bytes", false).text);
    if (r->growth_bytes_per_minute > 0)
        fprintf(out, ", %s a minute more", amount_of(whole(r->growth_bytes_per_minute), "bytes", false).text);
    fputs("\n    ", out);
    put_stack(out, all, v->of, 4);
    fputc('\n', out);
    put_wrapped(out, v->words);
}
