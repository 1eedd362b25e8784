/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Invariants
 *   1. p->pins is the number of records with that pond, and of its pins for which there was no record.
 *   2. A record lies apart from the stack of its call, which may be gone without having ended it.
 */
#include "pin.h"

#define PINS 512 /* calls at a time; more are counted, but not known when they are left */

static struct {
    struct {
        struct pond *pond; /* NULL: none */
        struct frame call;
    } all[PINS];
    uint32_t end;        /* no record from here on was ever used */
    uint32_t count;      /* all pins. Relaxed: a call finds those that were made on its own stack before it */
    uint32_t unrecorded; /* those without a record */
} pins;

/* Counts the records, and all pins without one: as many as there are pins. */
static bool pins_are_valid(void)
{
    uint32_t records = 0;
    for (uint32_t i = 0; i < pins.end; i++)
        records += pins.all[i].pond != NULL;
    return pins.end <= PINS && pins.count == records + pins.unrecorded;
}

static void pin_count(struct pond *p, int by)
{
    POND_ASSERT(by > 0 || (p->pins > 0 && pins.count > 0));
    p->pins += (uint32_t)by;
    STORE(pins.count, pins.count + (uint32_t)by);
}

void pin_begin(struct pond *p, const struct frame *call)
{
    uint32_t i = 0;
    while (i < pins.end && pins.all[i].pond != NULL)
        i++;
    pin_count(p, 1);
    if (i == PINS) {
        pins.unrecorded++;
        return;
    }
    pins.end = MAX(pins.end, i + 1);
    pins.all[i].pond = p;
    pins.all[i].call = *call;
    POND_ASSERT(pins_are_valid());
}

static void pin_free(uint32_t i)
{
    pin_count(pins.all[i].pond, -1);
    pins.all[i].pond = NULL;
}

static ptrdiff_t pin_distance(const struct frame *a, const struct frame *b)
{
    return a->at > b->at ? a->at - b->at : b->at - a->at;
}

void pin_end(struct pond *p, const struct frame *call)
{
    uint32_t nearest = PINS;
    for (uint32_t i = 0; i < pins.end; i++)
        if (pins.all[i].pond == p && pins.all[i].call.thread == call->thread &&
            (nearest == PINS ||
             pin_distance(&pins.all[i].call, call) < pin_distance(&pins.all[nearest].call, call)))
            nearest = i;
    if (nearest != PINS) {
        pin_free(nearest);
    } else if (pins.unrecorded > 0) {
        pins.unrecorded--;
        pin_count(p, -1);
    }
    POND_ASSERT(pins_are_valid());
}

bool pins_end_left(const char *here)
{
    bool inside = false;
    for (uint32_t i = 0; i < pins.end; i++) {
        if (pins.all[i].pond == NULL)
            continue;
        enum frame_state state = frame_look(&pins.all[i].call, here, true);
        inside = inside || state == FRAME_INSIDE;
        if (state == FRAME_LEFT)
            pin_free(i);
    }
    return inside;
}

bool pins_none(void)
{
    return LOAD(pins.count) == 0;
}

bool pins_may_be_suspended(const struct pond *p)
{
    for (uint32_t i = 0; i < pins.end; i++)
        if (pins.all[i].pond == p && pins.all[i].call.thread == NULL)
            return true;
    return false;
}

void pins_end_of_thread(void)
{
    for (uint32_t i = 0; i < pins.end; i++)
        if (pins.all[i].pond != NULL && pins.all[i].call.thread == frame_thread())
            pin_free(i);
}

/* Frees the pins of the parent's other threads. Of a coroutine nobody knows whether its thread was running
 * it: it may go on in the child, so its pin stays. */
void pins_forked(struct pond *first)
{
    for (uint32_t i = 0; i < pins.end; i++)
        if (pins.all[i].pond != NULL && pins.all[i].call.thread != NULL &&
            pins.all[i].call.thread != frame_thread())
            pin_free(i);
    for (struct pond *p = first; p != NULL; p = p->links[BY_TURN].next)
        p->pins = 0;
    pins.count = pins.unrecorded = 0;
    for (uint32_t i = 0; i < pins.end; i++)
        if (pins.all[i].pond != NULL)
            pin_count(pins.all[i].pond, 1);
}
