/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Magazines are objects of slabs, one set for each class of size, under one lock for all ponds. Their memory
 * is never unmapped, only purged: a thread that pops from a depot stack may still read the link of a magazine
 * that another thread has popped and ended meanwhile. What it reads then is used for nothing, since the
 * stack's generation has moved on.
 */
#include "magazine.h"
#include <pthread.h>

#define SMALLEST_BYTES 128

static struct {
    pthread_mutex_t lock;
    struct slab_set sets[MAGAZINE_CLASSES];
    bool left; /* the last purge had too few calls. Relaxed: an old answer costs a tick, or spares one */
} magazines = {.lock = PTHREAD_MUTEX_INITIALIZER};

static size_t class_bytes(size_t class)
{
    return (size_t)SMALLEST_BYTES << class;
}

static uint32_t class_room(size_t class)
{
    return (uint32_t)((class_bytes(class) - sizeof(struct magazine)) / sizeof(void *));
}

static size_t class_of(uint32_t room)
{
    size_t class = 0;
    while (class + 1 < MAGAZINE_CLASSES && class_room(class) < room)
        class ++;
    return class;
}

uint32_t magazine_fit(uint32_t room)
{
    return class_room(class_of(room));
}

uint32_t magazine_below(uint32_t room)
{
    size_t class = class_of(room);
    return class == 0 ? 0 : class_room(class - 1);
}

uint32_t magazine_most(void)
{
    return class_room(MAGAZINE_CLASSES - 1);
}

static void *memory_of_class(size_t class)
{
    struct slab_set *set = &magazines.sets[class];
    bool zero;
    pthread_mutex_lock(&magazines.lock);
    if (set->stride == 0)
        slab_set_init(set, class_bytes(class), true);
    void *memory = slab_take(set, &zero);
    pthread_mutex_unlock(&magazines.lock);
    return memory;
}

struct magazine *magazine_make(uint32_t room)
{
    POND_ASSERT(room > 0 && room <= magazine_most());
    struct magazine *m = memory_of_class(class_of(room));
    if (m == NULL)
        return NULL;
    m->epoch = 0;
    m->count = 0;
    m->counted = false;
    STORE(m->room, (uint16_t)room); /* a thread that counts another one's cache may be reading it */
    return m;
}

void magazines_end(struct magazine *const *all, size_t n)
{
    if (n == 0)
        return;
    pthread_mutex_lock(&magazines.lock);
    for (size_t i = 0; i < n; i++)
        slab_give(&magazines.sets[class_of(all[i]->room)], all[i]);
    pthread_mutex_unlock(&magazines.lock);
}

void magazine_end(struct magazine *m)
{
    magazines_end(&m, 1);
}

void magazine_purge_some(size_t calls)
{
    for (size_t class = 0; class < MAGAZINE_CLASSES; class ++)
        slab_purge_some(&magazines.sets[class], &magazines.lock, &calls);
    STORE(magazines.left, calls == 0);
}

bool magazines_are_left(void)
{
    return LOAD(magazines.left);
}

void magazine_purge(void)
{
    magazine_purge_some(SIZE_MAX);
}

void magazine_fork_prepare(void)
{
    pthread_mutex_lock(&magazines.lock);
}

void magazine_fork_done(void)
{
    pthread_mutex_unlock(&magazines.lock);
}
