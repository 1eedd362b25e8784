// SPDX-License-Identifier: BSD-2-Clause
// The twenty patterns that the rule was made with, each with a busy background, and more.
#include "patterns.h"

#include <math.h>

static const double NEVER = 1e9;

// Poisson arrivals, `rate` a minute, from `from` on.
#define EACH_ARRIVAL(s, rate, from, b)                                                                       \
    for (double b = (from) + exponential(&(s)->c, 1 / (rate)); b < MINUTES;                                  \
         b += exponential(&(s)->c, 1 / (rate)))

static void background(struct sim *s, double figure)
{
    (void)figure;
    EACH_ARRIVAL(s, 3000.0, 0.0, b)
    sim_object(s, 0, b, b + lognormal(&s->c, 0.5 / 60, 1));
}

static void stay_from(struct sim *s, int stack, double rate, double from)
{
    EACH_ARRIVAL(s, rate, from, b)
    sim_object(s, stack, b, NEVER);
}

static void leak(struct sim *s, double rate)
{
    background(s, 0);
    stay_from(s, 0, rate, 0);
}

static void leak_from_30(struct sim *s, double rate)
{
    background(s, 0);
    stay_from(s, 0, rate, 30);
}

static void warm_up_alone(struct sim *s, int stack, double constant)
{
    for (int i = 0; i < 10000; i++)
        sim_object(s, stack, exponential(&s->c, constant), NEVER);
}

static void warm_up(struct sim *s, double constant)
{
    background(s, 0);
    warm_up_alone(s, 0, constant);
}

static void fill_linear(struct sim *s, double minutes)
{
    background(s, 0);
    for (int i = 0; i < 10000; i++)
        sim_object(s, 0, uniform(&s->c) * minutes, NEVER);
}

static void burst(struct sim *s, double life)
{
    background(s, 0);
    for (int i = 0; i < 5000; i++) {
        double b = 20 + uniform(&s->c) * 0.2;
        sim_object(s, 0, b, b + life);
    }
}

static void sawtooth(struct sim *s, double period)
{
    background(s, 0);
    EACH_ARRIVAL(s, 1000.0, 0.0, b)
    sim_object(s, 0, b, (floor(b / period) + 1) * period);
}

static void stuck(struct sim *s, double count)
{
    background(s, 0);
    for (int i = 0; i < count; i++)
        sim_object(s, 0, 10, NEVER);
}

// Two jobs a minute of half a minute each; a few of minute 10 never end.
static void stuck_quiet(struct sim *s, double count)
{
    EACH_ARRIVAL(s, 2.0, 0.0, b)
    sim_object(s, 0, b, b + exponential(&s->c, 0.5));
    for (int i = 0; i < count; i++)
        sim_object(s, 0, 10 + 0.1 * i, NEVER);
}

static void connections_of(struct sim *s, int stack, double life)
{
    for (int i = 0; i < 5000; i++)
        sim_object(s, stack, 0, exponential(&s->c, life));
    EACH_ARRIVAL(s, 5000 / life, 0.0, b)
    sim_object(s, stack, b, b + exponential(&s->c, life));
}

static void connections(struct sim *s, double life)
{
    background(s, 0);
    connections_of(s, 0, life);
}

static void heavy_tail(struct sim *s, double sigma)
{
    background(s, 0);
    EACH_ARRIVAL(s, 300.0, 0.0, b)
    sim_object(s, 0, b, b + lognormal(&s->c, 1, sigma));
}

static void load_rises(struct sim *s, double life)
{
    background(s, 0);
    EACH_ARRIVAL(s, 900.0, 0.0, b)
    {
        if (uniform(&s->c) < (1 + 2 * fmin(b / 60, 1)) / 3)
            sim_object(s, 0, b, b + exponential(&s->c, life));
    }
}

static void bounded_leak(struct sim *s, double rate)
{
    s->max_objects = 20000;
    leak(s, rate);
}

static void leak_after_warm_up(struct sim *s, double rate)
{
    warm_up(s, 5);
    stay_from(s, 0, rate, 0);
}

// Of one pond: connections of one stack, and a leak of the other.
static void leak_beside_connections(struct sim *s, double rate)
{
    connections(s, 30);
    stay_from(s, 1, rate, 0);
}

// Each ten minutes as much as leaks in ten minutes.
static void leak_by_bursts(struct sim *s, double rate)
{
    background(s, 0);
    for (int at = 5; at < MINUTES; at += 10) {
        for (int i = 0; i < rate * 10; i++)
            sim_object(s, 0, at + uniform(&s->c) * 0.2, NEVER);
    }
}

// Half of what comes ends within seconds, half never.
static void leak_of_half(struct sim *s, double rate)
{
    background(s, 0);
    EACH_ARRIVAL(s, rate * 2, 0.0, b)
    sim_object(s, 0, b, uniform(&s->c) < 0.5 ? NEVER : b + exponential(&s->c, 0.5));
}

// Load of day and night: three times as much in the one as in the other, in `period` minutes.
static void leak_by_load(struct sim *s, double rate)
{
    background(s, 0);
    EACH_ARRIVAL(s, rate * 1.5, 0.0, b)
    {
        if (uniform(&s->c) < (2 + sin(b / 120 * 6.283185307179586)) / 3)
            sim_object(s, 0, b, NEVER);
    }
}

// What another stack of the same pond does must not be taken for a leak of the first.
static void connections_beside_leak(struct sim *s, double rate)
{
    EACH_ARRIVAL(s, rate, 0.0, b)
    sim_object(s, 0, b, b + exponential(&s->c, 60));
    stay_from(s, 1, 128, 0);
}

static void warm_up_beside_leak(struct sim *s, double constant)
{
    warm_up_alone(s, 0, constant);
    stay_from(s, 1, 2000, 0);
}

static void bursts_beside_leak(struct sim *s, double count)
{
    for (int i = 0; i < count; i++)
        sim_object(s, 0, (i % 2 == 0 ? 20 : 40) + uniform(&s->c) * 0.2, NEVER);
    stay_from(s, 1, 128, 0);
}

static void leak_that_ends(struct sim *s, double rate)
{
    background(s, 0);
    EACH_ARRIVAL(s, rate, 0.0, b)
    {
        if (b < 60)
            sim_object(s, 0, b, NEVER);
    }
}

// Of thirty jobs one takes ten minutes.
static void long_jobs(struct sim *s, double minutes)
{
    EACH_ARRIVAL(s, 6.0, 0.0, b)
    sim_object(s, 0, b, b + (uniform(&s->c) < 1.0 / 30 ? minutes : exponential(&s->c, 0.2)));
}

static void heavy_tail_quiet(struct sim *s, double sigma)
{
    EACH_ARRIVAL(s, 5.0, 0.0, b)
    sim_object(s, 0, b, b + lognormal(&s->c, 0.5, sigma));
}

static void kept_from_the_start(struct sim *s, double count)
{
    for (int i = 0; i < count; i++)
        sim_object(s, 0, 0.1, NEVER);
    EACH_ARRIVAL(s, 0.05, 0.0, b)
    sim_object(s, 0, b, b + exponential(&s->c, 0.2));
}

// The rate is 32 times finer for half a minute, again and again, as growth makes it.
static void finer(struct sim *s)
{
    s->fine_every = 7;
    s->sampled = 1 - exp(-SIZE / 262144);
    s->fine = 1 - exp(-SIZE / 8192);
}

static void leak_finer(struct sim *s, double rate)
{
    finer(s);
    leak(s, rate);
}

static void warm_up_finer(struct sim *s, double constant)
{
    finer(s);
    warm_up(s, constant);
}

static void connections_finer(struct sim *s, double life)
{
    finer(s);
    connections(s, life);
}

#define GROWN (QUIET | IS(VERDICT_GROWING) | IS(VERDICT_WARMING_UP))
#define LEAKS (IS(VERDICT_LEAK) | IS(VERDICT_SLOW_LEAK))

// What grows without end may be called growing before it is called a leak.
#define UNTIL_LEAK (QUIET | IS(VERDICT_GROWING))

// What is left out is 0: never, or none.
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"
const struct pattern patterns[] = {
    {"stationary", "steady", background, 0, QUIET, 0},
    {"leak 512K/min", "leak", leak, 128, UNTIL_LEAK | LEAKS, IS(VERDICT_LEAK), 15, 20},
    {"leak 2M/min from 30", "leak", leak_from_30, 512, UNTIL_LEAK | LEAKS, IS(VERDICT_LEAK), 41, 50},
    {"slow leak 64K/min", "slow leak", leak, 16, QUIET | IS(VERDICT_SLOW_LEAK), IS(VERDICT_SLOW_LEAK), 15,
     40},
    {"slow leak 16K/min", "slow leak", leak, 4, QUIET | IS(VERDICT_HELD) | IS(VERDICT_SLOW_LEAK),
     IS(VERDICT_SLOW_LEAK), 25, 110},
    {"warm-up 2", "warming up, then steady", warm_up, 2, GROWN, IS(VERDICT_WARMING_UP), 15, 20, 60, QUIET},
    {"warm-up 5", "warming up, then steady", warm_up, 5, GROWN, IS(VERDICT_WARMING_UP), 15, 20, 80, QUIET},
    {"warm-up 20", "warming up", warm_up, 20, GROWN, IS(VERDICT_WARMING_UP), 15, 25},
    {"cache fill linear 40 min", "leak until full, then steady", fill_linear, 40, GROWN | LEAKS, LEAKS, 15,
     20, 50, GROWN},
    {"burst of 10 min", "growing, then steady", burst, 10, GROWN, 0, 0, 0, 50, QUIET},
    {"burst that stays", "warming up, then steady", burst, 1e9, GROWN, IS(VERDICT_WARMING_UP), 20, 40, 60,
     QUIET},
    {"sawtooth 5", "steady", sawtooth, 5, UNTIL_LEAK, 0, 0, 0, 20, QUIET},
    {"sawtooth 15", "growing, then steady", sawtooth, 15, UNTIL_LEAK, 0, 0, 0, 30, QUIET},
    {"stuck worker", "steady: not recorded", stuck, 3, QUIET | IS(VERDICT_HELD)},
    {"connections 10", "steady", connections, 10, QUIET},
    {"connections 30", "steady", connections, 30, QUIET},
    {"connections 60", "steady", connections, 60, QUIET},
    {"heavy tail", "steady", heavy_tail, 1.8, UNTIL_LEAK},
    {"load rises 3x in 60", "steady or growing", load_rises, 3, UNTIL_LEAK},
    {"load rises, 10 min lives", "steady or growing", load_rises, 10, UNTIL_LEAK},
    // more
    {"connections 180", "steady", connections, 180, QUIET},
    {"stuck worker, quiet pond", "held", stuck_quiet, 3, QUIET | IS(VERDICT_HELD), IS(VERDICT_HELD), 20, 50,
     .every_get = true},
    {"one stuck, quiet pond", "held", stuck_quiet, 1, QUIET | IS(VERDICT_HELD), IS(VERDICT_HELD), 20, 50,
     .every_get = true},
    {"quiet pond", "steady", stuck_quiet, 0, QUIET, .every_get = true},
    {"leak 512K/min, bounded", "filling", bounded_leak, 128, QUIET | IS(VERDICT_FILLING), IS(VERDICT_FILLING),
     4, 20},
    {"leak 512K/min and warm-up", "leak", leak_after_warm_up, 128, GROWN | LEAKS, IS(VERDICT_LEAK), 15, 60},
    {"warm-up 12", "warming up", warm_up, 12, GROWN, IS(VERDICT_WARMING_UP), 15, 20},
    {"leak beside connections 30", "leak", leak_beside_connections, 128, UNTIL_LEAK | LEAKS, LEAKS, 15, 30,
     .judged = 1},
    {"those connections", "no leak", leak_beside_connections, 128, GROWN},
    {"leak by bursts", "leak", leak_by_bursts, 128, GROWN | LEAKS, LEAKS, 25, 80},
    {"leak of every other", "leak", leak_of_half, 128, UNTIL_LEAK | LEAKS, IS(VERDICT_LEAK), 15, 25},
    {"leak as the load goes", "leak", leak_by_load, 192, GROWN | LEAKS, IS(VERDICT_LEAK), 15, 30},
    {"connections 60 beside it", "no leak", connections_beside_leak, 40, UNTIL_LEAK},
    {"warm-up 12 beside it", "no leak", warm_up_beside_leak, 12, GROWN},
    {"warm-up 20 beside it", "no leak", warm_up_beside_leak, 20, GROWN},
    {"bursts beside it", "no leak", bursts_beside_leak, 5000, GROWN},
    {"leak that ends at 60", "leak, then steady", leak_that_ends, 128, GROWN | LEAKS, IS(VERDICT_LEAK), 15,
     20, 70, GROWN},
    {"long jobs, quiet pond", "steady", long_jobs, 12, QUIET | IS(VERDICT_HELD), 0, 0, 0, 60, QUIET,
     .every_get = true},
    {"heavy tail, quiet pond", "steady", heavy_tail_quiet, 1.5, QUIET, .every_get = true},
    {"kept from the start", "steady", kept_from_the_start, 3, QUIET, .every_get = true},
    {"leak, rate changes", "leak", leak_finer, 256, UNTIL_LEAK | LEAKS, IS(VERDICT_LEAK), 15, 22},
    {"warm-up 12, rate changes", "warming up", warm_up_finer, 12, GROWN, IS(VERDICT_WARMING_UP), 15, 22},
    {"connections 60, r. changes", "steady", connections_finer, 60, QUIET},
};
const int pattern_count = sizeof patterns / sizeof *patterns;
