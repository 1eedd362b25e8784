/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The rate of all ponds: as it was set, or the fine one for a while after what is in use has grown. All of it
 * is under the registry's lock; the rate is read by anybody.
 */
#include "../os.h"
#include "profile.h"
#include "trace.h"

static struct {
    struct profile_settings set;
    size_t now;        /* the rate in effect */
    uint64_t missing;  /* so many ponds are not sampled, for there was no memory */
    uint64_t seed;     /* of this process */
    uint64_t trough;   /* least bytes in use since the last time that the rate changed */
    uint64_t fine_end; /* os_milliseconds; 0: the rate is the usual one */
} rate;

/* ---- all ponds ---- */

/* Lines are closed: each thread comes by and opens its own anew. */
static void rate_apply(size_t bytes)
{
    gates_close(registry_all(), GATE_BOUNDED);
    rate.missing = 0;
    STORE(rate.now, bytes);
    for (struct pond *p = registry_first(); p != NULL; p = registry_after(p))
        rate.missing += !sampling_set(p, bytes, rate.seed);
    gates_open();
    if (rate.missing > 0)
        record_lose(rate.missing);
}

/* Of two processes each draws for itself. */
static void rate_seed(void)
{
    static uint64_t processes;
    rate.seed = rate.set.seed != 0 ? rate.set.seed + processes++ : os_seed();
}

void rate_forked(void)
{
    rate_seed();
}

bool rate_set(const struct profile_settings *s)
{
    if (s->rate != 0 && !record_ready())
        return false;
    rate.set = *s;
    rate.fine_end = 0;
    rate.trough = UINT64_MAX;
    rate_seed();
    if (s->rate != 0 || rate.now != 0)
        rate_apply((size_t)s->rate);
    if (rate.now == 0)
        record_forget();
    return rate.missing == 0;
}

void sample_created(struct pond *p)
{
    if (rate.now == 0 || sampling_set(p, rate.now, rate.seed))
        return;
    rate.missing++;
    record_lose(1);
}

void sample_forked(struct pond *p)
{
    if (p->sampling != NULL)
        (void)sampling_set(p, rate.now, rate.seed);
}

size_t pond_profile_rate(void)
{
    return LOAD(rate.now);
}

/* ---- growth ---- */

static uint64_t bytes_in_use(void)
{
    uint64_t bytes = 0;
    for (struct pond *p = registry_first(); p != NULL; p = registry_after(p)) {
        pond_stats s;
        stats_read(p, &s);
        bytes += s.live_bytes;
    }
    return bytes;
}

static bool rate_has_grown(uint64_t in_use)
{
    uint64_t grown = in_use - rate.trough;
    if (!rate.set.grow_percent)
        return grown >= rate.set.grow;
    return rate.trough > 0 && (double)grown >= (double)rate.trough * (double)rate.set.grow / 100;
}

/* What the trace says of a change; why NULL: there was none. */
struct rate_change {
    const char *why;
    size_t from, to;
    uint64_t in_use, trough;
};

/* True: from now on it is the fine rate, or the usual one again. */
static bool rate_follow(uint64_t in_use, struct rate_change *c)
{
    uint64_t now = os_milliseconds();
    *c = (struct rate_change){.from = rate.now, .in_use = in_use, .trough = rate.trough};
    if (rate.fine_end == 0) {
        rate.trough = MIN(rate.trough, in_use);
        c->trough = rate.trough;
        if (!rate_has_grown(in_use))
            return false;
        rate.fine_end = now + rate.set.seconds * 1000;
        c->why = "grown";
        c->to = (size_t)rate.set.fine;
        return true;
    }
    if (now < rate.fine_end)
        return false;
    rate.fine_end = 0;
    rate.trough = in_use;
    c->why = "over";
    c->to = (size_t)rate.set.rate;
    return true;
}

/* Objects with footprints may have grown since their pond's chance was set. */
static void rate_weigh_all(void)
{
    for (struct pond *p = registry_first(); p != NULL; p = registry_after(p))
        if (p->options.footprint != NULL)
            sampling_weigh(p, rate.now);
}

void sample_ticked(void)
{
    struct rate_change c = {.why = NULL};
    if (LOAD(rate.now) == 0)
        return;
    registry_lock();
    if (rate.now != 0) {
        rate_weigh_all();
        if (rate.set.grow != 0 && rate_follow(bytes_in_use(), &c))
            rate_apply(c.to);
        else if (rate.missing > 0)
            rate_apply(rate.now);
    }
    registry_unlock();
    if (c.why != NULL)
        trace_line("rate", "rate=%zu was=%zu why=%s inuse=%llu trough=%llu", c.to, c.from, c.why,
                   (unsigned long long)c.in_use, (unsigned long long)c.trough);
}
