// SPDX-License-Identifier: BSD-2-Clause
// Which verdict it is. The horizon is what is looked back at: the longest that there is first, then shorter
// ones, since a leak may begin late, or behind a warm-up. A short one has to be sure that growth is even;
// that one fails to show that it is not, says nothing.
#include "parts.h"

#include <string.h>

// Minutes. In a long horizon growth need not be shown to be even, where it is not shown to slow down.
static const double LONG = 45, SHORTEST_OF_SLOW = 20;

// One stack, as it is looked at.
struct look {
    const struct verdict_stack *s;
    struct verdict_result *r;
    double minute;       // seconds
    double watched;      // minutes, also of its pond
    double object_bytes; // of what is in use
    struct course course;
};

static double least(double a, double b)
{
    return a < b ? a : b;
}

// Who outlives the first edge of lives beyond OLD_MINUTES is a survivor: the time that all of them spent
// beyond it against the ends there.
static void look_at_ends(struct look *l)
{
    const struct verdict_stack *s = l->s;
    unsigned first = first_old_life(OLD_MINUTES * l->minute);
    double old = life_seconds(first), beyond = 0;
    l->r->old_seconds = old;
    for (unsigned i = first; i < VERDICT_LIVES && s->lives != NULL; i++) {
        double spent = s->lives[i].seconds - (double)s->lives[i].ended * old;
        beyond += spent > 0 ? spent : 0;
        l->r->ended += s->lives[i].ended;
    }
    for (size_t i = 0; i < s->age_count; i++) {
        double age = s->ages[i];
        l->r->oldest_seconds = age > l->r->oldest_seconds ? age : l->r->oldest_seconds;
        if (age > old) {
            beyond += age - old;
            l->r->survivors++;
        }
    }
    l->r->p = chance_poisson(l->r->ended, beyond / (REST_MINUTES * l->minute));
    l->object_bytes = s->inuse_objects > 0 ? s->inuse_bytes / s->inuse_objects : 0;
}

static double minutes_of(const struct look *l, double seconds)
{
    return seconds / l->minute;
}

static void note_growth(struct look *l, double bytes_a_minute, double horizon)
{
    l->r->growth_bytes_per_minute = bytes_a_minute * 60 / l->minute;
    l->r->horizon_seconds = horizon * l->minute;
}

static void count(struct look *l, struct survivors *to, double horizon)
{
    survivors_count(to, l->s, l->r->old_seconds, horizon * l->minute);
    l->r->older = to->older;
    l->r->newer = to->newer;
}

// Whether its survivors come evenly, and so many of them that what their pond grows by is theirs.
static bool grows_by_these(struct look *l, double horizon, const struct climb *c, double *rate)
{
    struct survivors came;
    count(l, &came, horizon);
    if (came.newer < 6 || survivors_lessen(&came, 0.01) || !survivors_are_spread(&came))
        return false;
    double half = (horizon - minutes_of(l, l->r->old_seconds)) / 2;
    double own = came.newer_objects * l->object_bytes / half, pond = c->newer_bytes / c->half_minutes;
    *rate = least(own, pond);
    return own > pond / 4 && pond > 0;
}

// A leak or a slow one within the horizon; else VERDICT_STEADY.
static enum verdict leak_in(struct look *l, double horizon)
{
    struct climb c;
    double rate;
    if (!climb_read(&c, &l->course, horizon) || !climb_goes_on(&c) || !grows_by_these(l, horizon, &c, &rate))
        return VERDICT_STEADY;
    bool even = climb_is_even(&c) || (horizon >= LONG && !climb_slows_down(&c));
    if (!even || climb_is_young(&c))
        return VERDICT_STEADY;
    enum verdict found = VERDICT_STEADY;
    // Both are estimates: what leaks as much as that is called so
    if (rate >= 0.8 * LEAK_RATE)
        found = VERDICT_LEAK;
    else if (horizon >= SHORTEST_OF_SLOW && climb_is_trend(&c))
        found = VERDICT_SLOW_LEAK;
    if (found != VERDICT_STEADY)
        note_growth(l, rate, horizon);
    return found;
}

static bool slows_down(const struct look *l, double horizon)
{
    struct climb c;
    return climb_read(&c, &l->course, horizon) && climb_slows_down(&c);
}

// The end of a warm-up is slow enough to look even for a while: a slow leak has to be even in all that is
// looked back at, or to wait until a warm-up is out of sight.
static enum verdict find_leak(struct look *l)
{
    static const double horizons[] = {45, 30, 20, 15};
    double longest = least(l->watched, LONGEST_HORIZON);
    if (l->watched < LEAST_WATCHED || l->r->p >= RARE || l->r->ended > l->r->survivors / 16)
        return VERDICT_STEADY;
    bool slows = slows_down(l, longest);
    enum verdict found = leak_in(l, longest);
    for (size_t i = 0; i < sizeof horizons / sizeof *horizons && found == VERDICT_STEADY; i++) {
        if (horizons[i] >= longest)
            continue;
        found = leak_in(l, horizons[i]);
        if (slows && found == VERDICT_SLOW_LEAK)
            found = VERDICT_STEADY;
    }
    return found;
}

// What comes stays, and ever less comes, or all came at once.
static bool warms_up(struct look *l)
{
    struct survivors came;
    double horizon = least(l->watched, LONGEST_HORIZON);
    if (l->watched < LEAST_WATCHED || l->r->p >= RARE || !course_rose(&l->course, least(horizon, 30)))
        return false;
    count(l, &came, horizon);
    bool once = survivors_came_at_once(&came);
    bool slows = slows_down(l, horizon);
    if (came.older + came.newer < 6 || !(once || slows || survivors_lessen(&came, 0.001)))
        return false;
    l->r->at_once = once && !slows;
    l->r->horizon_seconds = horizon * l->minute;
    return true;
}

// Its pond has more in use, and a part of that is of this stack.
static bool grows(struct look *l)
{
    double horizon = least(l->watched, 20), bytes, young = 0;
    if (l->watched < 4)
        return false;
    double rate = course_growth(&l->course, horizon, &bytes);
    for (size_t i = 0; i < l->s->age_count; i++)
        young += l->s->ages[i] < horizon * l->minute ? weight_of(l->s, i) * l->object_bytes : 0;
    if (rate < LEAK_RATE || young < 0.3 * bytes)
        return false;
    note_growth(l, rate, horizon);
    return true;
}

static enum verdict verdict_of(struct look *l)
{
    enum verdict found = find_leak(l);
    if (found != VERDICT_STEADY)
        return found;
    if (warms_up(l))
        return VERDICT_WARMING_UP;
    if (survivors_are_held(l->r, l->s, l->minute))
        return VERDICT_HELD;
    if (grows(l))
        return VERDICT_GROWING;
    return l->watched < LEAST_WATCHED ? VERDICT_TOO_EARLY : VERDICT_STEADY;
}

// With max_objects there is an end to growth: it is full then.
static void look_at_bound(struct verdict_result *r, const struct verdict_pond *p)
{
    bool grows =
        r->verdict == VERDICT_LEAK || r->verdict == VERDICT_SLOW_LEAK || r->verdict == VERDICT_GROWING;
    if (p == NULL || p->max_objects == 0)
        return;
    r->full = least((double)p->live / (double)p->max_objects, 1);
    if (!grows)
        return;
    r->verdict = VERDICT_FILLING;
    double left = (1 - r->full) * (double)p->max_objects * p->object_bytes;
    if (r->growth_bytes_per_minute > 0)
        r->full_seconds = left / r->growth_bytes_per_minute * 60;
}

void verdict_judge(struct verdict_result *r, const struct verdict_stack *s, double watched, double faster)
{
    struct look l = {.s = s, .r = r, .minute = 60 / (faster >= 1 ? faster : 1)};
    memset(r, 0, sizeof *r);
    double seen = s->pond == NULL ? 0 : s->pond->interval * (double)s->pond->troughs;
    l.watched = minutes_of(&l, least(watched, seen));
    course_read(&l.course, s->pond, l.minute);
    look_at_ends(&l);
    r->verdict = verdict_of(&l);
    look_at_bound(r, s->pond);
}
