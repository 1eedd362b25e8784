/* SPDX-License-Identifier: BSD-2-Clause */
/* Which hooks of which ponds are under way (scope.c). */
#ifndef POND_SCOPE_H
#define POND_SCOPE_H

#include "../frame.h"
#include "event.h"

enum hook_kind { HOOK_CONSTRUCT, HOOK_CREATE, HOOK_RESET, HOOK_DESTROY };

/* A hook of a pond that is about to run. */
struct scope {
    struct pond *pond; /* NULL: it has ended since */
    void *obj;         /* it runs for; NULL: one that is being made, and not known yet */
    enum hook_kind hook;
    struct frame frame; /* of who runs the hook, or of a call beside it */
    bool beside;        /* a call beside it */
    struct event by;    /* whose get or put it runs for */
};

/* False: this call is made inside a hook of this pond, which is reported. Reports hooks that were left, too.
 */
bool scope_may_enter(const struct scope *s, struct event here);
bool scope_may_enter_lazily(const struct scope *s, const void *caller);
void scope_enter(const struct scope *s);
void scope_leave(const struct scope *s);
void scope_leave_beside(struct pond *p, const void *obj, enum hook_kind hook);
void scope_forget(const struct pond *p); /* it ends */

/*
 * Whose get a construct hook runs for: the first says who is getting, the second is asked before the hook. Of
 * a pond_reserve it knows the thread alone.
 */
void scope_getting(const struct pond *p, const void *caller);
struct event scope_getter(const struct pond *p);

#endif
