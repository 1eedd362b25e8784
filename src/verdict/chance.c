// SPDX-License-Identifier: BSD-2-Clause
// Three tests. Sums where they are short, else the normal distribution.
#include "parts.h"

#include <math.h>

static const double FEW = 400;

static double below(double deviations)
{
    return 0.5 * erfc(-deviations / sqrt(2));
}

double chance_poisson(uint64_t most, double mean)
{
    if (!(mean > 0))
        return 1;
    if (mean > FEW || (double)most > FEW)
        return below(((double)most + 0.5 - mean) / sqrt(mean));
    double term = exp(-mean), sum = term;
    for (uint64_t k = 1; k <= most; k++) {
        term *= mean / (double)k;
        sum += term;
    }
    return sum < 1 ? sum : 1;
}

double chance_fair(uint64_t most, uint64_t of)
{
    double n = (double)of;
    if (n > FEW)
        return below(((double)most + 0.5 - n / 2) / sqrt(n / 4));
    double term = pow(0.5, n), sum = term;
    for (uint64_t k = 1; k <= most && k <= of; k++) {
        term *= (n - (double)k + 1) / (double)k;
        sum += term;
    }
    return sum < 1 ? sum : 1;
}

double chance_rising(const double *x, size_t count)
{
    if (count < 6)
        return 1;
    double score = 0, n = (double)count;
    for (size_t i = 0; i < count; i++) {
        for (size_t j = i + 1; j < count; j++)
            score += (x[j] > x[i]) - (x[j] < x[i]);
    }
    if (score <= 0)
        return 1;
    return below(-(score - 1) / sqrt(n * (n - 1) * (2 * n + 5) / 18));
}
