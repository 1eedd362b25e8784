/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From an object to what is known of it.
 *
 * Invariants
 *   1. A record stays where it is for as long as its object may be put, got or dropped: in the annex of
 *      the object's slab, in its guard slot, or in its pond's table.
 *   2. The state of a record of this generation is changed by compare-and-swap; whoever changes it from LIVE,
 *      IDLE or CLEANING owns the rest of the record until it stores the next state (release, pairs with the
 *      acquire of the next change).
 *   3. LOOKED_AT ends without waiting for anything: whoever finds it waits for it. It is held under a lock
 *      that a fork takes, the pond's or the checks': a child finds none of another thread's.
 */
#include "record.h"
#include "guard.h"
#include "table.h"

/* True: the record is of the check's generation now, or of every one. */
static bool is_current(const struct check *c, const struct record *r)
{
    uint32_t generation = __atomic_load_n(&r->generation, __ATOMIC_ACQUIRE); /* Pairs with renew */
    return generation == LOAD(c->generation) || generation == RECORD_ALWAYS;
}

/* ---- object -> record ---- */

static struct record *annex_record(const struct check *c, struct slab *s, size_t object)
{
    char *annex = slab_annex(s, c->record_bytes);
    return annex == NULL ? NULL : (struct record *)(void *)(annex + object * c->record_bytes);
}

/* How many bytes the address lies behind the start of the object that it belongs to, red zones included; and
   that object's number. An address in the zone in front is as far behind as a size_t wraps to. */
static size_t inside(const struct pond *p, const struct slab *s, const void *address, size_t *object)
{
    uint32_t offset = (uint32_t)((const char *)address - s->base), stride = (uint32_t)p->object_bytes;
    *object = offset / stride;
    return offset - *object * stride - p->front_bytes;
}

static struct record *table_record(struct pond *p, const void *obj, bool add)
{
    struct table *t = check_of(p)->table;
    check_lock();
    struct record *r = table_find(t, obj);
    if (r == NULL && add)
        r = table_add(t, obj);
    else if (add && LOAD(r->state) == RECORD_DROPPED)
        STORE(r->state, RECORD_UNKNOWN); /* another object at that address: not to be swept */
    check_unlock();
    return r;
}

static struct record *own_record(struct pond *p, const void *obj)
{
    struct record *r = record_in_slab(p, check_of(p), obj);
    if (r != NULL)
        return r;
    size_t object;
    struct slab *s = slab_of(obj);
    if (s == NULL || s->set != &p->slabs || inside(p, s, obj, &object) != 0 || object >= s->room)
        return NULL;
    return annex_record(check_of(p), s, object);
}

static struct record *find_record(struct pond *p, const void *obj, bool add)
{
    if (p->object_bytes == 0)
        return table_record(p, obj, add);
    struct record *r = own_record(p, obj);
    if (r != NULL || !guard_owns(obj))
        return r;
    const void *object;
    struct pond *owner;
    r = guard_record(obj, &object, &owner);
    return object == obj && owner == p ? r : NULL;
}

struct record *record_of(struct pond *p, const void *obj)
{
    return find_record(p, obj, true);
}

struct record *record_peek(struct pond *p, const void *obj)
{
    return find_record(p, obj, false);
}

/* ---- any address -> what it is ---- */

static struct place in_slab(struct slab *s, const void *address)
{
    struct place at = {.owner = s->set->owner};
    if (at.owner == NULL)
        return at; /* a magazine */
    pthread_mutex_lock(&at.owner->lock);
    const char *object = slab_locate(s, address);
    pthread_mutex_unlock(&at.owner->lock);
    at.free = object == NULL;
    if (object == NULL)
        return at;
    at.inside = (size_t)((const char *)address - object) - at.owner->front_bytes;
    if (at.inside == 0 && check_of(at.owner) != NULL)
        at.record = own_record(at.owner, address);
    return at;
}

static struct place in_guard(const void *address)
{
    struct place at = {.owner = NULL};
    const void *object;
    at.record = guard_record(address, &object, &at.owner);
    if (at.record != NULL)
        at.inside = (size_t)((const char *)address - (const char *)object);
    return at;
}

/*
 * What create made at this address, by the tables of all ponds. A pond whose object there was dropped has it
 * no longer, and one that was not watched meanwhile need not: the address may be another pond's by now.
 */
static struct place in_tables(const void *address)
{
    struct place at = {.owner = NULL};
    check_lock();
    for (struct check *c = check_first(); c != NULL && at.owner == NULL; c = c->next) {
        struct record *r = table_find(c->table, address);
        if (r == NULL || !is_current(c, r) || LOAD(r->state) == RECORD_DROPPED)
            continue;
        at = (struct place){.owner = c->pond, .record = r};
    }
    check_unlock();
    return at;
}

/* Finds out the slow way what an address is that is not simply an object of this pond: another pond's, or
   none. */
static struct place anywhere(const void *address)
{
    struct slab *s = slab_of(address);
    if (s != NULL)
        return in_slab(s, address);
    return guard_owns(address) ? in_guard(address) : in_tables(address);
}

/* Of a pond with create: one that was not watched from its start has objects that no table knows, so what
   nobody else has is believed to be its own. */
static struct place in_table(struct pond *p, const void *address)
{
    struct place at = anywhere(address);
    if (at.owner == NULL && !LOAD(check_of(p)->whole))
        at = (struct place){.owner = p, .record = table_record(p, address, true)};
    return at;
}

struct place record_locate(struct pond *p, const void *address)
{
    struct place at = {.owner = p};
    at.record = p->object_bytes > 0 ? own_record(p, address) : table_record(p, address, false);
    if (at.record != NULL && record_state(check_of(p), at.record) != RECORD_UNKNOWN)
        return at;
    struct record *r = at.record;
    at = p->object_bytes > 0 ? anywhere(address) : in_table(p, address);
    if (r != NULL)
        at.record = r;
    return at;
}

/* ---- states ---- */

uint32_t record_state(const struct check *c, const struct record *r)
{
    uint32_t state;
    /* Pairs with record_set_state and record_looked: what was written before that state is seen. */
    while ((state = __atomic_load_n(&r->state, __ATOMIC_ACQUIRE)) == RECORD_LOOKED_AT)
        os_yield();
    return is_current(c, r) ? state : RECORD_UNKNOWN;
}

bool record_change(const struct check *c, struct record *r, uint32_t from, uint32_t to)
{
    POND_ASSERT(from != RECORD_UNKNOWN && from != RECORD_LOOKED_AT && to != RECORD_UNKNOWN);
    while (record_state(c, r) == from)
        /* Pairs with record_set_state and record_looked: of two that change it one sees the other's state. */
        if (__atomic_compare_exchange_n(&r->state, &(uint32_t){from}, to, false, __ATOMIC_ACQ_REL,
                                        __ATOMIC_RELAXED))
            return true;
    return false;
}

/*
 * A record of an earlier generation becomes current. Its state of then goes first: a walk that found the new
 * generation beside it would take the object for what it was then. The generation is stored with release and
 * loaded with acquire, so whoever sees the new one cannot change the old state any more.
 */
static void renew(const struct check *c, struct record *r)
{
    uint32_t generation = record_generation(c);
    POND_ASSERT(generation != RECORD_NEVER && LOAD(r->generation) != RECORD_ALWAYS);
    STORE(r->state, RECORD_UNKNOWN);
    __atomic_store_n(&r->generation, generation, __ATOMIC_RELEASE); /* Pairs with is_current */
}

void record_set_state(const struct check *c, struct record *r, uint32_t state)
{
    POND_ASSERT(state != RECORD_UNKNOWN && state != RECORD_LOOKED_AT);
    if (!is_current(c, r))
        renew(c, r);
    __atomic_store_n(&r->state, state, __ATOMIC_RELEASE); /* Pairs with record_state and record_change */
}

void record_trust(const struct check *c, struct record *r, struct event here)
{
    r->got = r->put = (struct event){.epoch = here.epoch}; /* it is not known when; not later than this */
    r->made = r->held = false;
    STORE(r->born, 0);
    r->forks = event_forks();
    record_set_state(c, r, RECORD_CLEANING);
}

bool record_look(const struct check *c, struct record *r, uint32_t state)
{
    return record_change(c, r, state, RECORD_LOOKED_AT);
}

/*
 * Should the words have been off and on again meanwhile, then the record is of an earlier generation by now,
 * and stays so. If its object has been got or made since, its state is another one, which stays, too.
 */
void record_looked(struct record *r, uint32_t state)
{
    POND_ASSERT(state != RECORD_UNKNOWN && state != RECORD_LOOKED_AT);
    /* Pairs with record_state and seize (watch.c): what the walk did to the object is seen. */
    (void)__atomic_compare_exchange_n(&r->state, &(uint32_t){RECORD_LOOKED_AT}, state, false,
                                      __ATOMIC_RELEASE, __ATOMIC_RELAXED);
}

/* ---- walks ---- */

struct walk {
    struct pond *p;
    record_visitor *visit;
    void *ctx;
};

static void visit_slab(struct slab *s, size_t object, void *ctx)
{
    const struct walk *w = ctx;
    char *annex = __atomic_load_n(&s->annex, __ATOMIC_ACQUIRE); /* Pairs with slab_annex: it is zeroed */
    if (annex == NULL)
        return;
    struct record *r = (struct record *)(void *)(annex + object * check_of(w->p)->record_bytes);
    if (is_current(check_of(w->p), r))
        w->visit(w->p, s->base + object * w->p->object_bytes + w->p->front_bytes, r, w->ctx);
}

static void visit_recorded(void *obj, struct record *r, void *ctx)
{
    const struct walk *w = ctx;
    if (is_current(check_of(w->p), r))
        w->visit(w->p, obj, r, w->ctx);
}

void record_walk_table(struct pond *p, record_visitor *visit, void *ctx)
{
    table_each(check_of(p)->table, visit_recorded, &(struct walk){p, visit, ctx});
}

void record_walk(struct pond *p, record_visitor *visit, void *ctx)
{
    if (p->object_bytes == 0) {
        check_lock();
        record_walk_table(p, visit, ctx);
        check_unlock();
        return;
    }
    pthread_mutex_lock(&p->lock);
    slab_each(&p->slabs, visit_slab, &(struct walk){p, visit, ctx});
    pthread_mutex_unlock(&p->lock);
    check_lock();
    guard_walk(p, visit, ctx);
    check_unlock();
}
