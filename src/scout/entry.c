// SPDX-License-Identifier: BSD-2-Clause
// What the program calls in the place of its allocator. One allocation in `every` is recorded; the others
// cost a count that goes down, and a look at a byte when they are freed.
#include "scout.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>

__thread struct thread self __attribute__((tls_model("initial-exec")));

SCOUT_API void *malloc(size_t size);
SCOUT_API void *calloc(size_t count, size_t size);
SCOUT_API void *realloc(void *p, size_t size);
SCOUT_API void *reallocarray(void *p, size_t count, size_t size);
SCOUT_API void free(void *p);
SCOUT_API void *memalign(size_t align, size_t size);
SCOUT_API void *aligned_alloc(size_t align, size_t size);
SCOUT_API int posix_memalign(void **p, size_t align, size_t size);

// True: this one is recorded.
static inline bool is_due(struct thread *t)
{
    if (__builtin_expect(t->countdown > 1, 1)) {
        t->countdown--;
        return false;
    }
    return file != NULL && !t->inside;
}

static inline bool is_missing(void)
{
    return UNLIKELY(next.malloc == NULL) && !next_find();
}

// Of one record in 16 the allocator's own time is taken.
static inline uint64_t clock_some(struct thread *t)
{
    return chance(&t->clocks, 4) ? now_ns() : 0;
}

static inline uint64_t clock_end(uint64_t begun)
{
    return begun != 0 ? now_ns() - begun : 0;
}

void *malloc(size_t size)
{
    struct thread *t = &self;
    if (is_missing())
        return early_get(size, 0);
    if (!is_due(t))
        return next.malloc(size);
    uint64_t begun = clock_some(t);
    void *p = next.malloc(size);
    record_get(p, size, __builtin_dwarf_cfa(), clock_end(begun), false);
    return p;
}

void *calloc(size_t count, size_t size)
{
    struct thread *t = &self;
    if (is_missing()) /* the array is zero */
        return size != 0 && count > SIZE_MAX / size ? NULL : early_get(count * size, 0);
    if (!is_due(t))
        return next.calloc(count, size);
    uint64_t begun = clock_some(t);
    void *p = next.calloc(count, size);
    record_get(p, count * size, __builtin_dwarf_cfa(), clock_end(begun), true);
    return p;
}

void free(void *p)
{
    struct thread *t = &self;
    if (p == NULL || UNLIKELY(early_is(p)))
        return;
    if (UNLIKELY(next.free == NULL)) /* there was none yet that could have allocated it */
        return;
    if (!book_may_have((uintptr_t)p) || t->inside) {
        next.free(p);
        return;
    }
    struct object old = {.address = 0};
    record_put(p, __builtin_dwarf_cfa(), false, &old); /* before anybody else can be given it */
    uint64_t begun = old.address != 0 ? clock_some(t) : 0;
    next.free(p);
    if (begun != 0)
        record_put_took(old.sim, now_ns() - begun);
}

static void *early_again(void *p, size_t size)
{
    void *larger = next.malloc != NULL ? next.malloc(size) : early_get(size, 0);
    size_t room = early_room(p);
    if (larger != NULL)
        memcpy(larger, p, size < room ? size : room);
    return larger;
}

static inline void *resize(void *p, size_t size, const void *cfa)
{
    struct thread *t = &self;
    struct object old = {.address = 0};
    if (p != NULL && early_is(p))
        return early_again(p, size);
    if (is_missing())
        return early_get(size, 0);
    if (p != NULL && !t->inside && book_may_have((uintptr_t)p))
        record_put(p, cfa, true, &old);
    void *q = next.realloc(p, size);
    if (q == NULL && size != 0 && old.address != 0)
        record_back(&old);
    if (q != NULL && is_due(t))
        record_get(q, size, cfa, 0, false);
    return q;
}

void *realloc(void *p, size_t size)
{
    return resize(p, size, __builtin_dwarf_cfa());
}

void *reallocarray(void *p, size_t count, size_t size)
{
    if (size != 0 && count > SIZE_MAX / size) {
        errno = ENOMEM;
        return NULL;
    }
    return resize(p, count * size, __builtin_dwarf_cfa());
}

void *memalign(size_t align, size_t size)
{
    struct thread *t = &self;
    if (is_missing())
        return early_get(size, align);
    void *p = next.memalign(align, size);
    if (is_due(t))
        record_get(p, size, __builtin_dwarf_cfa(), 0, false);
    return p;
}

void *aligned_alloc(size_t align, size_t size)
{
    struct thread *t = &self;
    if (is_missing())
        return early_get(size, align);
    void *p = next.aligned_alloc(align, size);
    if (is_due(t))
        record_get(p, size, __builtin_dwarf_cfa(), 0, false);
    return p;
}

int posix_memalign(void **p, size_t align, size_t size)
{
    struct thread *t = &self;
    if (is_missing())
        return (*p = early_get(size, align)) != NULL ? 0 : ENOMEM;
    int error = next.posix_memalign(p, align, size);
    if (error == 0 && is_due(t))
        record_get(*p, size, __builtin_dwarf_cfa(), 0, false);
    return error;
}
