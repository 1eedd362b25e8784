/* SPDX-License-Identifier: BSD-2-Clause */
// link: bench/knee/curve.c -lm
// variants: release asan
/*
 * The finder of knees (bench/knee/curve.h): curves whose knee is known, with and without noise, and curves
 * that have none.
 */
#include "test.h"

#include "../../bench/knee/curve.h"
#include <math.h>

TestSuite(knee, .timeout = 60);

enum { SIZES = 31, ROWS = 9 };

typedef double shape(double x);

/* Uniform from -1 to 1. */
static double noise(uint64_t *random)
{
    *random = *random * 6364136223846793005U + 1442695040888963407U;
    return (double)(*random >> 11) / (double)(UINT64_C(1) << 52) - 1;
}

static struct table table_of(shape *f, double spread, uint64_t seed)
{
    static struct table t;
    t.rows = ROWS;
    t.columns = SIZES;
    for (size_t c = 0; c < SIZES; c++) {
        t.x[c] = 64 + 32 * (double)c;
        for (size_t r = 0; r < ROWS; r++)
            t.y[r][c] = f(t.x[c]) + spread * noise(&seed);
    }
    return t;
}

/* Its difference to the diagonal is largest where the slope is that of the chord: at 64 + 960 / 5 * ln(5 / (1
 * - e^-5)). */
static double saturating(double x)
{
    return 10 + 4 * (1 - exp(-(x - 64) / 960 * 5));
}
#define SATURATING_KNEE 374.3

static double bent_line(double x)
{
    return x < 448 ? 0.2 + 0.001 * (x - 64) : 0.2 + 0.384 + 0.0001 * (x - 448);
}

static double elbow_up(double x)
{
    return x < 640 ? 0.3 : 0.3 + 0.0005 * (x - 640);
}

static double flat(double x)
{
    (void)x;
    return 5;
}

static double straight(double x)
{
    return 5 + 0.001 * x;
}

static double falling(double x)
{
    return 5 - 0.001 * x;
}

Test(knee, exact_curves)
{
    struct table t = table_of(saturating, 0, 1);
    struct bend b = curve_find_knee(&t);
    cr_assert_eq(b.verdict, BEND_FOUND);
    cr_assert_float_eq(b.x, SATURATING_KNEE, 32);
    cr_assert_float_eq(b.low, b.high, 1e-9);
}

/* The example of the paper: y = -1 / x + 5 on x from 0.1, whose knee is known by calculus to be at x =
 * sqrt(0.1 b). */
Test(knee, kneedle_alone)
{
    double y[50];
    for (size_t i = 0; i < 50; i++)
        y[i] = 5 - 1 / (0.1 + 0.02 * (double)i);
    double at = 0.1 + 0.02 * curve_knee(y, 50);
    cr_assert_float_eq(at, sqrt(0.1 * (0.1 + 0.02 * 49)), 0.021);
}

Test(knee, exact_break)
{
    struct table t = table_of(bent_line, 0, 1);
    struct bend b = curve_find_break(&t);
    cr_assert_eq(b.verdict, BEND_FOUND);
    cr_assert_float_eq(b.x, 448, 1e-9);
    cr_assert_float_eq(b.before, 0.001, 1e-9);
    cr_assert_float_eq(b.after, 0.0001, 1e-9);
    t = table_of(elbow_up, 0, 1);
    cr_assert_float_eq(curve_find_break(&t).x, 640, 1e-9);
}

Test(knee, noise_widens_but_does_not_mislead)
{
    for (uint64_t seed = 1; seed <= 5; seed++) {
        struct table t = table_of(saturating, 0.5, seed);
        struct bend b = curve_find_knee(&t);
        cr_assert_eq(b.verdict, BEND_FOUND);
        cr_assert_float_eq(b.x, SATURATING_KNEE, 96);
        cr_assert(b.low <= b.x && b.x <= b.high && b.high - b.low < 400);
        t = table_of(bent_line, 0.05, seed);
        b = curve_find_break(&t);
        cr_assert_eq(b.verdict, BEND_FOUND);
        cr_assert_float_eq(b.x, 448, 64);
    }
}

static double rising_and_falling(double x)
{
    return x < 448 ? 5 + 0.001 * (x - 64) : 5.384 - 0.001 * (x - 448);
}

Test(knee, a_fall_is_found)
{
    for (uint64_t seed = 1; seed <= 5; seed++) {
        struct table t = table_of(rising_and_falling, 0.2, seed);
        cr_assert_leq(curve_p_fall(&t), 0.05);
        t = table_of(falling, 0.2, seed);
        cr_assert_leq(curve_p_fall(&t), 0.05);
    }
}

/* One of noisy places is the highest, and the last one is lower: that alone is no fall. Of 20, at 5%. */
Test(knee, noise_does_not_fall)
{
    size_t wrong = 0;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct table t = table_of(flat, 0.3, seed * 977);
        t.columns = 8;
        t.rows = 3;
        wrong += curve_p_fall(&t) <= 0.05 ? 1 : 0;
        t = table_of(saturating, 0.3, seed * 977);
        wrong += curve_p_fall(&t) <= 0.05 ? 1 : 0;
    }
    cr_assert_leq(wrong, 4);
}

/* At 5% each: of 20 noisy curves of each kind without a bend, 4 may be taken for one (p = 0.016 that more
 * are). */
static size_t wrongly_found(shape *f, struct bend find(const struct table *), enum verdict *last)
{
    size_t wrong = 0;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct table t = table_of(f, 0.3, seed * 977);
        struct bend b = find(&t);
        wrong += b.verdict == BEND_FOUND ? 1 : 0;
        *last = b.verdict == BEND_FOUND ? *last : b.verdict;
    }
    return wrong;
}

Test(knee, flat_has_none)
{
    enum verdict last = BEND_FOUND;
    cr_assert_leq(wrongly_found(flat, curve_find_knee, &last), 4);
    cr_assert_eq(last, BEND_FLAT);
    cr_assert_leq(wrongly_found(flat, curve_find_break, &last), 4);
    cr_assert_eq(last, BEND_FLAT);
}

Test(knee, straight_has_none)
{
    enum verdict last = BEND_FOUND;
    cr_assert_leq(wrongly_found(straight, curve_find_knee, &last), 4);
    cr_assert_eq(last, BEND_STRAIGHT);
    cr_assert_leq(wrongly_found(straight, curve_find_break, &last), 4);
    cr_assert_eq(last, BEND_STRAIGHT);
}

Test(knee, exact_flat_and_straight_have_none)
{
    struct table t = table_of(flat, 0, 1);
    cr_assert_neq(curve_find_knee(&t).verdict, BEND_FOUND);
    cr_assert_neq(curve_find_break(&t).verdict, BEND_FOUND);
    t = table_of(straight, 0, 1);
    cr_assert_neq(curve_find_knee(&t).verdict, BEND_FOUND);
    cr_assert_neq(curve_find_break(&t).verdict, BEND_FOUND);
}

Test(knee, what_falls_does_not_rise)
{
    struct table t = table_of(falling, 0.1, 3);
    cr_assert_eq(curve_find_knee(&t).verdict, BEND_FLAT);
}
