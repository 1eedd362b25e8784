/* SPDX-License-Identifier: BSD-2-Clause */
/* Finds out at a put or discard whose object it is, and what is wrong with it before any hook has run. */
#include "claim.h"
#include "bytes.h"
#include "guard.h"
#include "report.h"

/* ---- put: whose object is it? ---- */

#define WAITS 1000 /* yields, for another thread that may be putting the object just now */

/* Reads the record if it is in that state. True: it was. Under the lock that a fork takes: so a child finds
   no record held by a thread that it does not have. */
static bool read_in_state(const struct check *c, struct record *r, uint32_t state, struct event *put,
                          struct event *got)
{
    check_lock();
    bool ours = record_look(c, r, state);
    if (ours) {
        *put = r->put;
        *got = r->got;
        record_looked(r, state);
    }
    check_unlock();
    return ours;
}

/* Reads the object's put and get as the record has them, while nobody writes them; neither if that takes too
   long. */
static void read_events(const struct check *c, struct record *r, struct event *put, struct event *got)
{
    static const uint32_t states[] = {RECORD_IDLE, RECORD_LIVE, RECORD_DROPPED};
    put->thread = got->thread = 0;
    for (int i = 0; i < 3 * WAITS && !read_in_state(c, r, states[i % 3], put, got); i++)
        if (i % 3 == 2)
            os_yield();
}

static const char *verb_of(const struct call *call)
{
    return call->kind == CALL_PUT ? "put" : "pond_discard";
}

/*
 * Reports it with what the record says of the object; r NULL: there is no object, or nothing is known of it.
 */
static void refuse(const struct call *call, struct finding *f, enum role role, struct record *r)
{
    struct event put = {.thread = 0}, got = {.thread = 0};
    f->pond = call->pond;
    f->object = call->obj;
    if (r != NULL)
        read_events(check_of(f->owner != NULL ? f->owner : f->pond), r, &put, &got);
    finding_event(f, role, call->here);
    finding_event(f, ROLE_PUT_BEFORE, put);
    finding_event(f, ROLE_GOT, got);
    report(f);
}

static void refuse_double(const struct call *call, struct record *r, uint32_t state)
{
    struct finding f = {
        .word = "double", .kind = call->kind, .advice = "one of the two puts has to go: see both stacks"};
    const char *fate = state == RECORD_DROPPED ? "was dropped after its put" : "is idle already";
    if (call->kind == CALL_PUT)
        finding_say(&f, "double put: the object %s", fate);
    else
        finding_say(&f, "%s of an object that %s", verb_of(call), fate);
    refuse(call, &f, ROLE_PUT_AGAIN_HERE, r);
}

/* What it is that was given to a pond which has no such object. */
static enum subject subject_of(const struct place *at)
{
    if (at->owner == NULL)
        return SUBJECT_POINTER;
    if (at->free)
        return SUBJECT_MEMORY;
    return at->inside != 0 ? SUBJECT_INSIDE : SUBJECT_OBJECT;
}

static void refuse_foreign(const struct call *call, const struct place *at)
{
    struct finding f = {.word = "tag",
                        .subject = subject_of(at),
                        .owner = at->owner,
                        .inside = at->inside,
                        .advice = "put each object into the pond that it was got from"};
    f.kind = f.subject;
    if (f.subject == SUBJECT_POINTER)
        finding_say(&f, "%s of a pointer that is no pond's object", verb_of(call));
    else if (f.subject == SUBJECT_MEMORY)
        finding_say(&f, "%s of memory that is not handed out, in pond \"%s\"", verb_of(call),
                    at->owner->name);
    else if (f.subject == SUBJECT_INSIDE)
        finding_say(&f, "%s of a pointer %td bytes into an object of pond \"%s\"", verb_of(call),
                    (ptrdiff_t)at->inside, at->owner->name);
    else
        finding_say(&f, "%s of an object of pond \"%s\" into pond \"%s\"", verb_of(call), at->owner->name,
                    call->pond->name);
    refuse(call, &f, ROLE_PUT_HERE, f.subject == SUBJECT_OBJECT ? at->record : NULL);
}

/* Claims the object where the first look did not: it is wrong, or not known yet. */
static bool claim_slowly(struct call *call)
{
    const struct check *c = check_of(call->pond);
    struct place at = record_locate(call->pond, call->obj);
    uint32_t state = at.record != NULL ? record_state(c, at.record) : RECORD_UNKNOWN;
    if (at.owner != call->pond || at.inside != 0 || at.free) {
        refuse_foreign(call, &at);
        return false;
    }
    call->record = at.record;
    if (state != RECORD_UNKNOWN) {
        refuse_double(call, at.record, state);
        return false;
    }
    if (at.record != NULL)
        record_trust(c, at.record, call->here); /* live since before we watched */
    return true;
}

bool claim(struct call *call)
{
    call->record = record_peek(call->pond, call->obj);
    if (call->record != NULL &&
        record_change(check_of(call->pond), call->record, RECORD_LIVE, RECORD_CLEANING))
        return true;
    return claim_slowly(call);
}

/* ---- put: the checks ---- */

static void check_confined(const struct call *call)
{
    const struct pond *p = call->pond;
    const struct record *r = call->record;
    if ((p->options.flags & POND_THREAD_CONFINED) == 0 || r->got.thread == 0 ||
        r->got.thread == call->here.thread)
        return;
    struct finding f = {.word = "confine",
                        .pond = p,
                        .object = call->obj,
                        .advice = "hand the object back to its thread, or drop POND_THREAD_CONFINED"};
    finding_say(&f, "got by thread %u, put by thread %u: the pond is confined", r->got.thread,
                call->here.thread);
    finding_event(&f, ROLE_PUT_HERE, call->here);
    finding_event(&f, ROLE_GOT, r->got);
    report(&f);
}

void claim_report_slack(const struct slack_note *n, const struct pond *p, struct event here, bool put)
{
    struct finding f = {.word = "guard",
                        .pond = p,
                        .object = n->object,
                        .kind = put ? GUARD_WRITTEN_AT_PUT : GUARD_WRITTEN_BY_AUDIT,
                        .offset = (size_t)n->offset,
                        .size = n->bytes,
                        .advice = "look at what writes into this object"};
    finding_say(&f, "write of %zu byte%s %s the object, seen %s", n->bytes, n->bytes == 1 ? "" : "s",
                n->offset < 0 ? "in front of" : "behind", put ? "at its put" : "by an audit");
    finding_event(&f, put ? ROLE_PUT_HERE : ROLE_FOUND_HERE, here);
    finding_event(&f, ROLE_GOT, n->got);
    report(&f);
}

static void check_slack(const struct call *call)
{
    struct slack_note n = {.object = call->obj, .got = call->record->got};
    if (!guard_slack_is_clean(call->obj, &n.offset, &n.bytes))
        claim_report_slack(&n, call->pond, call->here, true);
}

void claim_check(const struct call *call)
{
    if (call->record == NULL)
        return;
    POND_ASSERT(LOAD(call->record->state) == RECORD_CLEANING);
    if (guard_owns(call->obj))
        check_slack(call);
    else
        bytes_check_zones(call->pond, call->obj, call->record, ZONE_PUT, call->here);
    if (check_on(call->pond, CHECK_CONFINE))
        check_confined(call);
}

void claim_check_hooks(const struct call *call)
{
    if (call->record != NULL && call->pond->put_is_slow)
        bytes_check_zones(call->pond, call->obj, call->record, ZONE_HOOKS, call->here);
}

void claim_report_grown(const struct call *call)
{
    const pond_options *o = &call->pond->options;
    struct finding f = {.word = "grow",
                        .pond = call->pond,
                        .object = call->obj,
                        .advice = "shrink it in reset, or raise max_footprint if most objects grow so far"};
    finding_say(&f, "the object owns %zu bytes, more than max_footprint %zu, and is dropped",
                o->footprint(call->obj, o->ctx), LOAD(o->max_footprint)); /* Relaxed: as it is now */
    finding_event(&f, ROLE_PUT_HERE, call->here);
    if (call->record != NULL)
        finding_event(&f, ROLE_GOT, call->record->got);
    report(&f);
}
