// SPDX-License-Identifier: BSD-2-Clause
// How what a pond has in use went on, by its troughs: these are free of all that comes and goes within a
// minute.
#include "parts.h"

#include <math.h>

static double most(double a, double b)
{
    return a > b ? a : b;
}

// Of the intervals from `first` on, `per` to a step, each step the least of them. What is there of the newest
// interval may be a peak alone, so it is left out.
void course_read(struct course *c, const struct verdict_pond *p, double minute_seconds)
{
    c->count = 0;
    c->step = 0;
    size_t count = p == NULL ? 0 : p->troughs;
    if (count < 2 || !(p->interval > 0))
        return;
    count--;
    double wanted = floor(minute_seconds / p->interval + 0.5);
    size_t per = wanted < 1 ? 1 : wanted > (double)count ? count : (size_t)wanted;
    c->step = (double)per * p->interval / minute_seconds;
    c->count = count / per < VERDICT_TROUGHS ? count / per : VERDICT_TROUGHS;
    size_t first = count - c->count * per;
    for (size_t i = 0; i < c->count; i++) {
        size_t at = first + i * per;
        for (size_t j = at + 1; j < first + (i + 1) * per; j++) {
            if (p->live_trough[j] < p->live_trough[at])
                at = j;
        }
        c->objects[i] = (double)p->live_trough[at];
        c->bytes[i] = (double)p->live_trough_bytes[at];
    }
}

// Steps of a walk stay, and noise is taken back by the next step: the first has no covariance between steps
// that follow each other, the second a negative one. Objects that come one by one make a walk of their own.
static void read_noise(struct climb *to, const double *x, size_t steps)
{
    double mean = (x[steps] - x[0]) / (double)steps, variance = 0, together = 0, before = 0;
    for (size_t i = 0; i < steps; i++) {
        double off = x[i + 1] - x[i] - mean;
        variance += off * off;
        together += i > 0 ? off * before : 0;
        before = off;
    }
    variance /= (double)(steps - 1);
    together /= (double)(steps - 1);
    to->jitter = most(0, -together);
    to->drift = most(most(variance - 2 * to->jitter, mean), 0.01);
}

enum { LEAST_STEPS = 8 };

bool climb_read(struct climb *to, const struct course *c, double minutes)
{
    if (c->count < LEAST_STEPS + 1)
        return false;
    double wanted = floor(minutes / c->step + 0.5);
    size_t steps = wanted < (double)(c->count - 1) ? (size_t)wanted : c->count - 1;
    steps -= steps % 2;
    if (steps < LEAST_STEPS)
        return false;
    size_t end = c->count - 1, half = steps / 2, middle = end - half, start = middle - half;
    *to = (struct climb){.half = half,
                         .half_minutes = (double)half * c->step,
                         .older = c->objects[middle] - c->objects[start],
                         .newer = c->objects[end] - c->objects[middle],
                         .last = c->objects[end] - c->objects[end - half / 2],
                         .end = c->objects[end],
                         .newer_bytes = c->bytes[end] - c->bytes[middle],
                         .all_bytes = c->bytes[end] - c->bytes[start],
                         .newer_objects = &c->objects[middle]};
    read_noise(to, &c->objects[start], steps);
    return true;
}

static const double EVEN =
    0.75; // what fills up with a time constant of 20 minutes has 0.69 in a quarter of an hour

static double noise(const struct climb *c, double of_drift, double of_jitter)
{
    return sqrt(of_drift * (double)c->half * c->drift + of_jitter * c->jitter);
}

// newer - EVEN * older: the ends of the three points count 1, 1 + EVEN and EVEN.
static double above_even(const struct climb *c)
{
    return c->newer - EVEN * most(c->older, 0);
}
static const double EVEN_DRIFT = 1 + 0.75 * 0.75, EVEN_JITTER = 1 + 1.75 * 1.75 + 0.75 * 0.75;

bool climb_is_even(const struct climb *c)
{
    return above_even(c) > 1.645 * noise(c, EVEN_DRIFT, EVEN_JITTER);
}

// A bend is in the drift, too: so here the walk is that of objects that come one by one.
bool climb_slows_down(const struct climb *c)
{
    double one_by_one = most(c->newer, 0) + EVEN * EVEN * most(c->older, 0);
    return above_even(c) < -2.33 * sqrt(one_by_one + EVEN_JITTER * c->jitter);
}

bool climb_is_young(const struct climb *c)
{
    return c->older < 0.6 * c->newer;
}

bool climb_goes_on(const struct climb *c)
{
    double quarter = noise(c, 0.5, 2);
    return c->newer > 0 && (c->last > 0.35 * c->newer || 0.5 * c->newer - c->last < 2.33 * quarter);
}

bool climb_is_trend(const struct climb *c)
{
    double deviations = 5 * (1 + 4 / (double)c->half); // few steps do not tell their variance well
    return c->newer > deviations * noise(c, 1, 2) && chance_rising(c->newer_objects, c->half + 1) < 1e-3;
}

static size_t steps_of(const struct course *c, double minutes)
{
    double steps = c->step > 0 ? floor(minutes / c->step + 0.5) : 0;
    return steps < (double)c->count ? (size_t)steps : c->count;
}

// The place of the least of `count` steps.
static size_t trough(const struct course *c, size_t first, size_t count)
{
    size_t at = first;
    for (size_t i = first; i < first + count; i++) {
        if (c->objects[i] < c->objects[at])
            at = i;
    }
    return at;
}

double course_growth(const struct course *c, double minutes, double *bytes)
{
    size_t steps = steps_of(c, minutes), third = steps / 3;
    *bytes = 0;
    if (third == 0)
        return 0;
    size_t before = trough(c, c->count - steps, third), now = trough(c, c->count - third, third);
    double rose = c->objects[now] - c->objects[before];
    *bytes = c->bytes[now] - c->bytes[before];
    if (rose < 4 * sqrt(2 * most(c->objects[now], 1)) || *bytes <= 0)
        return 0;
    return *bytes / ((double)(steps - third) * c->step);
}

bool course_rose(const struct course *c, double minutes)
{
    size_t steps = steps_of(c, minutes);
    if (steps < 2)
        return false;
    double before = c->objects[c->count - steps], now = c->objects[c->count - 1];
    return now - before > most(4 * sqrt(2 * most(now, 1)), now / 100);
}
