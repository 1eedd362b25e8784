/* SPDX-License-Identifier: BSD-2-Clause */
#include "curve.h"
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* ---- small things ---- */

static uint64_t draw(uint64_t *random)
{
    *random ^= *random << 13;
    *random ^= *random >> 7;
    *random ^= *random << 17;
    return *random >> 11;
}

static uint64_t seed_of(size_t i)
{
    uint64_t random = 0x9e3779b97f4a7c15U * (i + 1);
    for (int warm = 0; warm < 4; warm++)
        (void)draw(&random);
    return random;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double curve_quantile(double *values, size_t n, double share)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        if (!isnan(values[i]))
            values[kept++] = values[i];
    if (kept == 0)
        return NAN;
    qsort(values, kept, sizeof *values, compare);
    double at = share * (double)(kept - 1);
    size_t low = (size_t)at, high = low + 1 < kept ? low + 1 : low;
    return values[low] + (at - (double)low) * (values[high] - values[low]);
}

void curve_typical(const struct table *t, double *y)
{
    double column[REPETITIONS];
    for (size_t c = 0; c < t->columns; c++) {
        for (size_t r = 0; r < t->rows; r++)
            column[r] = t->y[r][c];
        y[c] = curve_quantile(column, t->rows, t->share > 0 ? t->share : 0.5);
    }
}

void curve_resample(const struct table *t, size_t i, struct table *out)
{
    uint64_t random = seed_of(i);
    *out = *t;
    for (size_t r = 0; r < t->rows; r++)
        memcpy(out->y[r], t->y[draw(&random) % t->rows], sizeof out->y[r]);
}

/* ---- the smoother: least squares of the residuals, plus lambda those of the second differences ---- */

enum { LAMBDAS = 12 };

static struct smoother {
    size_t n;
    double hat[LAMBDAS][PLACES][PLACES], trace[LAMBDAS];
} smoother;

/* Turns a into its inverse, Gauss-Jordan; a is symmetric and positive definite. */
static void invert(double a[PLACES][PLACES], size_t n)
{
    for (size_t k = 0; k < n; k++) {
        double pivot = 1 / a[k][k];
        a[k][k] = 1;
        for (size_t j = 0; j < n; j++)
            a[k][j] *= pivot;
        for (size_t i = 0; i < n; i++) {
            double factor = i == k ? 0 : a[i][k];
            if (factor == 0)
                continue;
            a[i][k] = 0;
            for (size_t j = 0; j < n; j++)
                a[i][j] -= factor * a[k][j];
        }
    }
}

static void prepare(size_t n)
{
    static const double difference[3] = {1, -2, 1};
    double lambda = 0.03;
    for (size_t l = 0; l < LAMBDAS; l++, lambda *= 4) {
        double(*hat)[PLACES] = smoother.hat[l];
        memset(hat, 0, sizeof smoother.hat[l]);
        for (size_t i = 0; i < n; i++)
            hat[i][i] = 1;
        for (size_t i = 0; i + 2 < n; i++)
            for (size_t j = 0; j < 9; j++)
                hat[i + j / 3][i + j % 3] += lambda * difference[j / 3] * difference[j % 3];
        invert(hat, n);
        smoother.trace[l] = 0;
        for (size_t i = 0; i < n; i++)
            smoother.trace[l] += hat[i][i];
    }
    smoother.n = n;
}

/* Smooths with one lambda; returns the score of generalised cross-validation. */
static double smooth_with(size_t l, const double *y, double *smooth)
{
    double squares = 0, n = (double)smoother.n;
    for (size_t i = 0; i < smoother.n; i++) {
        smooth[i] = 0;
        for (size_t j = 0; j < smoother.n; j++)
            smooth[i] += smoother.hat[l][i][j] * y[j];
        squares += (y[i] - smooth[i]) * (y[i] - smooth[i]);
    }
    double free = 1 - smoother.trace[l] / n;
    return squares / n / (free * free);
}

void curve_smooth(const double *y, size_t n, double *smooth)
{
    double best = INFINITY, one[PLACES] = {0};
    if (smoother.n != n)
        prepare(n);
    for (size_t l = 0; l < LAMBDAS; l++) {
        double score = smooth_with(l, y, one);
        if (score >= best)
            continue;
        best = score;
        memcpy(smooth, one, n * sizeof *one);
    }
}

/* ---- Kneedle ---- */

static double least_of(const double *y, size_t n)
{
    double least = y[0];
    for (size_t i = 1; i < n; i++)
        least = fmin(least, y[i]);
    return least;
}

static double most_of(const double *y, size_t n)
{
    double most = y[0];
    for (size_t i = 1; i < n; i++)
        most = fmax(most, y[i]);
    return most;
}

/* y - x in the unit square; false when the curve has no height. */
static bool differences(const double *smooth, size_t n, double *d)
{
    double least = least_of(smooth, n), height = most_of(smooth, n) - least;
    if (!(height > 0))
        return false;
    for (size_t i = 0; i < n; i++)
        d[i] = (smooth[i] - least) / height - (double)i / (double)(n - 1);
    return true;
}

int curve_knee(const double *smooth, size_t n)
{
    double d[PLACES], threshold = 0;
    int candidate = -1;
    if (n < 4 || !differences(smooth, n, d))
        return -1;
    for (size_t i = 1; i < n; i++) {
        if (i + 1 < n && d[i] > d[i - 1] && d[i] >= d[i + 1] && d[i] > 1e-9) {
            candidate = (int)i;
            threshold = d[i] - 1 / (double)(n - 1); /* sensitivity 1: the mean step in x */
        } else if (candidate >= 0 && d[i] < threshold) {
            return candidate;
        }
    }
    return -1;
}

/* ---- lines ---- */

/* Solves for the coefficients of m basis functions, by their normal equations. Returns the sum of squares
 * left. */
static double fit(double basis[3][PLACES], size_t m, const double *y, size_t n, double *coefficients)
{
    double a[PLACES][PLACES] = {{0}}, right[3] = {0}, squares = 0;
    for (size_t i = 0; i < m; i++)
        for (size_t k = 0; k < n; k++) {
            right[i] += basis[i][k] * y[k];
            for (size_t j = 0; j < m; j++)
                a[i][j] += basis[i][k] * basis[j][k];
        }
    invert(a, m);
    for (size_t i = 0; i < m; i++) {
        coefficients[i] = 0;
        for (size_t j = 0; j < m; j++)
            coefficients[i] += a[i][j] * right[j];
    }
    for (size_t k = 0; k < n; k++) {
        double residual = y[k];
        for (size_t i = 0; i < m; i++)
            residual -= coefficients[i] * basis[i][k];
        squares += residual * residual;
    }
    return squares;
}

static void basis_of(const double *x, size_t n, size_t hinge, double basis[3][PLACES])
{
    for (size_t k = 0; k < n; k++) {
        basis[0][k] = 1;
        basis[1][k] = (x[k] - x[0]) / (x[n - 1] - x[0]);
        basis[2][k] = k > hinge ? (x[k] - x[hinge]) / (x[n - 1] - x[0]) : 0;
    }
}

/* Two pieces of at least three places each. Returns what the second one explains of the squares left by one
 * line. */
static double break_of(const double *x, const double *y, size_t n, size_t *at, double slopes[2])
{
    double basis[3][PLACES], c[3], best = INFINITY;
    basis_of(x, n, 0, basis);
    double straight = fit(basis, 2, y, n, c);
    for (size_t hinge = 2; hinge + 3 <= n; hinge++) {
        basis_of(x, n, hinge, basis);
        double squares = fit(basis, 3, y, n, c);
        if (squares >= best)
            continue;
        best = squares;
        *at = hinge;
        slopes[0] = c[1] / (x[n - 1] - x[0]);
        slopes[1] = (c[1] + c[2]) / (x[n - 1] - x[0]);
    }
    return straight <= 0 ? 0 : 1 - best / straight;
}

size_t curve_break(const double *x, const double *y, size_t n, double slopes[2])
{
    size_t at = 0;
    double unasked[2];
    (void)break_of(x, y, n, &at, slopes != NULL ? slopes : unasked);
    return at;
}

/* ---- is there a bend at all? ---- */

typedef double statistic(const double *x, const double *y, size_t n);

static double rise(const double *x, const double *y, size_t n)
{
    double smooth[PLACES];
    (void)x;
    curve_smooth(y, n, smooth);
    return most_of(smooth, n) - smooth[0];
}

static double range(const double *x, const double *y, size_t n)
{
    double smooth[PLACES];
    (void)x;
    curve_smooth(y, n, smooth);
    return most_of(smooth, n) - least_of(smooth, n);
}

/* From the highest place to the last one. */
static double fall(const double *x, const double *y, size_t n)
{
    double smooth[PLACES];
    (void)x;
    curve_smooth(y, n, smooth);
    return most_of(smooth, n) - smooth[n - 1];
}

static double height_above_chord(const double *x, const double *y, size_t n)
{
    double smooth[PLACES] = {0}, d[PLACES];
    (void)x;
    curve_smooth(y, n, smooth);
    return differences(smooth, n, d) ? most_of(d, n) : 0;
}

static double explained(const double *x, const double *y, size_t n)
{
    size_t at = 0;
    double slopes[2];
    return break_of(x, y, n, &at, slopes);
}

static void shuffle(double *y, size_t n, uint64_t *random)
{
    for (size_t i = n - 1; i > 0; i--) {
        size_t j = draw(random) % (i + 1);
        double y_i = y[i];
        y[i] = y[j];
        y[j] = y_i;
    }
}

/* Of the tables where within each row `noise` is permuted and lies around `line`: the share at least as
 * extreme. */
static double share_as_extreme(const struct table *noise, const double *line, double observed, statistic *s)
{
    size_t extreme = 1;
    struct table t = *noise;
    double typical[PLACES] = {0};
    for (size_t i = 0; i < RESAMPLES; i++) {
        uint64_t random = seed_of(i + RESAMPLES);
        for (size_t r = 0; r < t.rows; r++) {
            memcpy(t.y[r], noise->y[r], sizeof t.y[r]);
            shuffle(t.y[r], t.columns, &random);
            for (size_t c = 0; c < t.columns; c++)
                t.y[r][c] += line[c];
        }
        curve_typical(&t, typical);
        extreme += s(t.x, typical, t.columns) >= observed ? 1 : 0;
    }
    return (double)extreme / (RESAMPLES + 1);
}

static double p_of_flat(const struct table *t, const double *typical, statistic *s)
{
    static const double nothing[PLACES];
    return share_as_extreme(t, nothing, s(t->x, typical, t->columns), s);
}

double curve_p_fall(const struct table *t)
{
    double typical[PLACES] = {0};
    curve_typical(t, typical);
    return p_of_flat(t, typical, fall);
}

static double mean_of(const struct table *t, size_t column)
{
    double sum = 0;
    for (size_t r = 0; r < t->rows; r++)
        sum += t->y[r][column];
    return sum / (double)t->rows;
}

/*
 * The residuals are those from the mean of the repetitions, widened to the spread that repetitions have
 * around their true mean: around a straight line would count a bend as noise.
 */
static double p_of_straight(const struct table *t, const double *typical, statistic *s)
{
    double basis[3][PLACES], c[3], line[PLACES];
    struct table noise = *t;
    double widen = t->rows > 1 ? sqrt((double)t->rows / (double)(t->rows - 1)) : 1;
    basis_of(t->x, t->columns, 0, basis);
    (void)fit(basis, 2, typical, t->columns, c);
    for (size_t k = 0; k < t->columns; k++) {
        line[k] = c[0] + c[1] * basis[1][k];
        for (size_t r = 0; r < t->rows; r++)
            noise.y[r][k] = widen * (t->y[r][k] - mean_of(t, k));
    }
    return share_as_extreme(&noise, line, s(t->x, typical, t->columns), s);
}

/* ---- the answers ---- */

typedef double place_of(const struct table *t, double slopes[2]);

static double knee_place(const struct table *t, double slopes[2])
{
    double typical[PLACES] = {0}, smooth[PLACES];
    (void)slopes;
    curve_typical(t, typical);
    curve_smooth(typical, t->columns, smooth);
    int at = curve_knee(smooth, t->columns);
    return at < 0 ? NAN : t->x[at];
}

static double break_place(const struct table *t, double slopes[2])
{
    double typical[PLACES] = {0};
    curve_typical(t, typical);
    return t->x[curve_break(t->x, typical, t->columns, slopes)];
}

static void bootstrap(const struct table *t, place_of *place, struct bend *b)
{
    double slopes[2], sorted[RESAMPLES];
    struct table resample;
    size_t found = 0;
    for (size_t i = 0; i < RESAMPLES; i++) {
        curve_resample(t, i, &resample);
        sorted[i] = b->at[i] = place(&resample, slopes);
        found += isnan(b->at[i]) ? 0 : 1;
    }
    b->found = (double)found / RESAMPLES;
    b->low = curve_quantile(sorted, RESAMPLES, 0.025);
    b->high = curve_quantile(sorted, found, 0.975);
}

static struct bend find(const struct table *t, place_of *place, statistic *moves, statistic *bends)
{
    struct bend b = {.verdict = BEND_FOUND};
    double typical[PLACES] = {0}, slopes[2] = {0, 0};
    curve_typical(t, typical);
    b.x = place(t, slopes);
    b.before = slopes[0];
    b.after = slopes[1];
    bootstrap(t, place, &b);
    b.p_flat = p_of_flat(t, typical, moves);
    b.p_straight = p_of_straight(t, typical, bends);
    if (b.p_flat > 0.05)
        b.verdict = BEND_FLAT;
    else if (b.p_straight > 0.05)
        b.verdict = BEND_STRAIGHT;
    else if (isnan(b.x) || b.found < 0.9)
        b.verdict = BEND_UNSURE;
    return b;
}

struct bend curve_find_knee(const struct table *t)
{
    return find(t, knee_place, rise, height_above_chord);
}

struct bend curve_find_break(const struct table *t)
{
    return find(t, break_place, range, explained);
}
