/* SPDX-License-Identifier: BSD-2-Clause */
/* hold=N: a walk over live objects. It is under locks: it notes, the report comes after. */
#include "hold.h"
#include "record.h"
#include "report.h"

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

static bool is_held(const struct pond *p, const struct held *h, const struct record *r)
{
    int64_t age = (int64_t)h->epoch - (int64_t)r->got.epoch; /* negative: got since the walk began */
    return !r->held && h->count < HELD_MOST && age >= 0 && (uint64_t)age > LOAD(check_of(p)->on.hold_epochs);
}

/* The record is ours for as long as it takes to read it. */
static void note_held(struct pond *p, void *obj, struct record *r, void *ctx)
{
    struct held *h = ctx;
    if (!record_look(check_of(p), r, RECORD_LIVE))
        return;
    if (is_held(p, h, r)) {
        r->held = true;
        h->notes[h->count++] = (struct held_note){obj, r->got};
    }
    record_looked(r, RECORD_LIVE);
}

void hold_look(struct pond *p)
{
    struct held h = {.epoch = (uint32_t)registry_epoch(p)};
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
