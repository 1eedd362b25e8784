/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Slabs: where objects' memory comes from and goes back to. Whoever owns a set holds its own lock
 * over every call on it; only slab_of and slab_purge are called without.
 */
#ifndef POND_SLAB_H
#define POND_SLAB_H

#include "os.h"
#include "types.h"

void slab_set_init(struct slab_set *set, size_t stride, bool keep_mapped);
void slab_set_release(struct slab_set *set); /* unmaps all of it */

/* Memory for one object, or NULL with ENOMEM. *zero: its bytes are zero. */
void *slab_take(struct slab_set *set, bool *zero);
void slab_give(struct slab_set *set, void *obj);

/* The slab that holds this address, or NULL: any address may be asked. */
struct slab *slab_of(const void *address);

/*
 * Gives free memory back: whole slabs, and whole free pages of those in use. Call without the set's
 * lock, which is taken for one bounded step at a time.
 */
void slab_purge(struct slab_set *set, pthread_mutex_t *lock);

bool slab_set_is_valid(const struct slab_set *set);

void slab_fork_prepare(void); /* holds what a fork must find unlocked */
void slab_fork_done(void);

#endif
