/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where the knee is: knee < knee.csv. Reads `kind,size,repetition,measure,value` and prints, for each kind,
 * lines `kind,what,value,low,high`; low and high are the 2.5 and 97.5 percentiles of the bootstrap, or empty.
 * What was not measured in every repetition and size is an error. Size 0, the kind's own choice, stands
 * apart.
 */
#include "curve.h"
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KINDS = 8, MEASURES = 32, NAME = 32 };

struct series {
    char measure[NAME];
    struct table fixed; /* by size */
    size_t owns;        /* measured at size 0, which may be several in a repetition */
    double own[REPETITIONS];
};

struct kind {
    char name[NAME];
    size_t count;
    struct series series[MEASURES];
};

static struct kind *kinds;
static size_t kind_count;

_Noreturn static void die(const char *what, const char *detail)
{
    (void)fprintf(stderr, "knee: %s%s\n", what, detail);
    exit(1);
}

/* ---- reading ---- */

static struct kind *kind_of(const char *name)
{
    for (size_t i = 0; i < kind_count; i++)
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    if (kind_count == KINDS)
        die("too many kinds: ", name);
    (void)snprintf(kinds[kind_count].name, NAME, "%s", name);
    return &kinds[kind_count++];
}

static struct series *find_series(struct kind *k, const char *measure)
{
    for (size_t i = 0; i < k->count; i++)
        if (strcmp(k->series[i].measure, measure) == 0)
            return &k->series[i];
    return NULL;
}

/* What disturbs a run only slows it down: on a virtual machine a part of the runs is slower by a third. So of
   rates the typical one is the 80th percentile of the repetitions, not their median. */
static double share_of(const char *measure)
{
    return strcmp(measure, "qps") == 0 || strcmp(measure, "requests_per_cpu_s") == 0 ? 0.8 : 0.5;
}

static void clear(struct series *s)
{
    for (size_t r = 0; r < REPETITIONS; r++)
        for (size_t c = 0; c < PLACES; c++)
            s->fixed.y[r][c] = NAN;
}

static struct series *series_of(struct kind *k, const char *measure)
{
    struct series *s = find_series(k, measure);
    if (s != NULL)
        return s;
    if (k->count == MEASURES)
        die("too many measures: ", measure);
    s = &k->series[k->count++];
    clear(s);
    s->fixed.share = share_of(measure);
    (void)snprintf(s->measure, NAME, "%s", measure);
    return s;
}

/* Places stay in rising order. */
static size_t column_of(struct table *t, double x)
{
    size_t c = 0;
    while (c < t->columns && t->x[c] < x)
        c++;
    if (c < t->columns && t->x[c] == x)
        return c;
    if (t->columns == PLACES)
        die("too many sizes", "");
    for (size_t to = t->columns++; to > c; to--) {
        t->x[to] = t->x[to - 1];
        for (size_t r = 0; r < REPETITIONS; r++)
            t->y[r][to] = t->y[r][to - 1];
    }
    t->x[c] = x;
    for (size_t r = 0; r < REPETITIONS; r++)
        t->y[r][c] = NAN;
    return c;
}

static void note(const char *kind, double size, size_t repetition, const char *measure, double value)
{
    struct series *s = series_of(kind_of(kind), measure);
    if (repetition < 1 || repetition > REPETITIONS)
        die("no such repetition: ", kind);
    s->fixed.rows = repetition > s->fixed.rows ? repetition : s->fixed.rows;
    if (size == 0 && s->owns == REPETITIONS)
        die("too many runs of its own choice: ", kind);
    if (size == 0)
        s->own[s->owns++] = value;
    else
        s->fixed.y[repetition - 1][column_of(&s->fixed, size)] = value;
}

static void read_all(void)
{
    char line[256], kind[NAME], measure[NAME];
    double size, value;
    size_t repetition;
    while (fgets(line, sizeof line, stdin) != NULL)
        if (sscanf(line, "%31[^,],%lf,%zu,%31[^,],%lf", kind, &size, &repetition, measure, &value) == 5)
            note(kind, size, repetition, measure, value);
}

static void must_be_complete(const struct kind *k)
{
    for (size_t i = 0; i < k->count; i++) {
        const struct table *t = &k->series[i].fixed;
        if (t->columns < 7)
            die("fewer than seven sizes of ", k->name);
        for (size_t r = 0; r < t->rows; r++)
            for (size_t c = 0; c < t->columns; c++)
                if (isnan(t->y[r][c]))
                    die("a size or repetition is missing of ", k->name);
    }
}

/* ---- saying ---- */

static void say(const char *kind, const char *what, double value, double low, double high)
{
    (void)printf("%s,%s,%.6g,", kind, what, value);
    if (isnan(low))
        (void)printf(",\n");
    else
        (void)printf("%.6g,%.6g\n", low, high);
}

static void say_word(const char *kind, const char *what, const char *word)
{
    (void)printf("%s,%s,%s,,\n", kind, what, word);
}

static void say_resampled(const char *kind, const char *what, double value, double *at)
{
    double high[RESAMPLES];
    memcpy(high, at, sizeof high);
    double low = curve_quantile(at, RESAMPLES, 0.025);
    say(kind, what, value, low, curve_quantile(high, RESAMPLES, 0.975));
}

static const struct table *need(struct kind *k, const char *measure)
{
    struct series *s = find_series(k, measure);
    if (s == NULL)
        die("not measured: ", measure);
    return &s->fixed;
}

/* What a measure typically is at a size. */
static double value_at(const struct table *t, double x)
{
    double typical[PLACES];
    curve_typical(t, typical);
    for (size_t c = 0; c < t->columns; c++)
        if (t->x[c] == x)
            return typical[c];
    return NAN;
}

/* What another measure is at the bend: each resample at its own bend. */
static void say_at_bend(struct kind *k, const char *prefix, const char *measure, const struct bend *b)
{
    char what[2 * NAME];
    struct table resample;
    double at[RESAMPLES];
    const struct table *t = need(k, measure);
    for (size_t i = 0; i < RESAMPLES; i++) {
        curve_resample(t, i, &resample);
        at[i] = value_at(&resample, b->at[i]);
    }
    (void)snprintf(what, sizeof what, "%s_%s", prefix, measure);
    say_resampled(k->name, what, value_at(t, b->x), at);
}

static const char *const at_bend[] = {"qps", "fragmentation", "resident_per_live", "allocations_per_s",
                                      "p99_ns"};

static void say_bend(struct kind *k, const char *prefix, const struct bend *b)
{
    static const char *const words[] = {"found", "flat", "straight", "unsure"};
    char what[2 * NAME];
    (void)snprintf(what, sizeof what, "%s_verdict", prefix);
    say_word(k->name, what, words[b->verdict]);
    (void)snprintf(what, sizeof what, "%s_p_flat", prefix);
    say(k->name, what, b->p_flat, NAN, NAN);
    (void)snprintf(what, sizeof what, "%s_p_straight", prefix);
    say(k->name, what, b->p_straight, NAN, NAN);
    (void)snprintf(what, sizeof what, "%s_found_share", prefix);
    say(k->name, what, b->found, NAN, NAN);
    if (b->verdict != BEND_FOUND)
        return;
    (void)snprintf(what, sizeof what, "%s_size", prefix);
    say(k->name, what, b->x, b->low, b->high);
    for (size_t i = 0; i < sizeof at_bend / sizeof *at_bend; i++)
        if (find_series(k, at_bend[i]) != NULL) /* own measures no latency */
            say_at_bend(k, prefix, at_bend[i], b);
}

/* ---- the best fixed size, and the kind's own choice beside it ---- */

static size_t best_column(const struct table *t, double *smooth)
{
    double typical[PLACES];
    size_t best = 0;
    curve_typical(t, typical);
    curve_smooth(typical, t->columns, smooth);
    for (size_t c = 1; c < t->columns; c++)
        best = smooth[c] > smooth[best] ? c : best;
    return best;
}

/* The smoothed curves at the best size: the largest of many noisy figures alone would be too large. */
static void best_of(const struct table *qps, const struct table *frag, double out[3])
{
    double smooth[PLACES], other[PLACES], typical[PLACES];
    size_t best = best_column(qps, smooth);
    curve_typical(frag, typical);
    curve_smooth(typical, frag->columns, other);
    out[0] = qps->x[best];
    out[1] = smooth[best];
    out[2] = other[best];
}

/* Of a measure the smoothed curve at its ends and at the best size, where it is measured. */
static void say_curve(struct kind *k, const char *measure, const char *name, double best_size)
{
    char what[2 * NAME];
    double typical[PLACES], smooth[PLACES];
    const struct series *s = find_series(k, measure);
    if (s == NULL)
        return;
    const struct table *t = &s->fixed;
    curve_typical(t, typical);
    curve_smooth(typical, t->columns, smooth);
    (void)snprintf(what, sizeof what, "%s_at_least_size", name);
    say(k->name, what, smooth[0], NAN, NAN);
    (void)snprintf(what, sizeof what, "%s_at_most_size", name);
    say(k->name, what, smooth[t->columns - 1], NAN, NAN);
    for (size_t c = 0; c < t->columns; c++) {
        (void)snprintf(what, sizeof what, "best_%s", name);
        if (t->x[c] == best_size)
            say(k->name, what, smooth[c], NAN, NAN);
    }
}

static void say_best(struct kind *k)
{
    double best[3];
    const struct table *qps = need(k, "qps"), *frag = need(k, "fragmentation");
    best_of(qps, frag, best);
    say(k->name, "best_size", best[0], NAN, NAN);
    say_curve(k, "qps", "qps", best[0]);
    say_curve(k, "fragmentation", "fragmentation", best[0]);
    say_curve(k, "server_bytes", "resident", best[0]);
}

/* What share of the best size's QPS the largest one lacks. Each resample at the same best size: at its own,
   which is its highest, something would always be lacking. */
static void say_fall(struct kind *k)
{
    static double at[RESAMPLES];
    struct table resample;
    const struct table *qps = need(k, "qps");
    double typical[PLACES], smooth[PLACES];
    size_t best = best_column(qps, smooth), last = qps->columns - 1;
    double fall = 1 - smooth[last] / smooth[best];
    for (size_t i = 0; i < RESAMPLES; i++) {
        curve_resample(qps, i, &resample);
        curve_typical(&resample, typical);
        curve_smooth(typical, resample.columns, smooth);
        at[i] = 1 - smooth[last] / smooth[best];
    }
    say_resampled(k->name, "fall_to_largest", fall, at);
    say(k->name, "fall_p", curve_p_fall(qps), NAN, NAN);
}

/* A series' own choice as a table of one column. */
static struct table own_of(struct kind *k, const char *measure)
{
    struct series *s = find_series(k, measure);
    struct table t = {.columns = 1, .rows = s->owns, .share = s->fixed.share};
    for (size_t r = 0; r < t.rows; r++)
        t.y[r][0] = s->own[r];
    return t;
}

/* [0] the own choice's QPS as a share of the best fixed size's, [1] its fragmentation less that one's. */
static void compare_own(const struct table own[2], const struct table fixed[2], double out[2])
{
    double best[3], mine[2][PLACES];
    best_of(&fixed[0], &fixed[1], best);
    curve_typical(&own[0], mine[0]);
    curve_typical(&own[1], mine[1]);
    out[0] = mine[0][0] / best[1];
    out[1] = mine[1][0] - best[2];
}

static void say_own_choice(struct kind *k)
{
    static double at[2][RESAMPLES];
    static struct table own[2], fixed[2], some[2][2];
    double out[2];
    own[0] = own_of(k, "qps"), own[1] = own_of(k, "fragmentation");
    fixed[0] = *need(k, "qps"), fixed[1] = *need(k, "fragmentation");
    for (size_t i = 0; i < RESAMPLES; i++) {
        for (size_t m = 0; m < 2; m++) {
            curve_resample(&own[m], i, &some[0][m]);
            curve_resample(&fixed[m], i, &some[1][m]);
        }
        compare_own(some[0], some[1], out);
        at[0][i] = out[0];
        at[1][i] = out[1];
    }
    compare_own(own, fixed, out);
    say_resampled(k->name, "own_qps_of_best", out[0], at[0]);
    say_resampled(k->name, "own_fragmentation_more", out[1], at[1]);
    for (size_t i = 0; i < k->count; i++) {
        char what[2 * NAME];
        struct table t = own_of(k, k->series[i].measure);
        double typical[PLACES];
        curve_typical(&t, typical);
        (void)snprintf(what, sizeof what, "own_%s", k->series[i].measure);
        say(k->name, what, typical[0], NAN, NAN);
    }
}

static bool has_own_choice(struct kind *k)
{
    const struct series *s = find_series(k, "qps");
    return s != NULL && s->owns >= s->fixed.rows;
}

static void say_all(struct kind *k)
{
    must_be_complete(k);
    const struct table *qps = need(k, "qps");
    say(k->name, "repetitions", (double)qps->rows, NAN, NAN);
    say(k->name, "sizes", (double)qps->columns, NAN, NAN);
    struct bend knee = curve_find_knee(qps), broken = curve_find_break(need(k, "fragmentation"));
    say_bend(k, "knee", &knee);
    say_bend(k, "break", &broken);
    if (broken.verdict == BEND_FOUND) {
        say(k->name, "break_slope_before", broken.before, NAN, NAN);
        say(k->name, "break_slope_after", broken.after, NAN, NAN);
    }
    say_best(k);
    say_fall(k);
    if (has_own_choice(k))
        say_own_choice(k);
}

int main(int argc, char **argv)
{
    if (argc != 1) {
        (void)fprintf(stderr, "%s: takes no arguments, reads knee.csv from its standard input\n", argv[0]);
        return 2;
    }
    kinds = calloc(KINDS, sizeof *kinds);
    if (kinds == NULL)
        die("no memory", "");
    read_all();
    if (kind_count == 0)
        die("nothing to read", "");
    (void)puts("kind,what,value,low,high");
    for (size_t i = 0; i < kind_count; i++)
        say_all(&kinds[i]);
    return 0;
}
