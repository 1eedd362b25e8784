/* SPDX-License-Identifier: BSD-2-Clause */
/* From an object to what is known of it (record.c). */
#ifndef POND_CHECK_RECORD_H
#define POND_CHECK_RECORD_H

#include "event.h"

enum record_state {
    RECORD_UNKNOWN, /* of a generation gone by, or never seen: the object is trusted once */
    RECORD_LIVE,
    RECORD_CLEANING, /* a put is at work on it: hooks run */
    RECORD_IDLE,
    RECORD_LOOKED_AT, /* live or idle, and a walk looks at it: wait */
    RECORD_DROPPED
};

/*
 * What is known of one object. It lies apart from the object: for an object in a slab in the slab's annex,
 * by the object's number; for one in a guard slot with the slot; for one of a pond with create in a table
 * by its address.
 *
 * `state` is changed by compare-and-swap: by get, put and drop, each for the object that it has in its hands,
 * and by a walk for as long as it is RECORD_LOOKED_AT. The rest belongs to whoever made the last change.
 */
struct record {
    uint32_t state;      /* enum record_state. Relaxed: where it is read alone, to decide what to try; whoever
                            relies      on it changes it, or reads it with acquire */
    uint32_t generation; /* of the check; or RECORD_ALWAYS. Relaxed: to compare alone; else as `state` */
    struct event got, put;
    uint32_t poisoned; /* so many bytes were overwritten; `kept` holds them. Relaxed: as `born` */
    uint32_t born;     /* the generation in which it was made; of another one: zones and snapshot say nothing.
                          Relaxed: a walk reads it before it has the record, and again when it has it */
    bool made;         /* `snapshot` holds the state after construct */
    bool held;         /* hold=N has reported it */
    bool covered;      /* poison was lifted for a footprint hook */
    uint16_t forks;    /* event_forks when it was got */
    /* size bytes of kept, but in a guard slot, with pointers where a search for leaks reads them; then size
       bytes of snapshot */
    unsigned char bytes[] __attribute__((aligned(8)));
} __attribute__((may_alias)); /* it lies in memory that a table's node declares otherwise */

/* The generation of a record in a guard slot: its object is watched for as long as it is live. */
#define RECORD_ALWAYS UINT32_MAX

/*
 * The generation of a record that is written now; 0, which none has, while watch_full does not watch.
 */
static inline uint32_t record_generation(const struct check *c)
{
    /* Pairs with watch_with in words.c: whoever reads a generation here finds watch_full when it next asks
       for the pond's watch. */
    uint32_t generation = __atomic_load_n(&c->generation, __ATOMIC_ACQUIRE);
    return generation == RECORD_NEVER ? 0 : generation;
}

/*
 * The record of what must be one of the pond's objects in a slab, if it lies at the start of one; NULL: it
 * does not, or its slab has no records yet. The quick way of finding one: the multiplication is exact for
 * the start of an object, and for nothing else is the offset that of the object found.
 */
static inline struct record *record_in_slab(const struct pond *p, const struct check *c, const void *obj)
{
    const struct slab *s = slab_of(obj);
    if (s == NULL || s->set != &p->slabs)
        return NULL;
    uint64_t offset = (uint64_t)((const char *)obj - s->base) - p->front_bytes;
    uint64_t object = offset * c->inverse >> 32;
    char *annex = __atomic_load_n(&s->annex, __ATOMIC_ACQUIRE); /* Pairs with slab_annex: it is zeroed */
    bool start = object * p->object_bytes == offset && object < s->room && annex != NULL;
    return start ? (struct record *)(void *)(annex + object * c->record_bytes) : NULL;
}

/* The record of an object that is the pond's own; NULL: there is no memory for it. */
struct record *record_of(struct pond *p, const void *obj);

/* The same where there is one already; NULL: none, or the address is not one of the pond's objects. */
struct record *record_peek(struct pond *p, const void *obj);

/* What some address is. */
struct place {
    struct record *record; /* of the object that starts there, in this pond; NULL: none, or no memory */
    struct pond *owner;    /* the pond that holds the address; NULL: none */
    size_t inside;         /* bytes from the start of the object that holds it */
    bool free;             /* no object is there: its memory is the pond's, and not taken */
};

/* Finds out what an address is that was given to the pond. */
struct place record_locate(struct pond *p, const void *address);

typedef void record_visitor(struct pond *p, void *obj, struct record *r, void *ctx);

/* Calls visit for every object of the pond that has a record of this generation. Takes the pond's lock, and
   the checks'. */
void record_walk(struct pond *p, record_visitor *visit, void *ctx);

/* The same for a pond with create, without a lock: the caller has the checks', or all else stands still. */
void record_walk_table(struct pond *p, record_visitor *visit, void *ctx);

/* The object's bytes under poison; and its bytes after construct. */
static inline unsigned char *record_kept(struct record *r)
{
    POND_ASSERT(LOAD(r->generation) != RECORD_ALWAYS); /* in a guard slot there is no room for them */
    return r->bytes;
}

static inline unsigned char *record_snapshot(const struct check *c, struct record *r)
{
    return r->bytes + (LOAD(r->generation) == RECORD_ALWAYS ? 0 : c->size);
}

/* The state, RECORD_UNKNOWN for a record of an earlier generation; waits while a walk looks at the object. */
uint32_t record_state(const struct check *c, const struct record *r);

/* Changes the state. False: it was another one than `from`. */
bool record_change(const struct check *c, struct record *r, uint32_t from, uint32_t to);

/* Ends the caller's hold of the record: it has this state, and is believed from now on. */
void record_set_state(const struct check *c, struct record *r, uint32_t state);

/* Notes a get of the object, whose record the caller has: nothing of its use before is left. */
static inline void record_got(struct record *r, struct event here)
{
    r->got = here;
    r->put.thread = 0;
    r->held = false;
    r->forks = event_forks();
}

/* Begins a walk's look at a record in that state, and ends it: the record says afterwards what it said
   before. False: it is in another state. */
bool record_look(const struct check *c, struct record *r, uint32_t state);
void record_looked(struct record *r, uint32_t state);

/* Makes CLEANING the record of an object that was got while nobody watched, and is being put now. Nothing is
   left of what the record said at an earlier time, of whoever had the object then. */
void record_trust(const struct check *c, struct record *r, struct event here);

#endif
