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
    struct frame frame; /* of the function that runs the hook, or of a call beside it */
    bool beside;        /* a call beside it */
    struct event by;    /* whose get or put it runs for */
};

/* Asks whether a call may go on. False: it is made inside a hook of this pond, which is reported. Reports
   hooks that were left, too. The second makes the event only if it is needed. */
bool scope_may_enter(const struct scope *s, struct event here);
bool scope_may_enter_lazily(const struct scope *s, const void *caller);

/* Note that the hook begins, and that it has returned; beside: to another function than the one that entered
 * it. */
void scope_enter(const struct scope *s);
void scope_leave(const struct scope *s);
void scope_leave_beside(struct pond *p, const void *obj, enum hook_kind hook);

/* Forgets the pond's hooks, for it ends. */
void scope_forget(const struct pond *p);

/*
 * Say whose get a construct hook runs for: the first notes which function is getting, the second is asked
 * before the hook. Of a pond_reserve only the thread is known.
 */
void scope_getting(const struct pond *p, const void *caller);
struct event scope_getter(const struct pond *p);

#endif
