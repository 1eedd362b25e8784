/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Finds where a curve bends, and whether it does. A table has a row for each repetition and a column for each
 * place on the x axis; the places are equally spaced. All chance is drawn from a seed: the same answer each
 * time.
 *
 * Knee: Kneedle (Satopaa, Albrecht, Irwin, Raghavan 2011) for a concave rising curve: smoothed by a spline
 * (here its discrete form, the Whittaker smoother; how much is chosen by generalised cross-validation),
 * scaled to the unit square; the knee is the first local maximum of y - x that is followed by a fall below
 * its threshold, with sensitivity 1. Break: of all continuous lines of two pieces that with the least sum of
 * squares.
 *
 * Neither method can say "no": they find something in noise, too. So both are asked only if
 *   - the curve rises (knee) or moves (break): the difference is larger than in 95% of 1,000 permutations of
 *     the places within each repetition, and
 *   - it bends: how far it lies above its chord (knee), or what the second piece explains (break), is more
 *     than in 95% of 1,000 straight lines with the repetitions' own residuals permuted around them.
 */
#ifndef KNEE_CURVE_H
#define KNEE_CURVE_H

#include <stddef.h>
#include <stdint.h>

enum { PLACES = 64, REPETITIONS = 64, RESAMPLES = 1000 };

struct table {
    size_t rows, columns;
    double share; /* which quantile of the repetitions is the curve; 0: the median */
    double x[PLACES];
    double y[REPETITIONS][PLACES];
};

enum verdict { BEND_FOUND, BEND_FLAT, BEND_STRAIGHT, BEND_UNSURE };

struct bend {
    enum verdict verdict;
    double x, low, high; /* where, with the 2.5 and 97.5 percentiles of the bootstrap over repetitions */
    double found;        /* share of the resamples in which there is one */
    double p_flat, p_straight; /* of the two tests */
    double before, after;      /* the slopes of a break */
    double at[RESAMPLES];      /* the resamples' places; NAN: none */
};

/* The share-th quantile over rows, column by column. */
void curve_typical(const struct table *t, double *y);

/* Smoothed, as for the knee. */
void curve_smooth(const double *y, size_t n, double *smooth);

/* Kneedle on a curve. Returns the column, or -1. */
int curve_knee(const double *smooth, size_t n);

/* The column of the breakpoint of the best line of two pieces; slopes may be NULL. */
size_t curve_break(const double *x, const double *y, size_t n, double slopes[2]);

struct bend curve_find_knee(const struct table *t);
struct bend curve_find_break(const struct table *t);

/* Of all permutations of the places within each repetition, the share in which the curve falls as far from
 * its highest place to its last one: the highest of noisy places is always higher than another one. */
double curve_p_fall(const struct table *t);

/* The same rows in resample number i for every table of as many rows: figures of one resample belong
 * together. */
void curve_resample(const struct table *t, size_t i, struct table *out);

/* The share-th quantile of n values, NAN ones left out; sorts. */
double curve_quantile(double *values, size_t n, double share);

#endif
