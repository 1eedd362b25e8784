/* SPDX-License-Identifier: BSD-2-Clause */
/* Other ways to get and put: with a caller that is given, for an idle object alone, and with patience. */
#include "pool.h"
#include "registry.h"

/*
 * The fast path of a get, whose slow way is told the caller and how. Pairs with line_close and line_is_marked
 * in line.h by a barrier, as <pond/inline.h> says: the mark comes before the look at base, so not both this
 * thread finds its line open and a closer finds it unmarked. Relaxed: gets is a figure.
 */
static inline void *get_by_line(struct pond *p, const void *caller, const struct get_how *how)
{
    pond_cache *line = pond_line(p);
    uintptr_t top = pond_line_enter(line);
    if (__builtin_expect(top <= POND_BOUND_(line->base), 0))
        return pool_get_from(p, caller, how);
    void *obj = ((void **)top)[-1]; /* NOLINT(performance-no-int-to-ptr) */
    POND_COUNT_(line->gets);
    pond_line_leave(line, top - sizeof(void *));
    return obj;
}

ON_ONE_LINE void *pond_get_from(pond *p, const void *caller)
{
    return get_by_line(p, caller != NULL ? caller : CALLER, NULL);
}

/* Pairs with line_close and line_is_marked in line.h, as get_by_line does, by limit in the place of base. */
ON_ONE_LINE void pond_put_from(pond *p, void *obj, const void *caller)
{
    if (__builtin_expect(obj == NULL, 0))
        return;
    pond_cache *line = pond_line(p);
    uintptr_t top = pond_line_enter(line);
    if (__builtin_expect(top >= POND_BOUND_(line->limit), 0)) {
        pool_put_from(p, obj, line, top, caller != NULL ? caller : CALLER);
        return;
    }
    *(void **)top = obj; /* NOLINT(performance-no-int-to-ptr) */
    pond_line_leave(line, top + sizeof(void *));
}

void *pond_get_idle(pond *p)
{
    static const struct get_how how = {.function = "pond_get_idle", .idle_only = true};
    if (p == NULL && !registry_knows(p, how.function, CALLER))
        return NULL;
    return get_by_line(p, CALLER, &how);
}

void *pond_get_wait(pond *p, int64_t timeout_ns)
{
    const struct get_how how = {.function = "pond_get_wait", .timeout = timeout_ns};
    if (p == NULL && !registry_knows(p, how.function, CALLER))
        return NULL;
    return get_by_line(p, CALLER, &how);
}
