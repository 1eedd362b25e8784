/* SPDX-License-Identifier: BSD-2-Clause */
/* The verdicts on the stacks of a profile. */
#ifndef PROF_JUDGED_H
#define PROF_JUDGED_H

#include "history.h"

enum { MOST_WORDS = 2000 };

typedef struct judged {
    const char *pond; /* its name */
    const sample *of; /* the stack */
    double inuse_bytes;
    struct verdict_result result;
    char words[MOST_WORDS];
} judged;

typedef struct judgement {
    judged *all; /* what grows first, and of those the fastest */
    size_t count;
    double seconds; /* for which gets were sampled */
} judgement;

bool judgement_make(judgement *j, const profile *p, double faster, trouble *t);
void judgement_free(judgement *j);

/* Whether it is something to tell of: neither steady nor too early. */
bool is_found(const judged *v);

/* "grow < read_body < serve": the innermost functions, at most so many. */
void put_stack(FILE *out, const names *all, const sample *s, size_t most);

/* Where the objects were got. */
const char *function_of(const names *all, const sample *s);

/* The heading of a verdict and its sentences, in lines that fit into a terminal. */
void put_judged(FILE *out, const names *all, const judged *v);

#endif
