/* SPDX-License-Identifier: BSD-2-Clause */
#include "object.h"
#include <errno.h>
#include <string.h>

/* --- beginning ------------------------------------------------------------------------------------------ */

/* Counts one object more, if max_objects allows. Under the lock. */
static bool admit(struct pond *p)
{
    if (p->options.max_objects > 0 && p->objects >= p->options.max_objects) {
        errno = EAGAIN;
        return false;
    }
    p->objects++;
    p->high_water = MAX(p->high_water, p->objects);
    return true;
}

static void give_back(struct pond *p, void *memory)
{
    pthread_mutex_lock(&p->lock);
    if (memory != NULL && p->object_bytes > 0)
        slab_give(&p->slabs, memory);
    p->objects--;
    pthread_mutex_unlock(&p->lock);
}

/* An object's memory, counted; *full: max_objects does not allow it. */
static void *memory_for(struct pond *p, bool *full, bool *zero)
{
    pthread_mutex_lock(&p->lock);
    *full = !admit(p);
    void *memory = *full ? NULL : slab_take(&p->slabs, zero);
    if (!*full && memory == NULL)
        p->objects--;
    pthread_mutex_unlock(&p->lock);
    return memory;
}

static void *make_from_slab(struct pond *p, bool *full)
{
    bool zero = true;
    void *obj = memory_for(p, full, &zero);
    if (obj == NULL)
        return NULL;
    if (!zero)
        memset(obj, 0, p->object_bytes);
    int error = p->options.construct != NULL ? p->options.construct(obj, p->options.ctx) : 0;
    if (error == 0)
        return obj;
    give_back(p, obj);
    errno = error;
    return NULL;
}

static void *make_by_create(struct pond *p, bool *full)
{
    pthread_mutex_lock(&p->lock);
    *full = !admit(p);
    pthread_mutex_unlock(&p->lock);
    if (*full)
        return NULL;
    errno = ENOMEM; /* should create not say */
    void *obj = p->options.create(p->options.ctx);
    int error = errno;
    if (obj != NULL)
        return obj;
    give_back(p, NULL);
    errno = error;
    return NULL;
}

void *object_make(struct pond *p, bool *full)
{
    void *obj = p->options.create != NULL ? make_by_create(p, full) : make_from_slab(p, full);
    if (obj != NULL)
        ADD(p->constructed, 1);
    return obj;
}

/* --- end
 * ----------------------------------------------------------------------------------------------------- */

void object_drop(struct pond *p, void *obj, pond_drop_reason why)
{
    if (p->options.destroy != NULL)
        p->options.destroy(obj, why, p->options.ctx);
    ADD(p->dropped[why], 1);
    give_back(p, obj);
}

void object_drop_plain(struct pond *p, void **objs, size_t n, pond_drop_reason why)
{
    for (size_t i = 0; i < n; i++)
        slab_give(&p->slabs, objs[i]);
    p->objects -= n;
    ADD(p->dropped[why], n);
}

/* --- between two lives
 * ------------------------------------------------------------------------------------------ */

size_t object_bytes(const struct pond *p, const void *obj)
{
    const pond_options *o = &p->options;
    return p->object_bytes + (o->footprint != NULL ? o->footprint(obj, o->ctx) : 0);
}

/* A mean of the last puts. Two threads may overwrite each other's: it is an estimate. */
static void note_footprint(struct pond *p, uint64_t bytes)
{
    uint64_t mean = LOAD(p->footprint_mean);
    if (mean == bytes)
        return;
    int64_t step = ((int64_t)bytes - (int64_t)mean) / 16;
    STORE(p->footprint_mean, mean == 0 || step == 0 ? bytes : mean + (uint64_t)step);
}

bool object_needs_cleaning(const struct pond *p)
{
    const pond_options *o = &p->options;
    return o->reset != NULL || o->footprint != NULL || (o->flags & POND_ZERO_ON_PUT) != 0;
}

bool object_clean(struct pond *p, void *obj, pond_drop_reason *why)
{
    const pond_options *o = &p->options;
    if (o->reset != NULL && !o->reset(obj, o->ctx)) {
        *why = POND_DROP_REJECTED;
        return false;
    }
    if (o->footprint != NULL) {
        size_t bytes = o->footprint(obj, o->ctx);
        if (o->max_footprint > 0 && bytes > o->max_footprint) {
            *why = POND_DROP_LIMIT;
            return false;
        }
        note_footprint(p, bytes);
    }
    if ((o->flags & POND_ZERO_ON_PUT) != 0)
        explicit_bzero(obj, o->size);
    return true;
}
