/* SPDX-License-Identifier: BSD-2-Clause */
#include "object.h"
#include <errno.h>
#include <string.h>

/* ---- beginning ---- */

void object_admit(struct pond *p, struct birth *b)
{
    size_t most = p->options.max_objects;
    *b = (struct birth){.zero = true, .full = most > 0 && p->objects >= most};
    b->error = b->full ? EAGAIN : 0;
    if (b->error == 0 && p->object_bytes > 0 && (b->memory = slab_take(&p->slabs, &b->zero)) == NULL)
        b->error = ENOMEM;
    if (b->error != 0)
        return;
    p->objects++;
    p->high_water = MAX(p->high_water, p->objects);
}

/* 0, or the errno value of a hook that failed. */
static int construct(struct pond *p, void *obj, bool zero)
{
    if (!zero)
        memset(obj, 0, p->object_bytes);
    return p->options.construct != NULL ? p->options.construct(obj, p->options.ctx) : 0;
}

static int create(struct pond *p, void **obj)
{
    errno = ENOMEM; /* should create not say */
    *obj = p->options.create(p->options.ctx);
    if (*obj != NULL)
        return 0;
    return errno != 0 ? errno : ENOMEM;
}

static void unmake(struct pond *p, void *memory)
{
    pthread_mutex_lock(&p->lock);
    if (memory != NULL)
        slab_give(&p->slabs, memory);
    p->objects--;
    pthread_mutex_unlock(&p->lock);
}

void *object_make(struct pond *p, const struct birth *b)
{
    void *obj = b->memory;
    int error = b->error;
    if (error == 0) {
        error = p->options.create != NULL ? create(p, &obj) : construct(p, obj, b->zero);
        if (error != 0)
            unmake(p, b->memory);
    }
    if (error != 0) {
        errno = error;
        return NULL;
    }
    ADD(p->constructed, 1);
    return obj;
}

/* ---- end ---- */

void object_uncount(struct pond *p, pond_drop_reason why)
{
    p->objects--;
    ADD(p->dropped[why], 1);
}

void object_end(struct pond *p, void *obj, pond_drop_reason why)
{
    if (p->options.destroy != NULL)
        p->options.destroy(obj, why, p->options.ctx);
    if (p->object_bytes == 0)
        return;
    pthread_mutex_lock(&p->lock);
    slab_give(&p->slabs, obj);
    pthread_mutex_unlock(&p->lock);
}

void object_drop_plain(struct pond *p, void **objs, size_t n, pond_drop_reason why)
{
    for (size_t i = 0; i < n; i++)
        slab_give(&p->slabs, objs[i]);
    p->objects -= n;
    ADD(p->dropped[why], n);
}

/* ---- between two lives ---- */

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
