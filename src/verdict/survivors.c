// SPDX-License-Identifier: BSD-2-Clause
// Recorded objects by age and by how long they lived.
#include "parts.h"

#include <math.h>
#include <string.h>

static const double SHORTEST_LIFE = 0.256; // seconds; shorter ones are not kept

double life_seconds(unsigned entry)
{
    return ldexp(SHORTEST_LIFE, (int)entry);
}

// The last entry ends nowhere, so it is never the first that is old.
unsigned first_old_life(double old_seconds)
{
    unsigned entry = 0;
    while (entry + 2 < VERDICT_LIVES && life_seconds(entry) < old_seconds)
        entry++;
    return entry;
}

double weight_of(const struct verdict_stack *s, size_t age)
{
    return s->age_objects != NULL ? s->age_objects[age] : s->inuse_objects / (double)s->age_count;
}

void survivors_count(struct survivors *to, const struct verdict_stack *s, double old_seconds,
                     double horizon_seconds)
{
    double span = horizon_seconds - old_seconds, all = 0, squares = 0, weights[COHORTS] = {0};
    memset(to, 0, sizeof *to);
    for (size_t i = 0; i < s->age_count; i++) {
        double left = horizon_seconds - s->ages[i], weight = weight_of(s, i);
        if (!(left >= 0 && left < span))
            continue;
        size_t place = (size_t)(left / span * COHORTS);
        weights[place < COHORTS ? place : COHORTS - 1] += weight;
        all += weight;
        squares += weight * weight;
    }
    for (size_t i = 0; i < COHORTS && all > 0; i++) {
        bool is_older = i < COHORTS / 2;
        to->cohort[i] = (uint64_t)floor(weights[i] * all / squares + 0.5);
        to->older += is_older ? to->cohort[i] : 0;
        to->newer += is_older ? 0 : to->cohort[i];
        to->newer_objects += is_older ? 0 : weights[i];
    }
}

bool survivors_lessen(const struct survivors *s, double rare)
{
    return chance_fair(s->newer, s->older + s->newer) <= rare;
}

bool survivors_came_at_once(const struct survivors *s)
{
    uint64_t all = s->older + s->newer;
    for (size_t i = 0; i + 2 < COHORTS; i++) {
        if (all >= 6 && s->cohort[i] > all / 2)
            return true;
    }
    return false;
}

bool survivors_are_spread(const struct survivors *s)
{
    uint64_t all = s->older + s->newer, largest = 0, recent = 0;
    for (size_t i = 0; i < COHORTS; i++) {
        largest = s->cohort[i] > largest ? s->cohort[i] : largest;
        recent += i >= COHORTS / 2 && s->cohort[i] > 0;
    }
    return recent >= 3 && (largest <= 4 || largest <= all / 3);
}

// ---- held ----

enum {
    SINGLE = 8,     // more than so many are not single objects
    EXPERIENCE = 20 // so many others have to be known
};
static const double HELD_MINUTES = 10, FAR_OLDER = 8;

// The oldest ages, the oldest first.
static size_t find_oldest(double *oldest, const struct verdict_stack *s)
{
    size_t count = 0;
    for (size_t i = 0; i < s->age_count; i++) {
        if (count == SINGLE + 1 && s->ages[i] <= oldest[SINGLE])
            continue;
        size_t at = count < SINGLE + 1 ? count++ : SINGLE;
        for (; at > 0 && oldest[at - 1] < s->ages[i]; at--)
            oldest[at] = oldest[at - 1];
        oldest[at] = s->ages[i];
    }
    return count;
}

// Of the lives of an entry the longest there can be: when all others are as short as the entry has them.
static double longest_of(const struct verdict_life *life, unsigned entry)
{
    double most = life->seconds - (double)(life->ended - 1) * life_seconds(entry);
    return entry + 1 < VERDICT_LIVES ? fmin(most, life_seconds(entry + 1)) : most;
}

// Of those that ended the longest life there can be. *ended is how many recorded ones did: those of shorter
// lives than are kept are only in what was ever got.
static double longest_life(const struct verdict_stack *s, double *ended)
{
    double longest = SHORTEST_LIFE, kept = 0;
    for (unsigned i = 0; i < VERDICT_LIVES && s->lives != NULL; i++) {
        kept += (double)s->lives[i].ended;
        if (s->lives[i].ended > 0)
            longest = longest_of(&s->lives[i], i);
    }
    double weight = s->age_count > 0 ? s->inuse_objects / (double)s->age_count : 0;
    double got = weight >= 1 ? (s->alloc_objects - s->inuse_objects) / weight : 0;
    *ended = got > kept ? got : kept;
    return longest;
}

// The most objects that are all far older than the rest, in use or ended.
bool survivors_are_held(struct verdict_result *r, const struct verdict_stack *s, double minute_seconds)
{
    double oldest[SINGLE + 1], ended, longest = longest_life(s, &ended);
    size_t count = find_oldest(oldest, s);
    for (size_t few = count < SINGLE ? count : SINGLE; few > 0; few--) {
        double next = few < count ? oldest[few] : 0, others = ended + (double)(s->age_count - few);
        double beside = next > longest ? next : longest;
        if (oldest[few - 1] < HELD_MINUTES * minute_seconds || oldest[few - 1] < FAR_OLDER * beside ||
            others < EXPERIENCE)
            continue;
        r->held = few;
        r->held_seconds = oldest[few - 1];
        r->others_seconds = beside;
        r->others = floor(others + 0.5);
        return true;
    }
    return false;
}
