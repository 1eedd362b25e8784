/* SPDX-License-Identifier: BSD-2-Clause */
/* Bytes of objects that nobody may write to: poison and red zones (bytes.c). */
#ifndef POND_CHECK_BYTES_H
#define POND_CHECK_BYTES_H

#include "record.h"

#define REDZONE_BYTES 16

#define ZONE 0xfa
#define ZONE_WORD UINT64_C(0xfafafafafafafafa)

static inline bool bytes_zone_is_whole(const void *zone)
{
    uint64_t words[REDZONE_BYTES / 8];
    memcpy(words, zone, sizeof(words));
    return words[0] == ZONE_WORD && words[1] == ZONE_WORD;
}

/* The next bytes on both sides; what padding adds to them is looked at elsewhere (bytes_check_zones). */
static inline bool bytes_zones_are_whole(const struct pond *p, const void *obj)
{
    const char *bytes = obj;
    return bytes_zone_is_whole(bytes - REDZONE_BYTES) && bytes_zone_is_whole(bytes + p->options.size);
}

void bytes_fill_zones(const struct pond *p, void *obj);

/* When zones are looked at. Whose doing it is that they were written: at put the doing of whoever had the
 * object, */
enum zone_look {
    ZONE_PUT,   /* before its hooks, */
    ZONE_HOOKS, /* or of the hooks; */
    ZONE_GET,   /* later that of whoever has the pointer yet: the put and the get before are named */
    ZONE_TICK,
    ZONE_DROP,
    ZONE_AUDIT /* of a live object: whoever has it now */
};

/* Reports what was written, if they were filled at all, and makes them whole. The object is the caller's. */
void bytes_check_zones(struct pond *p, void *obj, struct record *r, enum zone_look when, struct event here);

/*
 * Keeps the object's bytes and overwrites them; and the opposite, which reports what was written meanwhile.
 */
void bytes_poison(struct pond *p, void *obj, struct record *r);
void bytes_restore(struct pond *p, void *obj, struct record *r, const void *caller);

/* Where a tool is told: a copy of an idle object for its search for leaks (tools.h), and no longer. */
void bytes_shelve(struct pond *p, const void *obj, struct record *r);
void bytes_unshelve(struct pond *p, struct record *r);

/* At all idle objects, at a tick, if there is anything to be seen; restores them when poison is off. */
void bytes_look(struct pond *p, const void *caller);

/* Restores all poisoned idle objects of ponds that the word is off for by now. */
void bytes_release_all(void);

/* At all objects, live ones too, now. How many findings there were. */
size_t bytes_audit(struct pond *p, const void *caller);

#endif
