/* SPDX-License-Identifier: BSD-2-Clause */
/* Bytes of objects that nobody may write to, and those that nobody may see. A part of check.h. */
#ifndef POND_CHECK_BYTES_H
#define POND_CHECK_BYTES_H

#include "check.h"

/* ---- poison and red zones: bytes.c ---- */

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

/* Keeps the object's bytes and overwrites them; and the opposite, which reports what was written meanwhile.
 */
void bytes_poison(struct pond *p, void *obj, struct record *r);
void bytes_restore(struct pond *p, void *obj, struct record *r, const void *caller);

/* Where a tool is told: a copy of an idle object for its search for leaks (tools.h), and no longer. */
void bytes_shelve(struct pond *p, const void *obj, struct record *r);
void bytes_unshelve(struct pond *p, struct record *r);

/* At all idle objects, at a tick, if there is anything to be seen; restores them when poison is off. */
void bytes_look(struct pond *p, const void *caller);

/* At all objects, live ones too, now. How many findings there were. */
size_t bytes_audit(struct pond *p, const void *caller);

/* ---- fields that are declared POND_SENSITIVE: secret.c ---- */

#define SECRET_SHOWN 16 /* bytes in a report */
#define SECRET_NOTE " (**: POND_SENSITIVE)"

/* The object's byte there lies in such a field. */
bool secret_at(const struct pond *p, size_t offset);

/* Such fields within the first n bytes of an object, or of a copy of them, are zero from now on; with
 * POND_ZERO_ON_PUT all n bytes. */
void secret_wipe(const struct pond *p, void *copy, size_t n);
void secret_wipe_declared(const struct pond *p, void *copy, size_t n); /* and nothing else */

/* Copies n bytes of the object, from this offset on, to be shown: those of such fields as 0. */
void secret_copy(const struct pond *p, unsigned char *to, const void *obj, size_t offset, size_t n);

/* "0a 1b ...", of the bytes that an object has from this offset on; those of such fields as "**", and then
 * what that means. Cut to n bytes; returns the length. */
size_t secret_text(const struct pond *p, size_t offset, const unsigned char *bytes, size_t count, char *text,
                   size_t n);

#endif
