/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The page map: which slab an address is in. A slab takes whole units of SLAB_UNIT bytes for itself, of which
 * it may be less than the last: each unit has one entry.
 */
#ifndef POND_PAGEMAP_H
#define POND_PAGEMAP_H

#include "types.h"

/* The slab in whose units this address lies, or NULL: any address may be asked. No lock: two loads more than
   the entry's. */
struct slab *slab_of(const void *address);

/* All units from base on, `bytes` of them; s NULL: they are no slab's. False: no memory, and nothing is
   changed; that cannot be where the units had a slab. */
bool pagemap_set(const char *base, size_t bytes, struct slab *s);

/* With the map locked no slab is unmapped: what is found may be looked into. */
void pagemap_lock(void);
void pagemap_unlock(void);

/* Every slab of all sets. With the map locked. */
void slab_each_mapped(void (*visit)(const struct slab *s, void *ctx), void *ctx);

#endif
