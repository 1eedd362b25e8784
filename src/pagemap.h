/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The page map: which slab an address is in. A slab takes whole units of SLAB_UNIT bytes for itself, of which
 * it may be less than the last: each unit has one entry.
 */
#ifndef POND_PAGEMAP_H
#define POND_PAGEMAP_H

#include "types.h"

/* The slab in whose units this address lies, or NULL: any address may be asked. Takes no lock: the tables'
   two loads come before the entry's. */
struct slab *slab_of(const void *address);

/* Makes all units from base on, `bytes` of them, the slab's; s NULL: they are no slab's any more. False: no
   memory, and nothing is changed; that cannot be where the units had a slab. */
bool pagemap_set(const char *base, size_t bytes, struct slab *s);

/* Keeps slabs from being unmapped: what is found meanwhile may be looked into. */
void pagemap_lock(void);
void pagemap_unlock(void);

/* Visits every slab of all sets. With the map locked. */
void slab_each_mapped(void (*visit)(const struct slab *s, void *ctx), void *ctx);

#endif
