// SPDX-License-Identifier: BSD-2-Clause
// What the judge says of simulated programs, each for two hours, looked at each minute:
//
//     simulation [--runs=40] [--rate=65536] [--faster=1] [--show] [PATTERN...]
//
// Seeds are fixed. Exit status: 1 when something was said that is not expected. --show prints each change of
// the first run, in words.
#include "patterns.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int runs = 40;
static double rate = 65536, faster = 1;
static bool show;

struct tally {
    int ever[VERDICTS]; // runs
    int looks[VERDICTS], later[VERDICTS], all;
    int first[1000]; // of what is wanted
    int found, wrong;
    char why[200];
};

static void wrong(struct tally *t, int run, int minute, const char *what, enum verdict v)
{
    if (t->wrong++ == 0)
        snprintf(t->why, sizeof t->why, "run %d, minute %d: %s %s", run, minute, what, verdict_name(v));
}

static void look(struct tally *t, const struct pattern *p, int run, int minute, enum verdict v,
                 unsigned *seen)
{
    t->looks[v]++;
    t->all++;
    if ((*seen & IS(v)) == 0)
        t->ever[v]++;
    if (((p->allowed | p->wanted) & IS(v)) == 0)
        wrong(t, run, minute, "it is called", v);
    if (p->gone > 0 && minute >= p->gone && (p->allowed_later & IS(v)) == 0)
        wrong(t, run, minute, "it is still called", v);
    if ((p->wanted & IS(v)) != 0 && (p->wanted & *seen) == 0) {
        t->first[t->found++] = minute;
        if (minute < p->from || minute > p->until)
            wrong(t, run, minute, "at that time it is first called", v);
    }
    *seen |= IS(v);
}

static void run_once(struct tally *t, const struct pattern *p, int number, int run)
{
    static struct sim s;
    unsigned seen = 0;
    enum verdict before = VERDICTS;
    sim_start(&s, (uint64_t)run * 7919 + (uint64_t)number * 104729 + 1, p->every_get ? 1 : rate, faster);
    p->fill(&s, p->figure);
    for (int minute = 1; minute <= MINUTES; minute++) {
        struct verdict_result r;
        sim_minute(&s, minute);
        sim_judge(&s, p->judged, minute, &r, false);
        if (show && run == 0 && r.verdict != before)
            sim_judge(&s, p->judged, minute, &r, true);
        before = r.verdict;
        if (minute >= 4)
            look(t, p, run, minute, r.verdict, &seen);
    }
    if (p->wanted != 0 && (p->wanted & seen) == 0)
        wrong(t, run, MINUTES, "it was never called as expected, at the end", before);
    sim_end(&s);
}

static int by_size(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

static void print(const struct pattern *p, struct tally *t)
{
    static const enum verdict shown[] = {VERDICT_LEAK,       VERDICT_SLOW_LEAK, VERDICT_HELD,
                                         VERDICT_WARMING_UP, VERDICT_FILLING,   VERDICT_GROWING};
    char first[40] = "-";
    qsort(t->first, (size_t)t->found, sizeof *t->first, by_size);
    if (t->found > 0)
        snprintf(first, sizeof first, "%d (%d..%d)", t->first[t->found / 2], t->first[0],
                 t->first[t->found - 1]);
    printf("%-26s %-29s %-13s", p->name, p->expected, first);
    for (size_t i = 0; i < sizeof shown / sizeof *shown; i++)
        printf(" %4d %5.1f%%", t->ever[shown[i]], 100.0 * t->looks[shown[i]] / t->all);
    printf("  %s\n", t->wrong == 0 ? "as expected" : t->why);
    fflush(stdout);
}

static bool is_asked(const char *name, char **words, int count)
{
    bool any = false;
    for (int i = 1; i < count; i++) {
        if (words[i][0] == '-')
            continue;
        any = true;
        if (strcmp(words[i], name) == 0)
            return true;
    }
    return !any;
}

static bool take(const char *word)
{
    if (strcmp(word, "--show") == 0)
        return show = true;
    return sscanf(word, "--runs=%d", &runs) == 1 || sscanf(word, "--rate=%lf", &rate) == 1 ||
           sscanf(word, "--faster=%lf", &faster) == 1 || word[0] != '-';
}

int main(int count, char **words)
{
    for (int i = 1; i < count; i++) {
        if (!take(words[i]) || runs < 1 || runs > 1000) {
            fprintf(stderr, "simulation: what is %s?\n", words[i]);
            return 2;
        }
    }
    printf("%d runs of %d minutes each; verdicts: in how many runs, and of how many looks\n", runs, MINUTES);
    printf("%-26s %-29s %-13s %11s %11s %11s %11s %11s %11s\n", "pattern", "expected", "found, min", "leak",
           "slow", "held", "warming", "filling", "growing");
    int bad = 0;
    for (int i = 0; i < pattern_count; i++) {
        if (!is_asked(patterns[i].name, words, count))
            continue;
        struct tally t = {.found = 0};
        for (int run = 0; run < runs; run++)
            run_once(&t, &patterns[i], i, run);
        print(&patterns[i], &t);
        bad += t.wrong > 0;
    }
    printf("%d patterns are not judged as expected\n", bad);
    return bad > 0;
}
