/* SPDX-License-Identifier: BSD-2-Clause */
/* All that a profile is made of, read once: so every form of it says the same. */
#ifndef POND_WRITE_SNAPSHOT_H
#define POND_WRITE_SNAPSHOT_H

#include "memory.h"
#include "source.h"

enum value { ALLOC_OBJECTS, ALLOC_SPACE, INUSE_OBJECTS, INUSE_SPACE, VALUES };

/* By these names; NULL: inuse_space. VALUES: there is no such value. */
enum value value_of(const char *name);
extern const char *const value_names[VALUES];

/* A stack of a pond. */
struct stack {
    const char *pond, *type;
    size_t owner; /* the number of its pond's name among those of all stacks */
    const void **pcs;
    size_t count;
    double estimates[VALUES];
    int64_t values[VALUES]; /* the same, whole: of one pond their sum is that of the estimates, rounded */
    uint64_t samples;
    double oldest_seconds;
    uint64_t pond_id;
    const double *ages; /* in seconds, of each recorded object in use */
    size_t age_count;
    const double *age_objects;                   /* how many objects each stands for; NULL: all for as many */
    pond_profile_life lives[POND_PROFILE_LIVES]; /* of recorded objects that ended */
};

/* A pond; what it has idle is exact. */
struct basin {
    const char *name, *type;
    uint64_t id; /* a stack's pond_id */
    pond_stats stats;
    pond_limits limits;
    const pond_history *history; /* its count is 0 where the pond's gets are not sampled */
};

double basin_object_bytes(const struct basin *b); /* of one object, with what hangs on it */

/* What idle objects are, in each of the places where they can be. */
struct idle {
    const char *state, *frame;
    size_t objects, bytes; /* where they are in pond_stats */
};

#define IDLE_STATES 3
extern const struct idle idle_states[IDLE_STATES];
uint64_t idle_count(const struct basin *b, size_t place); /* place: idle->objects or idle->bytes */

struct snapshot {
    struct memory memory;
    struct list stacks; /* of struct stack, the most bytes in use first */
    struct list basins; /* of struct basin, by age */
    size_t rate;
    uint64_t lost;
    double seconds; /* for which gets were sampled; 0: they are not */
    int64_t time_nanos;
    enum value usual;       /* what a tool is to show first */
    int64_t duration_nanos; /* 0; or of what was got in so long, and nothing is said of what is in use */
};

/* False: errno says why. snapshot_free in either case. */
bool snapshot_take(struct snapshot *s, const pond_profile_source *source);
bool snapshot_ponds(struct snapshot *s, const pond_profile_source *source); /* without stacks */
/* Whole numbers from estimates, the largest stacks first. False: no memory. */
bool snapshot_round(struct snapshot *s);
/* What is left in `now` are gets since `before`, which was taken earlier. False: no memory. */
bool snapshot_subtract(struct snapshot *now, const struct snapshot *before);
void snapshot_free(struct snapshot *s);

#endif
