/* SPDX-License-Identifier: BSD-2-Clause */
#include "test.h"

#include "witness.h"

static void witness_destroy(void *obj, pond_drop_reason why, void *ctx)
{
    witness *w = (witness *)ctx;
    pthread_mutex_lock(&w->lock);
    must(w->count < WITNESS_ROOM, "more than %d objects destroyed", WITNESS_ROOM);
    w->objs[w->count] = obj;
    w->why[w->count] = why;
    w->by[w->count] = pthread_self();
    w->count++;
    pthread_mutex_unlock(&w->lock);
}

pond_options witness_options(witness *w, size_t size)
{
    return (pond_options){.name = "witness", .size = size, .destroy = witness_destroy, .ctx = w};
}

size_t witness_count(witness *w)
{
    pthread_mutex_lock(&w->lock);
    size_t count = w->count;
    pthread_mutex_unlock(&w->lock);
    return count;
}

size_t witness_count_why(witness *w, pond_drop_reason why)
{
    size_t count = 0;
    pthread_mutex_lock(&w->lock);
    for (size_t i = 0; i < w->count; i++)
        count += w->why[i] == why;
    pthread_mutex_unlock(&w->lock);
    return count;
}

bool witness_saw(witness *w, const void *obj)
{
    bool saw = false;
    pthread_mutex_lock(&w->lock);
    for (size_t i = 0; i < w->count && !saw; i++)
        saw = w->objs[i] == obj;
    pthread_mutex_unlock(&w->lock);
    return saw;
}
