// SPDX-License-Identifier: BSD-2-Clause
// A simulated pond: the youngest idle object is got first, and a tick drops what nobody used since the tick
// before. So after a tick there are as many objects as were live at a time since the one before it.
#include "scout.h"

static uint64_t idle(const struct scout_sim *s)
{
    return s->population > s->live ? s->population - s->live : 0;
}

static void tick(struct scout_sim *s, uint64_t epoch)
{
    if (s->epoch >= epoch) /* it may be less: clocks are read before the lock is taken */
        return;
    if (s->ticks != 0 || s->gets != 0) {
        uint64_t passed = epoch - s->epoch;
        s->idle_sum += idle(s);
        s->population = passed == 1 && s->live_most > s->live ? s->live_most : s->live;
        s->ticks += passed;
    }
    s->live_most = s->live;
    s->epoch = epoch;
}

static void most(uint64_t *record, uint64_t now)
{
    if (*record < now)
        *record = now;
}

static void count_end(struct scout_sim *s, uint32_t chain)
{
    for (unsigned i = 0; i < SCOUT_ENDS; i++) {
        if (s->ends[i].chain != chain && s->ends[i].count != 0)
            continue;
        s->ends[i].chain = chain;
        s->ends[i].count++;
        return;
    }
}

void sim_get(struct scout_sim *s, const struct event *e)
{
    tick(s, e->epoch);
    s->recorded++;
    s->gets += e->weight;
    s->bytes += e->weight * e->size;
    s->smallest = e->size < s->smallest ? e->size : s->smallest;
    most(&s->largest, e->size);
    s->cleared += e->cleared ? e->weight : 0;
    if (s->first == 0)
        s->first = e->now;
    s->last = e->now;
    uint64_t level = s->live + 1; /* one that is recorded counts for several, but comes alone */
    s->live += e->weight;
    if (level > s->population) {
        s->misses += level - s->population;
        s->population = level;
    }
    most(&s->live_most, level);
    most(&s->live_peak, level);
    most(&s->population_peak, s->population);
    if (e->took != 0) {
        s->timed++;
        s->get_ns += e->took;
    }
}

void sim_put(struct scout_sim *s, const struct event *e, uint64_t born)
{
    tick(s, e->epoch);
    uint64_t age = (e->now > born ? e->now - born : 0) / 100 + 1;
    unsigned power = 63 - (unsigned)__builtin_clzll(age);
    s->puts += e->weight;
    s->live -= e->weight < s->live ? e->weight : s->live;
    s->elsewhere += e->elsewhere ? e->weight : 0;
    s->resized += e->resized ? e->weight : 0;
    s->lives[power < SCOUT_LIVES ? power : SCOUT_LIVES - 1] += e->weight;
    most(&s->idle_peak, idle(s));
    if (e->chain != 0)
        count_end(s, e->chain);
}
