/* SPDX-License-Identifier: BSD-2-Clause */
/* The life of a pond: its memory, its end, and what is left of it for those who use it later. */
#include "bounds.h"
#include "idle.h"
#include "options.h"
#include "pool.h"
#include "sampling.h"
#include "sized.h"
#include "tune.h"
#include <errno.h>
#include <pond/typed.h>
#include <string.h>

/* ---- its parts ---- */

#define SMALLEST_STRIDE 8

/* Lays objects out, with the room that the watcher wants around them. */
static void lay_out(struct pond *p)
{
    size_t align = MAX(p->options.align, 1);
    struct watch_room room = watch_layout(&p->options);
    p->front_bytes = rounded_up(room.front_bytes, align);
    p->object_bytes =
        MAX(rounded_up(p->front_bytes + p->options.size + room.tail, align), MAX(SMALLEST_STRIDE, align));
    POND_ASSERT((align & (align - 1)) == 0 && p->front_bytes % align == 0 && p->object_bytes % align == 0);
    slab_set_init(&p->slabs, p->object_bytes, room.tail > 0);
    p->slabs.owner = p;
}

static void copy_name(struct pond *p)
{
    const pond_options *o = &p->options;
    const char *name = o->name != NULL ? o->name : o->type != NULL ? o->type->name : "pond";
    strncpy(p->name, name != NULL ? name : "pond", sizeof(p->name) - 1);
    p->options.name = p->name;
}

static void init(struct pond *p, const pond_options *o)
{
    p->options = *o;
    copy_name(p);
    tune_options(&p->options, p->name);
    if (o->create == NULL)
        lay_out(p);
    p->closed.base = LINE_CLOSED;
    depot_init(&p->depot);
    p->depot.max_age = p->options.max_age;
    pthread_mutex_init(&p->lock, NULL);
    bounds_init(p);
}

/* ---- what is left of a pond ---- */

/*
 * Forgets what its hooks were given: the pond may have had the only pointer to it, and a search for leaks
 * is to see that.
 */
static void let_go_of_context(struct pond *p)
{
    watch_unmapped(p, site_bytes());
    p->options.ctx = NULL;
}

/*
 * Keeps the pond's memory mapped for a while, so that a late use of it is found out: its caches are empty,
 * so every operation takes the slow path, which asks the watcher, and that reports it. Meanwhile lines for
 * more threads are made here, too. Pairs with watch_of in types.h: whoever finds watch_destroyed finds the
 * lines closed.
 */
static void remember(struct pond *p)
{
    registry_lock();
    site_clear(p);
    put_way_clear(p);
    __atomic_store_n(&p->watch, &watch_destroyed, __ATOMIC_RELEASE);
    struct pond *gone = site_open(p, gate_lines()) ? site_remember(p) : p;
    registry_unlock();
    if (gone != NULL)
        site_unmap(gone);
}

/* ---- create ---- */

static void release(struct pond *p)
{
    sampling_release(p);
    pthread_mutex_destroy(&p->lock);
    slab_set_release(&p->slabs);
}

static struct pond *create(const pond_options *options)
{
    pond_options o;
    const char *why = options_fill(options, &o);
    if (why != NULL) {
        options_refuse(why);
        return NULL;
    }
    struct pond *p = site_map(gate_lines());
    if (p == NULL)
        return NULL;
    watch_begin();
    sample_begin();
    tune_begin();
    watch_mapped(p, site_bytes());
    init(p, &o);
    if (registry_add(p)) {
        tune_created();
        return p;
    }
    int error = errno;
    release(p);
    let_go_of_context(p);
    site_unmap(p);
    errno = error;
    return NULL;
}

/* Where memory is short other ponds make way. */
static struct pond *create_in_any_case(const pond_options *options)
{
    struct admission b = {.error = ENOMEM};
    struct relief relief = {.tried = 0};
    struct pond *p = create(options);
    while (p == NULL && errno_now() == ENOMEM && idle_make_way(NULL, &b, &relief))
        p = create(options);
    if (p == NULL && relief.tried > 0)
        errno_be(ENOMEM); /* hooks were called meanwhile */
    return p;
}

static struct pond *create_of(const pond_options *given, size_t bytes, const void *caller)
{
    pond_options options = {.size = 0};
    if (!registry_enter(NULL, "pond_create", caller))
        return NULL;
    struct pond *p = options_take(&options, given, bytes) ? create_in_any_case(&options) : NULL;
    entry_end();
    return p;
}

pond *pond_create_sized(const pond_options *options, size_t bytes)
{
    return create_of(options, bytes, CALLER);
}

pond *pond_create(const pond_options *options)
{
    return create_of(options, OPTIONS_1_0, CALLER);
}

/* ---- destroy ---- */

/* Drops all objects, and then the pond. Nobody else is in it. */
static void end_pond(struct pond *p)
{
    (void)epoch_drop_all(p, POND_DROP_DESTROY);
    POND_ASSERT(p->objects == 0 && gate_is_unused(p) && p->dropping == NULL);
    watch_gone(p);
    sample_gone(p);
    release(p);
    let_go_of_context(p);
    remember(p);
    magazine_purge();
}

/* Destroys the pond if it has no live object: 0. Otherwise -1 and EBUSY. */
static int destroy_empty(struct pond *p, const char *here)
{
    uint64_t live = 0;
    bool over;
    registry_lock();
    do {
        over = registry_wait_unpinned(p, here) && gather_all(p, true, &live) && live == 0;
    } while (over && p->pins > 0); /* a tick came while collecting waited */
    POND_ASSERT(!over || p->pins == 0);
    if (over)
        registry_remove(p);
    registry_unlock();
    if (over) {
        end_pond(p);
        return 0;
    }
    const struct watch *w = watch_of(p);
    if (w != NULL && live > 0)
        w->busy(p);
    errno = EBUSY;
    return -1;
}

/*
 * Whether the call is made in one of the pond's own destroy hooks, the object of which no longer counts.
 * Relaxed: of a hook of this thread's, which has counted itself.
 */
static bool in_own_destroy_hook(const struct pond *p)
{
    return LOAD(p->ending) > 0 && object_in_hook(NULL);
}

static int destroy(struct pond *p, const void *caller, const char *here)
{
    if (!registry_knows(p, "pond_destroy", caller) ||
        !registry_outside_hooks(p, "pond_destroy", caller, here))
        return -1;
    if (in_own_destroy_hook(p)) {
        errno = EDEADLK;
        return -1;
    }
    return destroy_empty(p, here);
}

int pond_destroy(pond *p)
{
    if (p == NULL)
        return 0;
    if (!registry_enter(p, "pond_destroy", CALLER))
        return -1;
    int result = destroy(p, CALLER, __builtin_dwarf_cfa());
    entry_end();
    return result;
}

/* ---- create once ---- */

/*
 * Pairs with its own compare-and-swap on another thread: whoever reads the pond here reads it whole, and of
 * two that make one, one is kept.
 */
pond *pond_create_once_sized(pond **where, const pond_options *options, size_t bytes,
                             const pond_type *fallback)
{
    pond_options o = {.size = 0};
    if (!options_take(&o, options, bytes))
        return NULL;
    if (o.type == NULL && o.create == NULL)
        o.type = fallback;
    if (o.name == NULL)
        o.name = fallback->name;
    pond *winner = __atomic_load_n(where, __ATOMIC_ACQUIRE);
    if (winner != NULL)
        return winner;
    pond *made = create_of(&o, sizeof o, CALLER);
    if (made == NULL)
        return __atomic_load_n(where, __ATOMIC_ACQUIRE); /* another thread may have had more luck */
    if (__atomic_compare_exchange_n(where, &winner, made, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
        return made;
    if (entry_begin()) {
        (void)destroy_empty(made, __builtin_dwarf_cfa()); /* in a hook, too */
        entry_end();
    }
    return winner;
}

pond *pond_create_once(pond **where, const pond_options *options, const pond_type *fallback)
{
    return pond_create_once_sized(where, options, OPTIONS_1_0, fallback);
}

const char *pond_name(const pond *p)
{
    return registry_knows(p, "pond_name", CALLER) ? p->name : "";
}

const char *pond_type_name(const pond *p)
{
    const pond_type *type = registry_knows(p, "pond_type_name", CALLER) ? p->options.type : NULL;
    return type != NULL && type->name != NULL ? type->name : "";
}

const char *pond_version(void)
{
    return POND_VERSION;
}
