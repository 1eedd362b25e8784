/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Judges the growth of what one stack has in use: is it a leak, or does it look like one for a while?
 *
 * From three things that a libpond knows exactly or of samples, and never from the size of the process: how
 * old the recorded objects in use are, how long those lived that have ended, and the troughs of their pond,
 * which are the least that was in use in each interval. Nothing is allocated, and nothing is kept from one
 * look to the next.
 */
#ifndef VERDICT_VERDICT_H
#define VERDICT_VERDICT_H

#include <stddef.h>
#include <stdint.h>

enum verdict {
    VERDICT_STEADY,
    VERDICT_LEAK,
    VERDICT_SLOW_LEAK,
    VERDICT_HELD,       /* single objects far older than the others of their stack */
    VERDICT_WARMING_UP, /* what comes stays, but ever less comes */
    VERDICT_FILLING,    /* one of those that grow, in a pond with max_objects */
    VERDICT_GROWING,    /* more is in use than before: why is not known yet */
    VERDICT_TOO_EARLY,
    VERDICTS
};

enum {
    VERDICT_LIVES = 16,   /* entry k: 2^(k+8) ms <= life < 2^(k+9) ms; the last: and longer */
    VERDICT_TROUGHS = 128 /* most that are looked at: the newest */
};

struct verdict_life {
    double seconds; /* the sum of their lives */
    uint64_t ended; /* how many */
};

struct verdict_pond {
    const char *name;
    uint64_t max_objects; /* 0: as many as one likes */
    uint64_t live;
    double object_bytes;
    double interval;                                 /* seconds of each trough */
    const uint64_t *live_trough, *live_trough_bytes; /* oldest first; the last interval is still under way */
    size_t troughs;
};

struct verdict_stack {
    const struct verdict_pond *pond; /* NULL: nothing is known of it */
    const double *ages;              /* seconds, of the recorded objects in use, in no order */
    size_t age_count;
    const double *age_objects;        /* how many objects each stands for; NULL: all for as many */
    const struct verdict_life *lives; /* VERDICT_LIVES of them; NULL: none was recorded */
    double inuse_objects, inuse_bytes, alloc_objects;
};

struct verdict_result {
    enum verdict verdict;
    double p; /* the chance of so few ends if who outlives `old_seconds` lived for another half an hour on
                 average */
    double growth_bytes_per_minute; /* 0: it does not grow, as far as can be said. Real minutes */
    double horizon_seconds;         /* for so long it was seen to grow */
    double oldest_seconds;          /* of the recorded objects in use */
    double full;                    /* 0 to 1, of max_objects; 0 without */
    double full_seconds;            /* until it is full, at this pace; 0: not known */
    double old_seconds;             /* older than this is old */
    uint64_t survivors, ended;      /* recorded objects that are that old, or were when they ended */
    uint64_t older, newer;          /* survivors that came in the older and the newer half of the horizon */
    uint64_t held;                  /* objects that are held ... */
    double held_seconds;            /* ... all for longer than this ... */
    double others_seconds;          /* ... and none of the others for longer than this */
    double others;                  /* how many were recorded of those */
    int at_once;                    /* warming up: most of them came within a short time */
};

/*
 * watched: seconds since its gets are sampled. faster: all times of the rule are divided by it, as for a
 * demonstration; 1: none is.
 */
void verdict_judge(struct verdict_result *r, const struct verdict_stack *s, double watched, double faster);

/* "slow leak"; also in the middle of a sentence. */
const char *verdict_name(enum verdict v);

/*
 * Writes whole sentences: what was seen and for how long, how sure it is, what to look at next, and what
 * cannot be known. Ends with a zero where n > 0. Returns how long they are, as snprintf does.
 */
size_t verdict_words(char *text, size_t n, const struct verdict_result *r, const struct verdict_stack *s,
                     double watched, double faster);

#endif
