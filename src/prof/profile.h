/* SPDX-License-Identifier: BSD-2-Clause */
/* A profile as the commands use it: samples with stacks of numbered functions. */
#ifndef PROF_PROFILE_H
#define PROF_PROFILE_H

#include "bytes.h"
#include "names.h"

typedef struct value_type {
    const char *name, *unit;
} value_type;

typedef struct sample {
    const uint32_t *frames; /* innermost first */
    size_t count;
    const char *pond, *state; /* labels; "" where the sample has none */
    const int64_t *values;    /* one for each type */
} sample;

typedef struct profile {
    value_type *types;
    size_t type_count;
    size_t usual; /* the type that is shown where nobody chose one */
    sample *samples;
    size_t count;
    int64_t time; /* nanoseconds since 1970; 0: not told */
    uint32_t *frames;
    size_t frame_count, frame_room;
    struct store *store; /* what it was decoded to, which holds texts and values */
} profile;

/* Decodes a profile.proto without gzip. After a failure there is nothing to free. */
bool profile_decode(profile *p, names *all, const bytes *encoded, trouble *t);
void profile_free(profile *p);

#endif
