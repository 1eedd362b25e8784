/* SPDX-License-Identifier: BSD-2-Clause */
#include "test.h"

#include "../../src/cache.h"
#include "validity.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { MOST_MAGAZINES = 4096, MOST_OBJECTS = 1 << 16 };

/* What a walk has found so far. */
typedef struct walk {
    const struct pond *pond;
    const struct magazine *magazines[MOST_MAGAZINES];
    const void *objects[MOST_OBJECTS];
    size_t magazine_count, object_count, unmade, handed;
    uint64_t room; /* of all magazines */
    bool wrong;
} walk;

static char reason[256];

__attribute__((format(printf, 2, 3))) static void find(walk *w, const char *format, ...)
{
    va_list args;
    if (w->wrong)
        return; /* the first is told */
    w->wrong = true;
    va_start(args, format);
    vsnprintf(reason, sizeof reason, format, args);
    va_end(args);
}

bool pond_has_object(const pond *p, const void *obj)
{
    const struct slab *s = slab_of(obj);
    const char *start = s != NULL && s->set == &p->slabs ? (const char *)slab_locate(s, obj) : NULL;
    return start != NULL && start + p->front_bytes == (const char *)obj;
}

static void add_magazine(walk *w, const struct magazine *m, uint32_t count, const char *where)
{
    if (w->magazine_count == MOST_MAGAZINES || w->object_count + count > MOST_OBJECTS || count > m->room) {
        find(w, "a magazine in %s with room for %u has %u objects", where, m->room, count);
        return;
    }
    w->magazines[w->magazine_count++] = m;
    w->room += m->room;
    if (count > 0 && m->epoch > w->pond->epoch)
        find(w, "a magazine in %s is of epoch %zu, the pond of %zu", where, (size_t)m->epoch,
             (size_t)w->pond->epoch);
    for (uint32_t i = 0; i < count; i++)
        w->objects[w->object_count++] = m->slots[i];
}

/* ---- the places ---- */

static void walk_cache(walk *w, const struct cache *c)
{
    uintptr_t top = (uintptr_t)c->top;
    if (!cache_is_valid(w->pond, c))
        find(w, "the cache in line %zu is not valid", (size_t)(c - w->pond->caches) + 1);
    if ((top & 1) != 0)
        find(w, "the line %zu is marked", (size_t)(c - w->pond->caches) + 1);
    for (size_t left = c->run_left < RUN_HANDED ? c->run_left : 0; left > 0; left--)
        if (!pond_has_object(w->pond, c->run_end - left * w->pond->object_bytes + w->pond->front_bytes))
            find(w, "the run of line %zu is given back", (size_t)(c - w->pond->caches) + 1);
    w->unmade += c->run_left & ~RUN_HANDED;
    w->handed += c->run_left >= RUN_HANDED;
    if (c->loaded != NULL)
        add_magazine(w, c->loaded, (uint32_t)((top - (uintptr_t)c->loaded->slots) / sizeof(void *)),
                     "a cache (loaded)");
    if (c->previous != NULL)
        add_magazine(w, c->previous, c->previous_count, "a cache (previous)");
}

/* age: the remainder of the epochs in it; -1: any. */
static void walk_stack(walk *w, const struct depot_stack *s, int age, const char *where)
{
    uint64_t sum = 0;
    size_t before = w->magazine_count;
    for (const ck_stack_entry_t *e = s->stack.head; e != NULL && !w->wrong; e = e->next) {
        const struct magazine *m = (const struct magazine *)(const void *)e;
        if (m->count == 0)
            find(w, "an empty magazine is in %s", where);
        if (age >= 0 && m->epoch % 3 != (uint64_t)age)
            find(w, "a magazine of epoch %zu is in %s", (size_t)m->epoch, where);
        sum += m->count;
        add_magazine(w, m, m->count, where);
    }
    if (sum != s->objects)
        find(w, "%s counts %zu objects, its %zu magazines have %zu", where, (size_t)s->objects,
             w->magazine_count - before, (size_t)sum);
}

static void walk_empties(walk *w, const struct depot_stack *s)
{
    for (const ck_stack_entry_t *e = s->stack.head; e != NULL && !w->wrong; e = e->next) {
        const struct magazine *m = (const struct magazine *)(const void *)e;
        if (m->count != 0)
            find(w, "a magazine among the empties has %u objects", m->count);
        add_magazine(w, m, 0, "the empties");
    }
}

static void walk_places(walk *w)
{
    static const char *const names[] = {"stack 0", "stack 1", "stack 2"};
    const struct pond *p = w->pond;
    for (uint32_t i = 0; i < p->lines; i++)
        walk_cache(w, &p->caches[i]);
    for (int i = 0; i < 3; i++)
        walk_stack(w, &p->depot.stacks[i], i, names[i]);
    walk_stack(w, &p->depot.overdue, -1, "overdue");
    walk_stack(w, &p->depot.aged, -1, "aged");
    walk_empties(w, &p->depot.empties);
    if (p->shared != NULL)
        add_magazine(w, p->shared, p->shared->count, "shared");
    if (p->dropping != NULL)
        add_magazine(w, p->dropping, p->dropping->count, "dropping");
}

/* ---- what was found there ---- */

static int by_address(const void *a, const void *b)
{
    uintptr_t x = *(const uintptr_t *)a, y = *(const uintptr_t *)b;
    return (x > y) - (x < y);
}

static void check_once(walk *w, const void **found, size_t n, const char *what)
{
    qsort(found, n, sizeof *found, by_address);
    for (size_t i = 1; i < n; i++)
        if (found[i] == found[i - 1])
            find(w, "%s %p is in two places", what, found[i]);
}

static uint64_t used(const struct slab_set *set)
{
    uint64_t sum = 0;
    for (const struct slab *s = set->first; s != NULL; s = s->next)
        sum += s->used;
    return sum;
}

static void check_objects(walk *w)
{
    const struct pond *p = w->pond;
    for (size_t i = 0; i < w->object_count && p->object_bytes > 0; i++)
        if (!pond_has_object(p, w->objects[i]))
            find(w, "%p is idle and no object", w->objects[i]);
    if (p->object_bytes > 0 && !slab_set_is_valid(&p->slabs))
        find(w, "the slabs are not valid");
    if (p->object_bytes > 0 && used(&p->slabs) != p->objects)
        find(w, "%zu objects, %zu taken in slabs", (size_t)p->objects, (size_t)used(&p->slabs));
}

static void check_counts(walk *w, size_t live)
{
    const struct pond *p = w->pond;
    uint64_t dropped = 0;
    for (int why = 0; why < POND_DROP_REASONS; why++)
        dropped += p->dropped[why];
    size_t known = w->object_count + w->unmade;
    if (p->objects < known || (live != SIZE_MAX && p->objects != live + known))
        find(w, "%zu objects, %zu live, %zu idle, %zu of runs", (size_t)p->objects, live, w->object_count,
             w->unmade);
    if (live != SIZE_MAX && w->handed != 0)
        find(w, "%zu runs are on their way", w->handed);
    if (p->constructed != p->objects + dropped)
        find(w, "%zu constructed, %zu objects, %zu dropped", (size_t)p->constructed, (size_t)p->objects,
             (size_t)dropped);
    if (p->charged != w->room)
        find(w, "%zu charged, magazines with room for %zu", (size_t)p->charged, (size_t)w->room);
    size_t most = p->options.max_idle_bytes;
    if (p->counts_idle_exactly && p->options.footprint == NULL && most > 0 &&
        w->object_count * p->object_bytes > most)
        find(w, "%zu idle objects of %zu bytes, more than %zu", w->object_count, p->object_bytes, most);
    if (p->counts_idle_exactly && p->options.footprint != NULL && most > 0 && p->idle_bytes > most)
        find(w, "%zu idle bytes, more than %zu", (size_t)p->idle_bytes, most);
}

bool pond_is_valid(const pond *p, size_t live, const char **why)
{
    static walk w;
    w.pond = p;
    w.magazine_count = w.object_count = w.unmade = w.handed = 0;
    w.room = 0;
    w.wrong = false;
    walk_places(&w);
    check_once(&w, (const void **)w.magazines, w.magazine_count, "the magazine");
    check_once(&w, w.objects, w.object_count, "the object");
    check_objects(&w);
    check_counts(&w, live);
    *why = w.wrong ? reason : "";
    return !w.wrong;
}
