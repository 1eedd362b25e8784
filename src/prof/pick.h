/* SPDX-License-Identifier: BSD-2-Clause */
/* Which value of which samples is looked at. */
#ifndef PROF_PICK_H
#define PROF_PICK_H

#include "profile.h"

#include <regex.h>

typedef struct pick {
    const char *value;        /* name of a type; NULL: the profile's usual one */
    const char *pond, *state; /* NULL: any */
    const char *focus;        /* NULL, or as it was given */
    regex_t expression;       /* the same, compiled */
    unsigned char *known;     /* by frame, of those there are by then: 0 not looked at, 1 no match, 2 match */
} pick;

bool pick_focus(pick *k, const char *expression, trouble *t);
void pick_free(pick *k);

/* The place of the value among the profile's types. */
bool pick_type(const pick *k, const profile *p, size_t *type, trouble *t);

/* Whether the sample is one of those that are looked at; asked when all profiles are decoded. */
bool pick_takes(pick *k, const names *all, const sample *s);

/* A note on stderr where none is, with what the profile has instead. */
void pick_explain(const pick *k, const profile *p);

#endif
