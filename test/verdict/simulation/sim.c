// SPDX-License-Identifier: BSD-2-Clause
#include "sim.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t next(chance *c)
{
    uint64_t z = (c->state += 0x9e3779b97f4a7c15U);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
}

double uniform(chance *c)
{
    return (double)((next(c) >> 11) + 1) / 9007199254740992.0;
}

double exponential(chance *c, double mean)
{
    return -log(uniform(c)) * mean;
}

double lognormal(chance *c, double median, double sigma)
{
    double normal = sqrt(-2 * log(uniform(c))) * cos(6.283185307179586 * uniform(c));
    return median * exp(sigma * normal);
}

static void *or_end(void *memory)
{
    if (memory == NULL) {
        fputs("simulation: there is not enough memory\n", stderr);
        exit(2);
    }
    return memory;
}

void sim_start(struct sim *s, uint64_t seed, double rate, double faster)
{
    memset(s, 0, sizeof *s);
    s->c.state = seed;
    s->sampled = 1 - exp(-SIZE / rate);
    s->faster = faster;
    s->active = or_end(calloc(RECORDED, sizeof *s->active));
    s->interval = 1;
}

void sim_end(struct sim *s)
{
    free(s->future);
    free(s->active);
}

static size_t tick_after(double minute)
{
    double tick = ceil(minute * LOOKS);
    return tick > MINUTES * LOOKS ? (size_t)MINUTES * LOOKS + 1 : (size_t)tick;
}

void sim_object(struct sim *s, int stack, double birth, double end)
{
    s->change[tick_after(birth)]++;
    s->change[tick_after(end)]--;
    bool is_fine = s->fine_every > 0 && birth > s->fine_every && fmod(birth, s->fine_every) < 0.5;
    double chance = is_fine ? s->fine : s->sampled;
    if (uniform(&s->c) > chance)
        return;
    if (s->future_count == s->future_room) {
        s->future_room = s->future_room == 0 ? 1024 : s->future_room * 2;
        s->future = or_end(realloc(s->future, s->future_room * sizeof *s->future));
    }
    s->future[s->future_count++] = (struct recorded){birth, end, 1 / chance, stack};
}

// ---- the history ----

static void merge(struct sim *s)
{
    for (size_t i = 0; i < VERDICT_TROUGHS / 2; i++) {
        uint64_t a = s->trough[2 * i], b = s->trough[2 * i + 1];
        s->trough[i] = a < b ? a : b;
    }
    s->count = VERDICT_TROUGHS / 2;
    s->interval *= 2;
}

static void begin_interval(struct sim *s)
{
    double begun = s->count > 0 ? s->begun + s->interval : 0;
    uint64_t before = s->count > 0 ? s->trough[s->count - 1] : 0;
    if (s->count == VERDICT_TROUGHS && s->interval < 64) {
        merge(s);
    } else if (s->count == VERDICT_TROUGHS) {
        memmove(s->trough, s->trough + 1, (VERDICT_TROUGHS - 1) * sizeof *s->trough);
        s->count--;
    }
    s->trough[s->count++] = before;
    s->begun = begun;
}

// The first tick of an interval says what is least, whatever was before it.
static void tick(struct sim *s, double seconds)
{
    static const double slack = 1e-9;
    bool first = s->ticks++ == 0;
    if (first)
        begin_interval(s);
    while (seconds + slack >= s->begun + s->interval) {
        begin_interval(s);
        first = true;
    }
    uint64_t live = (uint64_t)s->live, *trough = &s->trough[s->count - 1];
    if (first || live < *trough)
        *trough = live;
}

// ---- what was recorded ----

static void ended(struct sim *s, const struct recorded *r)
{
    double life = (r->end - r->birth) * 60 / s->faster;
    int bin = (int)floor(log2(life / 0.256));
    if (life < 0.256)
        return;
    bin = bin < VERDICT_LIVES ? bin : VERDICT_LIVES - 1;
    s->lives[r->stack][bin].ended++;
    s->lives[r->stack][bin].seconds += life;
}

static void end_active(struct sim *s, int minute)
{
    for (size_t i = 0; i < s->active_count;) {
        if (s->active[i].end > minute) {
            i++;
            continue;
        }
        ended(s, &s->active[i]);
        s->active[i] = s->active[--s->active_count];
    }
}

void sim_minute(struct sim *s, int minute)
{
    end_active(s, minute);
    for (size_t i = 0; i < s->future_count;) {
        struct recorded r = s->future[i];
        if (r.birth > minute) {
            i++;
            continue;
        }
        s->got[r.stack] += r.weight;
        if (r.end <= minute)
            ended(s, &r);
        else if (s->active_count < RECORDED)
            s->active[s->active_count++] = r;
        s->future[i] = s->future[--s->future_count];
    }
    while (s->ticks <= (size_t)minute * LOOKS) {
        s->live += s->change[s->ticks];
        tick(s, (double)s->ticks * 60 / LOOKS / s->faster);
    }
}

void sim_judge(struct sim *s, int stack, int minute, struct verdict_result *r, bool print)
{
    static double ages[RECORDED], weights[RECORDED];
    double in_use = 0;
    size_t count = 0;
    for (size_t i = 0; i < s->active_count; i++) {
        if (s->active[i].stack != stack)
            continue;
        in_use += weights[count] = s->active[i].weight;
        ages[count++] = (minute - s->active[i].birth) * 60 / s->faster;
    }
    for (size_t i = 0; i < s->count; i++)
        s->trough_bytes[i] = s->trough[i] * (uint64_t)SIZE;
    struct verdict_pond p = {.name = "simulated",
                             .max_objects = s->max_objects,
                             .live = (uint64_t)s->live,
                             .object_bytes = SIZE,
                             .interval = s->interval,
                             .live_trough = s->trough,
                             .live_trough_bytes = s->trough_bytes,
                             .troughs = s->count};
    struct verdict_stack k = {.pond = &p,
                              .ages = ages,
                              .age_count = count,
                              .age_objects = s->fine_every > 0 ? weights : NULL,
                              .lives = s->lives[stack],
                              .inuse_objects = in_use,
                              .inuse_bytes = in_use * SIZE,
                              .alloc_objects = s->got[stack]};
    double watched = minute * 60 / s->faster;
    verdict_judge(r, &k, watched, s->faster);
    if (print) {
        char words[2000];
        verdict_words(words, sizeof words, r, &k, watched, s->faster);
        printf("%4d min  %s: %s\n", minute, verdict_name(r->verdict), words);
    }
}
