/* SPDX-License-Identifier: BSD-2-Clause */
/* What programs do, and what is to be said of it. */
#ifndef PATTERNS_H
#define PATTERNS_H

#include "sim.h"

enum { ANY = 0xff };
#define IS(verdict) (1U << (verdict))
#define QUIET (IS(VERDICT_STEADY) | IS(VERDICT_TOO_EARLY))

struct pattern {
    const char *name, *expected;
    void (*fill)(struct sim *s, double figure);
    double figure;
    unsigned allowed; /* verdicts, of each look */
    unsigned wanted;  /* each run has one of these, 0: whatever is allowed ... */
    int from, until;  /* ... first seen in these minutes */
    int gone;         /* from then on only allowed_later; 0: never */
    unsigned allowed_later;
    bool every_get; /* all are recorded, as in a pond with few gets */
    int judged;     /* the stack */
};

extern const struct pattern patterns[];
extern const int pattern_count;

#endif
