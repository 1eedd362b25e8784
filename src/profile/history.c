/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a sampled pond was, by intervals of equal length: the verdict looks for what grows in it, the page
 * draws it. Each tick adds a look to the part that is under way. There are 128 parts at most, so that memory
 * is bounded: then two and two become one, and from 64 seconds on the oldest goes.
 *
 *   1. Part k is of the time from start + k * interval on, to the millisecond. The last one is under way once
 *      history_reach has been called.
 *   2. Only ticks, with all gates closed, write live, live_bytes and idle_bytes: they are of one instant.
 *      Gets and misses are counted by readers as well; each is in one part.
 *   3. All of it is under the pond's lock. Its memory is the sampling's, which stays until the pond ends.
 */
#include "../os.h"
#include "../sized.h"
#include "profile.h"
#include <errno.h>
#include <string.h>

#define FIRST_INTERVAL 1000 /* milliseconds */
#define LAST_INTERVAL 64000

_Static_assert(HISTORY_PARTS == POND_HISTORY_MOST, "all parts are told");

static void history_as_before(struct history_part *part, const struct history_part *before)
{
    part->live = before->live;
    part->live_bytes = before->live_bytes;
    part->idle_bytes = before->idle_bytes;
}

static struct history_part history_both(const struct history_part *a, const struct history_part *b)
{
    bool first = a->ticked && (!b->ticked || a->live <= b->live);
    struct history_part both = first ? *a : *b;
    both.idle_bytes = b->idle_bytes;
    both.gets = a->gets + b->gets;
    both.misses = a->misses + b->misses;
    both.ticked = a->ticked || b->ticked;
    return both;
}

static void history_halve(struct history *h)
{
    h->count /= 2;
    h->interval *= 2;
    for (size_t k = 0; k < h->count; k++) {
        h->parts[k] = history_both(&h->parts[2 * k], &h->parts[2 * k + 1]);
        if (!h->parts[k].ticked && k > 0)
            history_as_before(&h->parts[k], &h->parts[k - 1]);
    }
}

/* After a pause of more than all of them the last one stays, as what was before. */
static void history_drop(struct history *h, uint64_t oldest)
{
    size_t left = oldest < HISTORY_PARTS ? HISTORY_PARTS - (size_t)oldest : 1;
    memmove(h->parts, h->parts + HISTORY_PARTS - left, left * sizeof h->parts[0]);
    if (oldest >= HISTORY_PARTS) {
        h->parts[0].gets = h->parts[0].misses = 0;
        h->parts[0].ticked = false;
    }
    h->count = left;
    h->start += oldest * h->interval;
}

/* So that the last part is the one of `now`. */
static void history_reach(struct history *h, uint64_t now)
{
    uint64_t passed = now - MIN(now, h->start);
    while (passed / h->interval >= h->count) {
        if (h->count < HISTORY_PARTS) {
            struct history_part *part = &h->parts[h->count++];
            *part = (struct history_part){.ticked = false};
            history_as_before(part, part - 1);
        } else if (h->interval < LAST_INTERVAL) {
            history_halve(h);
        } else {
            history_drop(h, passed / h->interval - (HISTORY_PARTS - 1));
            passed = now - h->start;
        }
    }
}

/* No count goes back; but one that is read while threads are at work may lag behind. */
static uint64_t history_since(uint64_t *before, uint64_t now)
{
    uint64_t more = now - MIN(now, *before);
    *before += more;
    return more;
}

static void history_count(struct history *h, const pond_stats *s)
{
    struct history_part *part = &h->parts[h->count - 1];
    part->gets += history_since(&h->gets, s->gets);
    part->misses += history_since(&h->misses, s->misses);
}

static uint64_t history_idle(const pond_stats *s)
{
    return s->idle_local_bytes + s->idle_shared_bytes + s->idle_victim_bytes;
}

void history_begin(struct pond *p)
{
    struct history *h = sampling_history(p);
    pond_stats s;
    stats_look(p, &s);
    *h = (struct history){.start = os_milliseconds(),
                          .interval = FIRST_INTERVAL,
                          .gets = s.gets,
                          .misses = s.misses,
                          .count = 1};
    h->parts[0] =
        (struct history_part){.live = s.live, .live_bytes = s.live_bytes, .idle_bytes = history_idle(&s)};
}

void sample_turned(struct pond *p)
{
    pond_stats s;
    if (p->sampling == NULL)
        return;
    struct history *h = sampling_history(p);
    stats_look(p, &s);
    history_reach(h, os_milliseconds());
    history_count(h, &s);
    struct history_part *part = &h->parts[h->count - 1];
    if (!part->ticked || s.live < part->live) {
        part->live = s.live;
        part->live_bytes = s.live_bytes;
    }
    part->idle_bytes = history_idle(&s);
    part->ticked = true;
}

uint64_t history_trough(const struct pond *p)
{
    const struct history *h = sampling_history(p);
    uint64_t least = h->parts[0].live_bytes;
    for (size_t k = 1; k < h->count; k++)
        least = MIN(least, h->parts[k].live_bytes);
    return least;
}

/* ---- for the program ---- */

static void history_copy(pond_history *to, const struct history *h)
{
    to->interval = (double)h->interval / 1000;
    to->count = h->count;
    for (size_t k = 0; k < h->count; k++) {
        const struct history_part *part = &h->parts[k];
        to->live[k] = part->live;
        to->live_bytes[k] = part->live_bytes;
        to->idle_bytes[k] = part->idle_bytes;
        to->gets[k] = part->gets;
        to->misses[k] = part->misses;
    }
}

static int history_read(struct pond *p, pond_history *to)
{
    pond_stats s;
    to->id = p->number;
    pthread_mutex_lock(&p->lock);
    bool sampled = p->sampling != NULL;
    if (sampled) {
        struct history *h = sampling_history(p);
        stats_look(p, &s);
        history_reach(h, os_milliseconds());
        history_count(h, &s);
        history_copy(to, h);
    }
    pthread_mutex_unlock(&p->lock);
    if (!sampled)
        errno = ENODATA;
    return sampled ? 0 : -1;
}

static int history_read_entered(struct pond *p, pond_history *history, const void *caller)
{
    int result = -1;
    *history = (pond_history){.count = 0};
    if (!registry_enter(p, "pond_history_read", caller))
        return -1;
    if (registry_knows(p, "pond_history_read", caller))
        result = history_read(p, history);
    entry_end();
    return result;
}

/* By way of a structure of its own, 5 KiB of stack that nobody else needs. */
static NOT_INLINED int history_read_part(struct pond *p, void *history, size_t bytes, const void *caller)
{
    pond_history whole;
    int result = history_read_entered(p, &whole, caller);
    sized_give(history, bytes, &whole, sizeof whole);
    return result;
}

static int history_read_sized(struct pond *p, pond_history *history, size_t bytes, const void *caller)
{
    if (bytes < sizeof *history)
        return history_read_part(p, history, bytes, caller);
    memset((char *)history + sizeof *history, 0, bytes - sizeof *history);
    return history_read_entered(p, history, caller);
}

int pond_history_read_sized(pond *p, pond_history *history, size_t bytes)
{
    return history_read_sized(p, history, bytes, CALLER);
}

int pond_history_read(pond *p, pond_history *history)
{
    return history_read_sized(p, history, SIZE_UP_TO(pond_history, misses), CALLER);
}
