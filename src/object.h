/* SPDX-License-Identifier: BSD-2-Clause */
/* An object's beginning and end: its memory, the hooks around it, and the counts of both. */
#ifndef POND_OBJECT_H
#define POND_OBJECT_H

#include "slab.h"

/* A new object, or NULL and errno: EAGAIN at max_objects (then *full too), ENOMEM, or what the hook said. */
void *object_make(struct pond *p, bool *full);

/* Ends an object that is in nobody's hands: destroy hook, then its memory. */
void object_drop(struct pond *p, void *obj, pond_drop_reason why);

/* The same for n objects at once, of a pond without a destroy hook, under the pond's lock. */
void object_drop_plain(struct pond *p, void **objs, size_t n, pond_drop_reason why);

/* What a put does before the object is idle. False: it is not to be kept, for *why. */
bool object_clean(struct pond *p, void *obj, pond_drop_reason *why);
bool object_needs_cleaning(const struct pond *p);

/* Bytes the object takes, its footprint included. Calls a hook. */
size_t object_bytes(const struct pond *p, const void *obj);

#endif
