/* SPDX-License-Identifier: BSD-2-Clause */
/* hold=N and leak: walks over live objects. A walk is under locks: it notes, the report comes after. */
#include "tell.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- held for too long ---- */

#define HELD_MOST 32 /* of one tick; the rest at the next */

struct held_note {
    const void *object;
    struct event got;
};

struct held {
    uint32_t epoch;
    size_t count;
    struct held_note notes[HELD_MOST];
};

static bool is_held(const struct held *h, const struct record *r)
{
    int64_t age = (int64_t)h->epoch - (int64_t)r->got.epoch; /* negative: got since the walk began */
    return !r->held && h->count < HELD_MOST && age >= 0 && (uint64_t)age > LOAD(check_settings.hold_epochs);
}

/* The record is ours for as long as it takes to read it. */
static void note_held(struct pond *p, void *obj, struct record *r, void *ctx)
{
    struct held *h = ctx;
    if (!record_look(check_of(p), r, RECORD_LIVE))
        return;
    if (is_held(h, r)) {
        r->held = true;
        h->notes[h->count++] = (struct held_note){obj, r->got};
    }
    record_looked(r, RECORD_LIVE);
}

void live_look_for_held(struct pond *p)
{
    struct held h = {.epoch = (uint32_t)LOAD(p->epoch)};
    record_walk(p, note_held, &h);
    for (size_t i = 0; i < h.count; i++) {
        struct finding f = {.word = "hold",
                            .pond = p,
                            .object = h.notes[i].object,
                            .advice = "put it, or let this worker end; hold=N allows N epochs"};
        finding_say(&f, "live for %u epochs", h.epoch - h.notes[i].got.epoch);
        finding_event(&f, "got", h.notes[i].got);
        report(&f);
    }
}

/* ---- leaks, by stack ---- */

#define GROUPS 1000 /* the last one is of all other stacks */
#define GROUPS_SHOWN 10
#define LEAK_TEXT_BYTES ((size_t)48 << 10)

struct group {
    struct event got; /* of one of them */
    const void *object;
    size_t count;
};

struct leaks {
    bool at_exit;
    size_t count, groups;
    struct group group[GROUPS];
    char text[LEAK_TEXT_BYTES];
};

static void count_leak(struct leaks *l, const void *obj, const struct record *r)
{
    size_t i = 0;
    if (l->at_exit && r->forks != event_forks())
        return; /* what was live at a fork is the parent's to put */
    while (i < l->groups && i < GROUPS - 1 && l->group[i].got.stack != r->got.stack)
        i++;
    l->groups = MAX(l->groups, i + 1);
    if (l->group[i].count++ == 0) {
        l->group[i].got = r->got;
        l->group[i].object = obj;
    }
    l->count++;
}

static void count_live(struct pond *p, void *obj, struct record *r, void *ctx)
{
    if (!record_look(check_of(p), r, RECORD_LIVE))
        return;
    count_leak(ctx, obj, r);
    record_looked(r, RECORD_LIVE);
}

/* All objects of a pond have the same size: most bytes are most objects. */
static int by_bytes(const void *a, const void *b)
{
    size_t x = ((const struct group *)a)->count, y = ((const struct group *)b)->count;
    return (x < y) - (x > y);
}

static size_t write_group(const struct pond *p, const struct group *g, char *text, size_t n)
{
    int at = snprintf(text, n, "    %zu object%s, %zu bytes, got by thread %u, epoch %u:\n", g->count,
                      g->count == 1 ? "" : "s", g->count * p->object_bytes, g->got.thread, g->got.epoch);
    size_t used = at < 0 ? 0 : MIN((size_t)at, n - 1);
    return used + event_text(&g->got, text + used, n - used);
}

static void write_groups(const struct pond *p, struct leaks *l)
{
    size_t at = 0;
    for (size_t i = 0; i < MIN(l->groups, GROUPS_SHOWN) && at + 1 < LEAK_TEXT_BYTES; i++)
        at += write_group(p, &l->group[i], l->text + at, LEAK_TEXT_BYTES - at);
    if (l->groups > GROUPS_SHOWN && at + 1 < LEAK_TEXT_BYTES)
        at += (size_t)snprintf(l->text + at, LEAK_TEXT_BYTES - at, "    and from %zu other places\n",
                               l->groups - GROUPS_SHOWN);
    if (at > 0 && at < LEAK_TEXT_BYTES && l->text[at - 1] == '\n')
        l->text[at - 1] = '\0';
}

static void report_leaks(struct pond *p, struct leaks *l, const char *when)
{
    qsort(l->group, l->groups, sizeof(l->group[0]), by_bytes);
    write_groups(p, l);
    struct finding f = {.word = "leak",
                        .pond = p,
                        .object = l->group[0].object,
                        .more = l->text,
                        .quiet_stacks = true,
                        .advice = "put what was got at these places"};
    finding_say(&f, "%zu object%s live at %s", l->count, l->count == 1 ? "" : "s", when);
    for (size_t i = 0; i < MIN(l->groups, POND_REPORT_STACKS); i++)
        finding_event(&f, "got", l->group[i].got);
    report(&f);
}

static void look_for_leaks(struct pond *p, const char *when, bool at_exit)
{
    struct leaks *l = os_map(sizeof(*l));
    if (l == NULL)
        return;
    l->at_exit = at_exit;
    record_walk(p, count_live, l);
    if (l->count > 0)
        report_leaks(p, l, when);
    os_unmap(l, sizeof(*l));
}

void live_report_leaks(struct pond *p, const char *when)
{
    look_for_leaks(p, when, false);
}

/* ---- exit ---- */

/*
 * After all that was registered with atexit, and after the destructors of what was made before the first
 * pond: they may put objects yet.
 */
__attribute__((destructor)) static void look_at_exit(void)
{
    if (!check_on(CHECK_LEAK))
        return;
    for (struct pond *p = registry_next(NULL); p != NULL; p = registry_next(p))
        if (watch_of(p) == &watch_full)
            look_for_leaks(p, "exit", true);
}

/* ---- switching off ---- */

void live_release_all(void)
{
    if (check_on(CHECK_POISON))
        return;
    for (struct pond *p = registry_next(NULL); p != NULL; p = registry_next(p))
        if (check_of(p) != NULL && check_holds(check_of(p)) > 0)
            bytes_look(p, NULL);
    words_settle();
}
