/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The rate of all ponds: as it was set, or the fine one for a while after what is in use has grown; and that
 * of a single pond, which may be finer for a while. All of it is under the registry's lock; the rate is read
 * by anybody. A pond's history begins, under the pond's own lock, when it begins to be sampled.
 */
#include "../os.h"
#include "profile.h"
#include "trace.h"
#include <errno.h>

static struct {
    struct profile_settings set;
    size_t now;        /* the rate in effect */
    uint64_t began;    /* os_milliseconds: the profile is of what came since; 0: it is off */
    uint64_t missing;  /* so many ponds are not sampled, for there was no memory */
    uint64_t seed;     /* of this process */
    uint64_t trough;   /* least bytes in use since the last time that the rate changed */
    uint64_t fine_end; /* os_milliseconds; 0: the rate is the usual one */
} rate;

/* ---- one pond and all ---- */

static size_t rate_of(const struct pond *p)
{
    return p->fine_end == 0 || rate.now == 0 ? rate.now : MIN(rate.now, p->fine_rate);
}

/* With the gates closed, or before anybody knows the pond. False: no memory. */
static bool rate_give(struct pond *p)
{
    pthread_mutex_lock(&p->lock); /* for its history, which others may be reading */
    bool was_sampled = p->sampling != NULL, done = sampling_set(p, rate_of(p), rate.seed);
    if (!was_sampled && p->sampling != NULL)
        history_begin(p);
    if (p->sampling != NULL)
        board_look(p, true); /* for its history */
    pthread_mutex_unlock(&p->lock);
    return done;
}

/* Lines are closed: each thread comes by and opens its own anew. */
static void rate_apply(size_t bytes)
{
    struct pond *all = registry_all();
    gates_close(all, GATE_BOUNDED);
    rate.missing = 0;
    STORE(rate.now, bytes);
    for (struct pond *p = registry_first(); p != NULL; p = registry_after(p))
        rate.missing += !rate_give(p);
    gates_open(all);
    if (rate.missing > 0)
        record_lose(rate.missing);
}

static void rate_apply_to(struct pond *p)
{
    p->together = NULL;
    gates_close(p, GATE_BOUNDED);
    (void)rate_give(p); /* it has the memory */
    gates_open(p);
}

/* Of two processes each draws for itself. */
static void rate_seed(void)
{
    static uint64_t processes;
    rate.seed = rate.set.seed != 0 ? rate.set.seed + processes++ : os_seed();
}

/* Another thread may switch it off meanwhile. */
void rate_restart(void)
{
    uint64_t began = LOAD(rate.began);
    if (began != 0)
        (void)__atomic_compare_exchange_n(&rate.began, &began, os_milliseconds(), false, __ATOMIC_RELAXED,
                                          __ATOMIC_RELAXED);
}

void rate_forked(void)
{
    rate_seed();
    rate_restart();
}

static void rate_forget_fine(void)
{
    rate.fine_end = 0;
    for (struct pond *p = registry_first(); p != NULL; p = registry_after(p))
        p->fine_end = 0;
}

bool rate_set(const struct profile_settings *s)
{
    if (s->rate != 0 && !record_ready())
        return false;
    rate.set = *s;
    rate.trough = UINT64_MAX;
    rate_forget_fine();
    rate_seed();
    if (s->rate != 0 || rate.now != 0)
        rate_apply((size_t)s->rate);
    if (rate.now == 0)
        record_forget();
    if (rate.now == 0 || rate.began == 0)
        STORE(rate.began, rate.now == 0 ? 0 : os_milliseconds());
    return rate.missing == 0;
}

void sample_created(struct pond *p)
{
    if (rate.now == 0 || rate_give(p))
        return;
    rate.missing++;
    record_lose(1);
}

/* What its parent's threads did is none of the child's history. */
void sample_forked(struct pond *p)
{
    if (p->sampling == NULL)
        return;
    (void)rate_give(p);
    pthread_mutex_lock(&p->lock);
    history_begin(p);
    pthread_mutex_unlock(&p->lock);
}

size_t pond_profile_rate(void)
{
    return LOAD(rate.now);
}

double pond_profile_seconds(void)
{
    uint64_t began = LOAD(rate.began), now = os_milliseconds();
    return began == 0 ? 0 : (double)MAX(now - MIN(now, began), 1) / 1000;
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
    uint64_t pond; /* its number; 0: it is of all ponds */
    struct trace_name name;
};

/* Under no lock. */
static void rate_say(const struct rate_change *c)
{
    unsigned long long in_use = c->in_use, trough = c->trough, pond = c->pond;
    if (pond == 0)
        trace_line("rate", "rate=%zu was=%zu why=%s inuse=%llu trough=%llu", c->to, c->from, c->why, in_use,
                   trough);
    else
        trace_line("rate", "rate=%zu was=%zu why=%s inuse=%llu trough=%llu pond=%s id=%llu", c->to, c->from,
                   c->why, in_use, trough, c->name.text, pond);
}

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

/* ---- one pond, finer for a while ---- */

/* Until `end`; 0: no more. */
static void rate_change_one(struct pond *p, size_t bytes, uint64_t end, struct rate_change *c)
{
    pond_stats s;
    *c = (struct rate_change){.why = end != 0 ? "verdict" : "over", .from = rate_of(p), .pond = p->number};
    trace_name(&c->name, p->name);
    p->fine_rate = bytes;
    p->fine_end = end;
    c->to = rate_of(p);
    rate_apply_to(p);
    pthread_mutex_lock(&p->lock);
    stats_look(p, &s);
    c->in_use = s.live_bytes;
    c->trough = history_trough(p);
    pthread_mutex_unlock(&p->lock);
}

static int rate_refine(struct pond *p, size_t bytes, unsigned seconds)
{
    struct rate_change c = {.why = NULL};
    registry_lock();
    bool sampled = p->sampling != NULL;
    if (sampled)
        rate_change_one(p, bytes, os_milliseconds() + (uint64_t)seconds * 1000, &c);
    registry_unlock();
    if (sampled)
        rate_say(&c);
    else
        errno = ENODATA;
    return sampled ? 0 : -1;
}

int pond_profile_fine(pond *p, size_t bytes, unsigned seconds)
{
    int result = -1;
    if (!registry_enter(p, "pond_profile_fine", CALLER))
        return -1;
    if (bytes == 0 || seconds == 0)
        errno = EINVAL;
    else if (registry_knows(p, "pond_profile_fine", CALLER))
        result = rate_refine(p, bytes, seconds);
    entry_end();
    return result;
}

/* The first pond whose time is over; NULL: there is none. */
static struct pond *rate_find_over(void)
{
    struct pond *p = registry_first();
    uint64_t now = os_milliseconds();
    while (p != NULL && (p->fine_end == 0 || p->fine_end > now))
        p = registry_after(p);
    return p;
}

static bool rate_end_one(struct rate_change *c)
{
    registry_lock();
    struct pond *p = rate.now == 0 ? NULL : rate_find_over();
    if (p != NULL)
        rate_change_one(p, 0, 0, c);
    registry_unlock();
    return p != NULL;
}

/* ---- ticks ---- */

/* Objects with footprints may have grown since their pond's chance was set. */
static void rate_weigh_all(void)
{
    for (struct pond *p = registry_first(); p != NULL; p = registry_after(p))
        if (p->options.footprint != NULL)
            sampling_weigh(p, rate_of(p));
}

void sample_ticked(void)
{
    struct rate_change c = {.why = NULL};
    bool over = false;
    if (LOAD(rate.now) == 0)
        return;
    registry_lock();
    if (rate.now != 0) {
        over = rate_find_over() != NULL;
        rate_weigh_all();
        if (rate.set.grow != 0 && rate_follow(bytes_in_use(), &c))
            rate_apply(c.to);
        else if (rate.missing > 0)
            rate_apply(rate.now);
    }
    registry_unlock();
    if (c.why != NULL)
        rate_say(&c);
    while (over && rate_end_one(&c))
        rate_say(&c);
}
