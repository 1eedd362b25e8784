/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pond_audit: all objects of a pond looked at now.
 *
 *   bytes   red zones of live and idle objects, poison of idle ones (bytes.c); what lies next to live objects
 *           in guard slots
 *   states  what the pond takes for idle is, each once, an object of its own that is idle. So it is found out
 *           afterwards, too, that an object was put twice, or into another pond, while no word was on
 *
 * Invariants
 *   1. States are looked at with the gates closed and the pond's lock held, and only if every thread is out
 * of its cache: then nothing is on its way between two magazines, and what lies in one was settled as idle
 *      before (watch.c, 2). What is on its way to or from the pond lies in none.
 *   2. Nothing is reported under a lock.
 *   3. Addresses of objects are kept inverted: they lead no search for leaks to an object.
 */
#include "audit.h"
#include "../gather.h"
#include "bytes.h"
#include "claim.h"
#include "full.h"
#include "guard.h"
#include "reach.h"
#include "report.h"
#include <errno.h>

/* ---- what is wrong with an idle object ---- */

enum fault {
    FAULT_NONE,
    FAULT_FOREIGN, /* of another pond */
    FAULT_NOTHING, /* no object at all */
    FAULT_FREE,    /* an object that was dropped: its memory is free, or nobody's */
    FAULT_LIVE,
    FAULT_TWICE
};

struct wrong {
    const void *object;
    enum fault fault;
    char owner[sizeof(((struct pond *)NULL)->name)]; /* of FAULT_FOREIGN */
};

#define WRONG_MOST 64

struct idle_list {
    size_t bytes; /* of this mapping */
    size_t room, count, wrongs;
    struct wrong wrong[WRONG_MOST];
    uintptr_t not_at[]; /* the objects' addresses, inverted */
};

static bool is_object_start(const struct pond *p, const struct slab *s, const void *obj)
{
    const char *object = slab_locate(s, obj);
    return object != NULL && (const char *)obj == object + p->front_bytes;
}

/* The pond that has this slab; NULL: none has. Under the registry's lock. */
static const struct pond *owner_of(const struct slab *s)
{
    const struct pond *p = registry_first();
    while (p != NULL && s->set != &p->slabs)
        p = registry_after(p);
    return p;
}

static enum fault fault_of_memory(const struct pond *p, const void *obj, const struct pond **owner)
{
    const struct slab *s = p->object_bytes > 0 ? slab_of(obj) : NULL;
    *owner = p;
    if (p->object_bytes == 0)
        return FAULT_NONE;
    if (s == NULL)
        return FAULT_NOTHING;
    if (s->set != &p->slabs) {
        *owner = owner_of(s);
        return *owner != NULL ? FAULT_FOREIGN : FAULT_NOTHING;
    }
    if (slab_locate(s, obj) == NULL)
        return FAULT_FREE;
    return is_object_start(p, s, obj) ? FAULT_NONE : FAULT_NOTHING;
}

/* What is wrong by the object's record, if there is one that is believed. */
static enum fault fault_of_state(struct pond *p, const void *obj)
{
    struct record *r = watch_of(p) == &watch_full ? record_peek(p, obj) : NULL;
    uint32_t state = r != NULL ? record_state(check_of(p), r) : RECORD_UNKNOWN;
    if (state == RECORD_UNKNOWN || state == RECORD_IDLE)
        return FAULT_NONE;
    return state == RECORD_DROPPED ? FAULT_FREE : FAULT_LIVE;
}

static void note_wrong(struct idle_list *l, const void *obj, enum fault fault, const struct pond *owner)
{
    if (l->wrongs == WRONG_MOST)
        return;
    struct wrong *w = &l->wrong[l->wrongs++];
    *w = (struct wrong){.object = obj, .fault = fault};
    if (owner != NULL)
        memcpy(w->owner, owner->name, sizeof(w->owner));
}

static void add_idle(struct pond *p, struct idle_list *l, const void *obj)
{
    const struct pond *owner;
    pagemap_lock(); /* a tick takes an empty slab out of the map before it unmaps it */
    enum fault fault = fault_of_memory(p, obj, &owner);
    pagemap_unlock();
    if (fault == FAULT_NONE)
        fault = fault_of_state(p, obj);
    if (fault != FAULT_NONE)
        note_wrong(l, obj, fault, owner);
    if (l->count < l->room)
        l->not_at[l->count] = ~(uintptr_t)obj;
    l->count++;
}

/* ---- everything that is idle: under the locks, gates closed ---- */

static void add_magazine(struct pond *p, struct idle_list *l, const struct magazine *m, size_t count)
{
    for (size_t i = 0; m != NULL && i < MIN(count, m->room); i++)
        add_idle(p, l, m->slots[i]);
}

/* How many objects are in the loaded magazine, whatever mark its owner has in the lowest bit of `top`. */
static size_t audit_loaded(const struct cache *c)
{
    const struct magazine *m = c->loaded;
    if (m == NULL)
        return 0;
    /* Relaxed: the gates are closed, and every thread is out of its cache. */
    return line_is_counted(c) ? m->count : ((uintptr_t)LOAD(c->top) - (uintptr_t)m->slots) / sizeof(void *);
}

static void add_caches(struct pond *p, struct idle_list *l)
{
    uint32_t lines =
        MIN(LOAD(p->lines), gates_end()); /* Relaxed: with the registry's lock, under which it grows */
    for (uint32_t slot = 0; slot < lines; slot++) {
        const struct cache *c = &p->caches[slot];
        add_magazine(p, l, c->loaded, audit_loaded(c));
        add_magazine(p, l, c->previous, c->previous_count);
    }
}

static void add_depot_stack(struct pond *p, struct idle_list *l, const struct depot_stack *s)
{
    for (const ck_stack_entry_t *e = s->stack.head; e != NULL; e = e->next) {
        const struct magazine *m = (const struct magazine *)(const void *)e;
        add_magazine(p, l, m, m->count);
    }
}

static void add_shared(struct pond *p, struct idle_list *l)
{
    for (size_t i = 0; i < 3; i++)
        add_depot_stack(p, l, &p->depot.stacks[i]);
    add_depot_stack(p, l, &p->depot.overdue);
    add_depot_stack(p, l, &p->depot.aged);
    add_magazine(p, l, p->shared, p->shared != NULL ? p->shared->count : 0);
    add_magazine(p, l, p->dropping, p->dropping != NULL ? p->dropping->count : 0);
}

/* Lists all that is idle. False: a thread is in its cache. */
static bool list_idle(struct pond *p, struct idle_list *l)
{
    registry_lock();
    p->together = NULL;
    gates_close(p, GATE_BOUNDED);
    bool whole = gates_worth_waiting(p) == 0;
    pthread_mutex_lock(&p->lock);
    l->count = l->wrongs = 0;
    if (whole) {
        add_caches(p, l);
        add_shared(p, l);
    }
    pthread_mutex_unlock(&p->lock);
    gates_open(p);
    registry_unlock();
    return whole;
}

/* ---- states ---- */

static struct idle_list *list_map(size_t room)
{
    size_t bytes = rounded_up(sizeof(struct idle_list) + room * sizeof(uintptr_t), os_page_size());
    struct idle_list *l = os_map(bytes);
    if (l == NULL)
        return NULL;
    l->bytes = bytes;
    l->room = (bytes - sizeof(struct idle_list)) / sizeof(uintptr_t);
    return l;
}

static void find_twice(struct idle_list *l)
{
    POND_ASSERT(l->count <= l->room);
    reach_sort(l->not_at, sizeof(l->not_at[0]), l->count);
    for (size_t i = 1; i < l->count; i++)
        if (l->not_at[i] == l->not_at[i - 1])
            note_wrong(l, (const void *)~l->not_at[i], FAULT_TWICE, NULL);
}

static const char put_twice[] = "it was put twice while no word looked: with double on that put is named";

static void report_wrong(struct pond *p, const struct wrong *w, const void *caller)
{
    struct finding f = {
        .word = "audit", .kind = w->fault, .pond = p, .object = w->object, .advice = put_twice};
    if (w->fault == FAULT_FOREIGN || w->fault == FAULT_NOTHING)
        f.advice = "it was put here while no word looked: with tag on that put is named";
    switch (w->fault) {
    case FAULT_FOREIGN:
        finding_say(&f, "an object of pond \"%s\" is idle in pond \"%s\"", w->owner, p->name);
        break;
    case FAULT_NOTHING:
        finding_say(&f, "what is idle is no object of any pond");
        break;
    case FAULT_FREE:
        finding_say(&f, "an object is idle that was dropped");
        break;
    case FAULT_LIVE:
        finding_say(&f, "an object is idle and live at once");
        break;
    default:
        finding_say(&f, "an object is idle twice");
        break;
    }
    finding_event(&f, ROLE_FOUND_HERE, event_here(p, caller));
    report(&f);
}

#define TRIES 10 /* until no thread is in its cache, and the list has room */

static size_t objects_now(struct pond *p)
{
    pthread_mutex_lock(&p->lock);
    size_t objects = (size_t)p->objects;
    pthread_mutex_unlock(&p->lock);
    return objects;
}

static struct idle_list *list_all(struct pond *p)
{
    size_t room = objects_now(p) + 64;
    for (int i = 0; i < TRIES; i++) {
        struct idle_list *l = list_map(room);
        if (l == NULL || (list_idle(p, l) && l->count <= l->room))
            return l;
        room = MAX(room, l->count + l->count / 8);
        os_unmap(l, l->bytes);
        os_yield();
    }
    return NULL;
}

static size_t audit_states(struct pond *p, const void *caller)
{
    struct idle_list *l = list_all(p);
    if (l == NULL)
        return 0;
    find_twice(l);
    size_t found = l->wrongs;
    for (size_t i = 0; i < found; i++)
        report_wrong(p, &l->wrong[i], caller);
    os_unmap(l, l->bytes);
    return found;
}

/* ---- next to objects in guard slots ---- */

struct slacks {
    size_t count;
    struct slack_note notes[GUARD_SLOTS + GUARD_LARGE_SLOTS];
};

static void look_at_slack(struct pond *p, void *obj, struct record *r, void *ctx)
{
    struct slacks *s = ctx;
    struct slack_note *n = &s->notes[s->count];
    if (!guard_owns(obj) || !record_look(check_of(p), r, RECORD_LIVE))
        return;
    *n = (struct slack_note){.object = obj, .got = r->got};
    if (!guard_slack_is_clean(obj, &n->offset, &n->bytes)) {
        guard_mend_slack(obj);
        s->count++;
    }
    record_looked(r, RECORD_LIVE);
}

static size_t audit_slacks(struct pond *p, const void *caller)
{
    struct slacks *s = os_map(sizeof(*s));
    if (s == NULL)
        return 0;
    check_lock();
    guard_walk(p, look_at_slack, s);
    check_unlock();
    size_t found = s->count;
    for (size_t i = 0; i < found; i++)
        claim_report_slack(&s->notes[i], p, event_here(p, caller), false);
    os_unmap(s, sizeof(*s));
    return found;
}

/* ---- the audit ---- */

size_t audit_pond(struct pond *p, const void *caller)
{
    int saved = errno;
    size_t found = 0;
    if (watch_of(p) != NULL)
        found = bytes_audit(p, caller) + audit_slacks(p, caller);
    found += audit_states(p, caller);
    errno = saved;
    return found;
}

static size_t audit_each(const void *caller)
{
    size_t found = 0;
    for (struct pond *p = registry_next(NULL, BY_AGE); p != NULL; p = registry_next(p, BY_AGE))
        found += audit_pond(p, caller);
    return found;
}

static size_t audit_pinned(struct pond *p, const void *caller)
{
    registry_pin(p);
    size_t found = audit_pond(p, caller);
    registry_unpin(p);
    return found;
}

size_t pond_audit(pond *p)
{
    size_t found = 0;
    if (!registry_enter(p, "pond_audit", CALLER))
        return 0;
    if ((p == NULL || registry_knows(p, "pond_audit", CALLER)) &&
        registry_outside_hooks(p, "pond_audit", CALLER, __builtin_dwarf_cfa()))
        found = p != NULL ? audit_pinned(p, CALLER) : audit_each(CALLER);
    entry_end();
    return found;
}
