/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bytes that nobody may write to: those of idle objects, and the red zones around objects.
 *
 *      |<-- front -->|<------- size ------->|<-- tail, padding -->|
 *      | ... zone   | object, or poison    | zone ...            |
 *
 * An idle object keeps what it owns, so its bytes are kept in its record while poison lies over them.
 */
#include "bytes.h"
#include "aside.h"
#include "guard.h"
#include "report.h"
#include "secret.h"
#include "tell.h"
#include <stdio.h>
#include <string.h>

#define POISON 0xd6

/* The advice for writes after put. The kernel's own access does not trap. */
static const char used_after_put[] = "somebody uses the object after its put: guard=1 traps the very access, "
                                     "or, where a system call makes it that "
                                     "was still under way, has it fail with EFAULT";

/* ---- bytes of one value ---- */

struct run {
    size_t offset, size; /* from the first that differs to the last; size 0: none does */
};

static bool is_filled(const unsigned char *bytes, size_t n, unsigned char value)
{
    return n == 0 || (bytes[0] == value && memcmp(bytes, bytes + 1, n - 1) == 0);
}

static struct run find_written(const unsigned char *bytes, size_t n, unsigned char value)
{
    struct run run = {.size = 0};
    if (is_filled(bytes, n, value))
        return run;
    while (bytes[run.offset] == value)
        run.offset++;
    while (bytes[n - 1] == value)
        n--;
    run.size = n - run.offset;
    return run;
}

/* ---- red zones ---- */

static size_t tail_bytes(const struct pond *p)
{
    return p->object_bytes - p->front_bytes - p->options.size;
}

static void close_tail(const struct pond *p, unsigned char *obj)
{
    size_t size = p->options.size;
    if (check_tools() && size > 0)
        tools_redzone(obj + size, p->object_bytes - p->front_bytes - size);
}

static void close_zones(const struct pond *p, unsigned char *obj)
{
    if (check_tools())
        tools_redzone(obj - REDZONE_BYTES, REDZONE_BYTES);
    close_tail(p, obj);
    if (check_tools())
        tools_release(obj);
}

static void open_zones(const struct pond *p, unsigned char *obj)
{
    size_t size = p->options.size;
    if (!check_tools())
        return;
    tools_acquire(obj);
    tools_redzone_open(obj - REDZONE_BYTES, REDZONE_BYTES);
    tools_redzone_open(obj + size, p->object_bytes - p->front_bytes - size);
}

void bytes_fill_zones(const struct pond *p, void *obj)
{
    if (!check_of(p)->redzone) {
        close_tail(p, obj);
        return;
    }
    open_zones(p, obj);
    memset((unsigned char *)obj - REDZONE_BYTES, ZONE, REDZONE_BYTES);
    memset((unsigned char *)obj + p->options.size, ZONE, tail_bytes(p));
    close_zones(p, obj);
}

/*
 * True: zones were filled when the object was made, while we watched. They are looked at while the word is
 * off, too, and made whole without a report: else the thread that has the object when the word goes on would
 * be named for what another one has written.
 */
static bool has_zones(const struct pond *p, const void *obj, const struct record *r)
{
    const struct check *c = check_of(p);
    return c->redzone && LOAD(r->born) == LOAD(c->generation) && !guard_owns(obj);
}

/* What was written around an object, noted under locks and reported without; and the last get and put. */
struct zones {
    const void *object;
    bool live; /* an audit found it in somebody's hands */
    struct run under, over;
    struct event got, put;
};

/* Makes the zones whole. False: they were. True: what was written is in *z. */
static bool mend_zones(struct pond *p, void *obj, const struct record *r, struct zones *z)
{
    unsigned char *front = (unsigned char *)obj - REDZONE_BYTES,
                  *behind = (unsigned char *)obj + p->options.size;
    open_zones(p, obj);
    z->under = find_written(front, REDZONE_BYTES, ZONE);
    z->over = find_written(behind, tail_bytes(p), ZONE);
    close_zones(p, obj);
    if (z->under.size + z->over.size == 0)
        return false;
    bytes_fill_zones(p, obj);
    z->object = obj;
    z->live = false;
    z->got = r->got;
    z->put = r->put;
    return true;
}

static bool is_idle(enum zone_look when)
{
    return when != ZONE_PUT && when != ZONE_HOOKS;
}

enum zone_side { ZONE_BEHIND, ZONE_IN_FRONT };

/*
 * "overflow after put: 1 byte behind the object was written by whoever still has the pointer, seen at a tick"
 */
static void say_zone(struct finding *f, enum zone_side side, const struct zones *z, enum zone_look when)
{
    static const char *const seen[] = {[ZONE_PUT] = "",
                                       [ZONE_HOOKS] = " by a hook of its put",
                                       [ZONE_GET] = ", seen at the next get",
                                       [ZONE_TICK] = ", seen at a tick",
                                       [ZONE_DROP] = ", seen when it was dropped",
                                       [ZONE_AUDIT] = ", seen by an audit"};
    bool put = z->put.thread != 0, idle = is_idle(when) && !z->live;
    finding_say(
        f, "%s%s: %zu byte%s %s the object %s written%s%s", side == ZONE_BEHIND ? "overflow" : "underflow",
        !idle ? ""
        : put ? " after put"
              : " while it was idle",
        f->size, f->size == 1 ? "" : "s", side == ZONE_BEHIND ? "behind" : "in front of",
        f->size == 1 ? "was" : "were", idle && put ? " by whoever still has the pointer" : "", seen[when]);
}

/* An idle object's zones are named after whoever put it; whoever found that they were written has not done
 * it. */
static void report_zone(struct pond *p, const struct zones *z, enum zone_side side, struct run run,
                        enum zone_look when, struct event here)
{
    bool idle = is_idle(when) && !z->live, put = z->put.thread != 0;
    struct finding f = {
        .word = "redzone",
        .kind = side * 2u + idle,
        .pond = p,
        .object = z->object,
        .offset = run.offset,
        .size = run.size,
        .advice =
            idle ? used_after_put
                 : "look at what writes into this object: with guard=1 about every second such write traps"};
    say_zone(&f, side, z, when);
    if (!idle)
        finding_event(&f, z->live ? ROLE_FOUND_HERE : ROLE_PUT_HERE, here);
    else if (put)
        finding_event(&f, ROLE_PUT, z->put);
    else
        finding_event(&f, ROLE_FOUND_HERE, here);
    finding_event(&f, ROLE_GOT, z->got);
    report(&f);
}

/* Reports what was written, and returns how many findings it is: on one side of the object or on both. */
static size_t report_zones(struct pond *p, struct zones *z, enum zone_look when, struct event here)
{
    if (!check_on(p, CHECK_REDZONE))
        return 0;
    z->over.offset += p->options.size;
    if (z->over.size > 0)
        report_zone(p, z, ZONE_BEHIND, z->over, when, here);
    z->under.offset -= REDZONE_BYTES;
    if (z->under.size > 0)
        report_zone(p, z, ZONE_IN_FRONT, z->under, when, here);
    return (size_t)(z->over.size > 0) + (size_t)(z->under.size > 0);
}

void bytes_check_zones(struct pond *p, void *obj, struct record *r, enum zone_look when, struct event here)
{
    struct zones z;
    if (has_zones(p, obj, r) && mend_zones(p, obj, r, &z))
        (void)report_zones(p, &z, when, here);
}

/* ---- poison ---- */

void bytes_poison(struct pond *p, void *obj, struct record *r)
{
    struct check *c = check_of(p);
    POND_ASSERT(!guard_owns(obj)); /* its record has no room for what is kept */
    if (!check_hold_for(c, CHECK_POISON))
        return;
    uint64_t most = LOAD(c->on.poison_bytes);
    size_t n = most == 0 || most > c->size ? c->size : (size_t)most;
    memcpy(record_kept(r), obj, n);
    memset(obj, POISON, n);
    STORE(r->poisoned, (uint32_t)n);
}

/* A written place, noted under locks and reported without. */
struct note {
    const void *object;
    struct run run;
    struct event got, put;
    unsigned char bytes[SECRET_SHOWN];
};

static bool take_note(const struct pond *p, struct note *note, const void *obj, const struct record *r)
{
    note->run = find_written(obj, r->poisoned, POISON);
    if (note->run.size == 0)
        return false;
    note->object = obj;
    note->got = r->got;
    note->put = r->put;
    secret_copy(p, note->bytes, obj, note->run.offset, MIN(note->run.size, SECRET_SHOWN));
    return true;
}

struct note_text {
    const struct pond *pond;
    const struct note *note;
    char bytes[96];
};

static void write_note(void *argument)
{
    struct note_text *t = argument;
    const struct note *note = t->note;
    size_t at = (size_t)snprintf(t->bytes, sizeof(t->bytes), "    written: ");
    (void)secret_text(t->pond, note->run.offset, note->bytes, note->run.size, t->bytes + at,
                      sizeof(t->bytes) - at);
}

static void report_note(struct pond *p, const struct note *note, enum role role, struct event here)
{
    struct note_text more = {.pond = p, .note = note};
    aside_do(write_note, &more);
    struct finding f = {.word = "poison",
                        .pond = p,
                        .object = note->object,
                        .offset = note->run.offset,
                        .size = note->run.size,
                        .more = more.bytes,
                        .advice = used_after_put};
    finding_say(&f, "written after put: %zu byte%s at offset %zu", note->run.size,
                note->run.size == 1 ? "" : "s", note->run.offset);
    finding_event(&f, role, here);
    finding_event(&f, ROLE_PUT, note->put);
    finding_event(&f, ROLE_GOT, note->got);
    report(&f);
}

static void lift_poison(struct pond *p, void *obj, struct record *r)
{
    POND_ASSERT(r->poisoned > 0 && r->poisoned <= check_of(p)->size);
    memcpy(obj, record_kept(r), r->poisoned);
    secret_wipe(p, record_kept(r), r->poisoned);
    STORE(r->poisoned, 0);
    check_hold(check_of(p), -1);
}

void bytes_restore(struct pond *p, void *obj, struct record *r, const void *caller)
{
    struct note note;
    if (r->poisoned == 0)
        return;
    bool written = take_note(p, &note, obj, r);
    lift_poison(p, obj, r);
    if (written)
        report_note(p, &note, caller != NULL ? ROLE_FOUND_HERE : ROLE_FOUND_AT_DROP, event_here(p, caller));
}

/* ---- what idle objects own, for searches for leaks ---- */

/* Keeps a copy of an idle object for a tool's search for leaks. What lies under poison is kept already, its
   secrets with it. */
void bytes_shelve(struct pond *p, const void *obj, struct record *r)
{
    size_t size = check_of(p)->size, under = r->poisoned;
    if (!check_tools() || !tools_search() || size == 0)
        return;
    if (under == 0) {
        memcpy(record_kept(r), obj, size);
        secret_wipe_declared(p, record_kept(r), size);
    } else {
        secret_copy(p, record_kept(r) + under, obj, under, size - under);
    }
}

void bytes_unshelve(struct pond *p, struct record *r)
{
    if (check_tools() && tools_search())
        memset(record_kept(r), 0, check_of(p)->size);
}

/* ---- all idle objects, at a tick ---- */

#define NOTES 6 /* of one tick, and of either kind; the rest at the next. They lie on the stack */

struct look {
    bool lift;     /* poison is to go: the word is off */
    bool at_zones; /* they are looked at, too, */
    bool at_live;  /* and those of live objects */
    size_t room, count, zone_count;
    struct note *notes;
    struct zones *zones;
};

static void look_under_poison(struct pond *p, void *obj, struct record *r, struct look *look)
{
    if (look->count < look->room && take_note(p, &look->notes[look->count], obj, r)) {
        look->count++;
        memset(obj, POISON, r->poisoned);
    }
    if (look->lift)
        lift_poison(p, obj, r);
}

/* Looks at the zones of a live object: its user has it meanwhile, and the zones are not the user's. */
static void look_at_live(struct pond *p, void *obj, struct record *r, struct look *look)
{
    if (look->zone_count == look->room || !has_zones(p, obj, r) || !record_look(check_of(p), r, RECORD_LIVE))
        return;
    if (has_zones(p, obj, r) && mend_zones(p, obj, r, &look->zones[look->zone_count]))
        look->zones[look->zone_count++].live = true;
    record_looked(r, RECORD_LIVE);
}

/* Looks at one object. Its record is ours for as long as that takes. */
static void look_at(struct pond *p, void *obj, struct record *r, void *ctx)
{
    struct look *look = ctx;
    bool zones = look->at_zones && has_zones(p, obj, r);
    if (look->at_live)
        look_at_live(p, obj, r, look);
    if ((LOAD(r->poisoned) == 0 && !zones) || !record_look(check_of(p), r, RECORD_IDLE))
        return;
    zones = zones && has_zones(p, obj, r); /* another object may have been made there meanwhile */
    tell_open(p, obj);
    if (r->poisoned > 0)
        look_under_poison(p, obj, r, look);
    if (zones && look->zone_count < look->room && mend_zones(p, obj, r, &look->zones[look->zone_count]))
        look->zone_count++;
    tell_close(p, obj);
    record_looked(r, RECORD_IDLE);
}

void bytes_look(struct pond *p, const void *caller)
{
    struct note notes[NOTES];
    struct zones zones[NOTES];
    struct look look = {.lift = !check_on(p, CHECK_POISON),
                        .at_zones = check_on(p, CHECK_REDZONE) && check_of(p)->redzone,
                        .room = NOTES,
                        .notes = notes,
                        .zones = zones};
    if (!look.at_zones && check_holds(check_of(p)) == 0)
        return;
    record_walk(p, look_at, &look);
    for (size_t i = 0; i < look.count; i++)
        report_note(p, &look.notes[i], ROLE_FOUND_AT_TICK, event_here(p, caller));
    for (size_t i = 0; i < look.zone_count; i++)
        (void)report_zones(p, &look.zones[i], ZONE_TICK, event_here(p, caller));
}

/* ---- switching off ---- */

void bytes_release_all(void)
{
    for (struct pond *p = registry_next(NULL, BY_TURN); p != NULL; p = registry_next(p, BY_TURN)) {
        if (watch_of(p) == NULL || check_on(p, CHECK_POISON))
            continue;
        if (check_holds(check_of(p)) > 0)
            bytes_look(p, NULL);
        words_watch_anew(p);
    }
}

/* ---- all objects, for an audit ---- */

#define AUDIT_NOTES 256 /* of one walk */
#define AUDIT_WALKS 16

struct audit_notes {
    struct note notes[AUDIT_NOTES];
    struct zones zones[AUDIT_NOTES];
};

/* Looks at all objects, and reports what it found. Returns how many findings that is. What was found is put
   right, so the next walk finds what this one had no room for. */
static size_t audit_walk(struct pond *p, struct look *look, const void *caller)
{
    look->count = look->zone_count = 0;
    record_walk(p, look_at, look);
    size_t found = look->count;
    for (size_t i = 0; i < look->count; i++)
        report_note(p, &look->notes[i], ROLE_FOUND_HERE, event_here(p, caller));
    for (size_t i = 0; i < look->zone_count; i++)
        found += report_zones(p, &look->zones[i], ZONE_AUDIT, event_here(p, caller));
    return found;
}

size_t bytes_audit(struct pond *p, const void *caller)
{
    size_t found = 0, walks = 0;
    bool zones = check_on(p, CHECK_REDZONE) && check_of(p)->redzone;
    bool any = zones || check_holds(check_of(p)) > 0;
    struct audit_notes *notes = any ? os_map(sizeof(*notes)) : NULL;
    if (notes == NULL)
        return 0;
    struct look look = {.at_zones = zones,
                        .at_live = zones,
                        .room = AUDIT_NOTES,
                        .notes = notes->notes,
                        .zones = notes->zones};
    do
        found += audit_walk(p, &look, caller);
    while ((look.count == AUDIT_NOTES || look.zone_count == AUDIT_NOTES) && ++walks < AUDIT_WALKS);
    os_unmap(notes, sizeof(*notes));
    return found;
}
