/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Slabs: where objects' memory comes from and goes back to. Whoever owns a set holds a lock of its own over
 * every call on it; only slab_purge and slab_owner_at are called without.
 */
#ifndef POND_SLAB_H
#define POND_SLAB_H

#include "os.h"
#include "pagemap.h"

void slab_set_init(struct slab_set *set, size_t stride, bool keep_mapped);
void slab_set_release(struct slab_set *set); /* unmaps all of it */

/* Memory for one object, or NULL with ENOMEM. *zero: its bytes are zero. */
void *slab_take(struct slab_set *set, bool *zero);
void slab_give(struct slab_set *set, void *obj);
void slab_give_run(struct slab_set *set, char *base, uint32_t n); /* n that lie one behind the other */

/* Memory for objects, one behind the other. */
struct slab_run {
    char *base;
    uint32_t count;
    bool zero;       /* all of its bytes are zero */
    char *new_pages; /* of it, from the first that was not resident on */
    size_t new_bytes;
};

/* Takes memory for up to `most` objects, one at least; false: ENOMEM. They may be given back one by one. */
bool slab_take_run(struct slab_set *set, uint32_t most, struct slab_run *run);

/*
 * Zeroed memory of `bytes`, always the same, for each object of the slab, in the order of objects: for
 * what is to be known of objects and must not lie in them. NULL: no memory. Goes with the slab. No lock.
 */
void *slab_annex(struct slab *s, size_t bytes);

/* The start of the taken object that holds this address of the slab, or NULL. */
void *slab_locate(const struct slab *s, const void *address);

/* The pond in an object of which this address lies, red zones included; NULL: none. Any address may be asked,
   without a lock; what others take and give meanwhile may be seen or not. */
struct pond *slab_owner_at(const void *address);

/* Visits every taken object of the set. */
typedef void slab_visitor(struct slab *s, size_t object, void *ctx);
void slab_each(struct slab_set *set, slab_visitor *visit, void *ctx);

/*
 * Gives free memory back: whole slabs, and whole free pages of those in use. Call without the set's
 * lock, which is taken for one bounded step at a time.
 */
void slab_purge(struct slab_set *set, pthread_mutex_t *lock);

/* How many system calls it takes to unmap a slab: at most, and this one. */
#define SLAB_UNMAP_CALLS ((size_t)3)
static inline size_t slab_unmap_calls(const struct slab *s)
{
    return 2 + (s->annex != NULL); /* its objects, its header */
}

/* Gives free memory back by *calls system calls at most, and takes those that it made from *calls; what is
   left is for the next time. */
void slab_purge_some(struct slab_set *set, pthread_mutex_t *lock, size_t *calls);

/* Looks at every word of every bitmap: for assertions. */
bool slab_set_is_valid(const struct slab_set *set);

/* ---- for purge.c ---- */

size_t slab_pages(const struct slab *s);
void slab_unlink(struct slab_set *set, struct slab *s);
void slab_unmap(struct slab *s); /* without the set's lock */

#endif
