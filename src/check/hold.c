/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hold=N: reports objects that are live for too long, by the place where they were got. A walk over live
 * objects notes them, under locks; the reports come after it.
 */
#include "hold.h"
#include "record.h"
#include "report.h"

#define PLACES_MOST 32 /* of one tick; objects got elsewhere are reported at the next */

/* Objects that were got at one place, and are held. */
struct held_place {
    const void *object; /* the oldest of them */
    struct event got;   /* its get */
    size_t count;
    uint32_t newest; /* the epoch in which the youngest was got */
};

struct held {
    uint32_t epoch; /* the pond's now */
    size_t count;
    struct held_place places[PLACES_MOST];
};

static bool is_held(const struct pond *p, const struct held *h, const struct record *r)
{
    int64_t age = (int64_t)h->epoch - (int64_t)r->got.epoch; /* negative: got since the walk began */
    return !r->held && age >= 0 && (uint64_t)age > LOAD(check_of(p)->on.hold_epochs);
}

/* The place where these objects are got; NULL: it is one too many. */
static struct held_place *place_for(struct held *h, const struct event *got)
{
    size_t i = 0;
    while (i < h->count && h->places[i].got.stack != got->stack)
        i++;
    if (i == PLACES_MOST)
        return NULL;
    if (i == h->count)
        h->places[h->count++] = (struct held_place){.got = *got, .newest = got->epoch};
    return &h->places[i];
}

static bool count_held(struct held *h, const void *obj, const struct event *got)
{
    struct held_place *place = place_for(h, got);
    if (place == NULL)
        return false;
    if (place->count++ == 0 || (int32_t)(got->epoch - place->got.epoch) < 0) {
        place->object = obj;
        place->got = *got;
    }
    if ((int32_t)(got->epoch - place->newest) > 0)
        place->newest = got->epoch;
    return true;
}

/* The record is ours for as long as it takes to read it. */
static void note_held(struct pond *p, void *obj, struct record *r, void *ctx)
{
    if (!record_look(check_of(p), r, RECORD_LIVE))
        return;
    if (is_held(p, ctx, r))
        r->held = count_held(ctx, obj, &r->got);
    record_looked(r, RECORD_LIVE);
}

/* "live for 3 epochs", or of several objects "12 objects live for 3 epochs", "... for 3 to 5 epochs". */
static void say_held(struct finding *f, const struct held_place *place, uint32_t epoch)
{
    uint32_t least = epoch - place->newest, most = epoch - place->got.epoch;
    if (place->count == 1)
        finding_say(f, "live for %u epochs", most);
    else if (least == most)
        finding_say(f, "%zu objects live for %u epochs, got at one place", place->count, most);
    else
        finding_say(f, "%zu objects live for %u to %u epochs, got at one place", place->count, least, most);
}

void hold_look(struct pond *p)
{
    struct held h = {.epoch = (uint32_t)registry_epoch(p)};
    record_walk(p, note_held, &h);
    for (size_t i = 0; i < h.count; i++) {
        struct finding f = {.word = "hold",
                            .pond = p,
                            .object = h.places[i].object,
                            .advice = "put it, or let this worker end; hold=N allows N epochs"};
        say_held(&f, &h.places[i], h.epoch);
        finding_event(&f, ROLE_GOT, h.places[i].got);
        report(&f);
    }
}
