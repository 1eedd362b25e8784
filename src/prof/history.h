/* SPDX-License-Identifier: BSD-2-Clause */
/* What a profile says of how ponds and stacks went on, as the judge takes it. */
#ifndef PROF_HISTORY_H
#define PROF_HISTORY_H

#include "../verdict/verdict.h"
#include "pick.h"
#include "store.h"

typedef struct history {
    double seconds; /* for which gets were sampled */
    struct verdict_pond *ponds;
    places ids; /* of the ponds */
    size_t pond_count;
    struct verdict_stack *stacks;
    size_t *samples; /* of the stacks: places among the profile's samples */
    size_t stack_count;
    double *ages;               /* of all stacks */
    struct verdict_life *lives; /* VERDICT_LIVES for each stack */
} history;

/* Memory of p, which has to outlive it. False: what is there is wrong, or nothing of it is. */
bool history_decode(history *h, const profile *p, trouble *t);
void history_free(history *h);

#endif
