/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A list of idle objects for each thread and type, of at most the pool size, as servers write it by hand.
 * What is on a list stays constructed, and for ever; what does not fit goes to jemalloc, set as it is by
 * default. What was put last is got first; for fifo.h, which includes this file, what was put first.
 */
#include "jemalloc.h"
#include <stdbool.h>

#ifndef KIND_OLDEST_FIRST
#define KIND_OLDEST_FIRST false
#endif

enum { MOST = 4096, THREADS = 64 };

struct list {
    size_t count, first; /* a ring of `room`; newest first, it always begins at 0 */
    void *objects[MOST];
};

struct lists {
    struct list of[TYPES];
    uint64_t missed; /* written by its thread alone */
};

static size_t room;
static struct lists *all[THREADS];
static int threads;
static _Thread_local struct lists *mine;

static void lists_make(void)
{
    int number = __atomic_fetch_add(&threads, 1, __ATOMIC_RELAXED);
    mine = calloc(1, sizeof *mine);
    if (mine == NULL || number >= THREADS)
        die("no memory for a thread's lists");
    __atomic_store_n(&all[number], mine, __ATOMIC_RELEASE);
}

static void *object_new(int type)
{
    __atomic_store_n(&mine->missed, mine->missed + 1, __ATOMIC_RELAXED);
    void *obj = malloc(type_bytes[type]);
    if (obj != NULL)
        object_construct(type, obj);
    return obj;
}

static inline struct list *list_of(int type)
{
    if (mine == NULL)
        lists_make();
    return &mine->of[type];
}

static inline void *list_take(struct list *l)
{
    l->count--;
    if (!KIND_OLDEST_FIRST)
        return l->objects[l->count];
    void *obj = l->objects[l->first];
    l->first = l->first + 1 < room ? l->first + 1 : 0;
    return obj;
}

static inline void list_add(struct list *l, void *obj)
{
    size_t at = l->first + l->count++;
    l->objects[at < room ? at : at - room] = obj;
}

static inline void *kind_get(int type)
{
    struct list *l = list_of(type);
    return l->count > 0 ? list_take(l) : object_new(type);
}

static inline void kind_put(int type, void *obj)
{
    struct list *l = list_of(type);
    if (l->count < room)
        list_add(l, obj);
    else
        free(obj);
}

void kind_init(size_t size, char **argv)
{
    if (size < 1 || size > MOST) {
        (void)fputs("knee: a list has a pool size from 1 to 4096\n", stderr);
        _Exit(2);
    }
    room = size;
    jemalloc_slots(0, argv);
}

void kind_tick(void) {}

void kind_read(struct kind_figures *f)
{
    *f = (struct kind_figures){.cached = room};
    jemalloc_read(f);
    f->missed = 0;
    for (int i = 0; i < THREADS; i++) {
        const struct lists *l = __atomic_load_n(&all[i], __ATOMIC_ACQUIRE);
        f->missed += l == NULL ? 0 : __atomic_load_n(&l->missed, __ATOMIC_RELAXED);
    }
    f->taken = f->missed;
}

const char *kind_proof(void)
{
    return jemalloc_proof();
}
