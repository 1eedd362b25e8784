/* SPDX-License-Identifier: BSD-2-Clause */
#include "options.h"
#include "sized.h"
#include <errno.h>

/* ---- the reason ---- */

/* The texts are constants, so that a thread keeps nothing but where its own is. */
static __thread const char *refusal POND_TLS_;

void options_refuse(const char *why)
{
    refusal = why;
    errno = EINVAL;
}

const char *pond_why(void)
{
    return refusal != NULL ? refusal : "";
}

/* ---- from programs of other versions ---- */

static bool taken(void *to, size_t room, const void *given, size_t bytes, const char *newer)
{
    if (sized_take(to, room, given, bytes))
        return true;
    options_refuse(newer);
    errno = E2BIG;
    return false;
}

bool options_take(pond_options *to, const pond_options *given, size_t bytes)
{
    if (given == NULL) {
        options_refuse("options is NULL.");
        return false;
    }
    return taken(to, sizeof *to, given, bytes,
                 "options has a field that this version of the library does not know.");
}

bool options_take_limits(pond_limits *to, const pond_limits *given, size_t bytes)
{
    if (given == NULL) {
        options_refuse("limits is NULL.");
        return false;
    }
    return taken(to, sizeof *to, given, bytes,
                 "limits has a field that this version of the library does not know.");
}

/* ---- what is wrong ---- */

/* A sentence and when it is true. */
struct objection {
    bool holds;
    const char *why;
};

static const char *first_of(const struct objection *all, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (all[i].holds)
            return all[i].why;
    return NULL;
}

#define FIRST_OF(all) first_of(all, sizeof(all) / sizeof((all)[0]))

const char *options_limits(const pond_limits *l, const void *footprint)
{
    const struct objection all[] = {
        {l->max_objects > 0 && l->min_idle > l->max_objects,
         "min_idle is greater than max_objects: so many can never be idle."},
        {l->max_footprint > 0 && footprint == NULL,
         "max_footprint needs the footprint hook, which says how much an object owns."},
    };
    return FIRST_OF(all);
}

static const char *object_objection(const pond_options *o)
{
    const struct objection all[] = {
        {o->size == 0, "size is 0: give it, or a type, or the create hook."},
        {o->size > POND_MAX_SIZE, "size is greater than POND_MAX_SIZE."},
        {(o->align & (o->align - 1)) != 0, "align is not a power of two."},
        {o->align > POND_MAX_ALIGN, "align is greater than POND_MAX_ALIGN."},
    };
    return FIRST_OF(all);
}

static const char *create_objection(const pond_options *o)
{
    const struct objection all[] = {
        {o->size != 0, "size must be 0 where the create hook makes the objects."},
        {o->align != 0, "align must be 0 where the create hook makes the objects."},
        {o->construct != NULL, "construct must be NULL where the create hook makes the objects."},
        {o->destroy == NULL, "destroy is NULL: what the create hook makes needs a hook that ends it."},
        {(o->flags & POND_ZERO_ON_PUT) != 0,
         "flags has POND_ZERO_ON_PUT, but of what the create hook makes the size is not known."},
    };
    return FIRST_OF(all);
}

static const char *common_objection(const pond_options *o)
{
    const struct objection all[] = {
        {(o->flags & ~(unsigned)(POND_ZERO_ON_PUT | POND_THREAD_CONFINED)) != 0,
         "flags has a bit that is neither POND_ZERO_ON_PUT nor POND_THREAD_CONFINED."},
        {o->cache_objects > POND_MAX_CACHE_OBJECTS, "cache_objects is greater than POND_MAX_CACHE_OBJECTS."},
    };
    const pond_limits limits = {
        .max_objects = o->max_objects, .min_idle = o->min_idle, .max_footprint = o->max_footprint};
    const char *why = FIRST_OF(all);
    return why != NULL ? why : options_limits(&limits, (const void *)(uintptr_t)o->footprint);
}

static const char *type_objection(const pond_options *o)
{
    const struct objection all[] = {
        {o->size != 0 && o->size != o->type->size, "size is not that of type: leave it 0 beside a type."},
        {o->align != 0 && o->align != o->type->align, "align is not that of type: leave it 0 beside a type."},
    };
    return FIRST_OF(all);
}

/* ---- as they will be used ---- */

/* Of any type: what max_align_t has, which only C11 knows. */
#define MOST_NATURAL_ALIGN MIN((size_t)__BIGGEST_ALIGNMENT__, 16)

/* The alignment that malloc would give: any type of that size can be put there. */
static size_t natural_align(size_t size)
{
    size_t align = 1;
    while (align < MOST_NATURAL_ALIGN && align < size)
        align *= 2;
    return align;
}

const char *options_fill(const pond_options *given, pond_options *o)
{
    if (given == NULL)
        return "options is NULL.";
    *o = *given;
    const char *why = o->type != NULL ? type_objection(o) : NULL;
    if (o->type != NULL && o->create == NULL) {
        o->size = o->type->size;
        o->align = o->type->align;
    }
    if (why == NULL)
        why = common_objection(o);
    if (why == NULL)
        why = o->create != NULL ? create_objection(o) : object_objection(o);
    if (why == NULL && o->align == 0 && o->size > 0)
        o->align = natural_align(o->size);
    POND_ASSERT(why != NULL || o->create != NULL || (o->size > 0 && is_power_of_two(o->align)));
    return why;
}
