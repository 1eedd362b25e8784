/* SPDX-License-Identifier: BSD-2-Clause */
/* Watches a pond for guard pages alone: all objects but those in guard slots take the pond's own ways at
   once. */
#include "full.h"
#include "guard.h"
#include "words.h"

/* True: this get is to be served from a guard slot. The front door has counted watch_countdown down for it,
   if it was ever drawn. */
static NOT_INLINED bool is_due(const struct pond *p)
{
    return (watch_countdown_id != GUARD_DRAWN || watch_countdown < 0) &&
           guard_draw(LOAD(p->watch_step)); /* Relaxed: see watch.c */
}

/* Has the object taken in by full watching, should that have begun meanwhile. */
static void guard_adopt(pond *p, void *obj, const void *caller)
{
    if (watch_of(p) == &watch_full)
        full_adopt(p, obj, caller);
}

static void *guard_get(pond *p, const void *caller, const struct get_how *how)
{
    bool makes = how == NULL || !how->idle_only;
    void *obj = makes && is_due(p) ? full_get_guarded(p) : NULL;
    if (obj != NULL) {
        full_hand_out(p, obj, caller);
        return obj;
    }
    obj = pool_get(p, how);
    if (obj != NULL)
        guard_adopt(p, obj, caller);
    return obj;
}

static void guard_put(pond *p, void *obj, const void *caller)
{
    if (guard_owns(obj))
        full_put(p, obj, caller);
    else
        pool_put(p, obj);
}

static void guard_discard(pond *p, void *obj, const void *caller)
{
    if (guard_owns(obj))
        full_discard(p, obj, caller);
    else
        pool_drop(p, obj, POND_DROP_DISCARDED);
}

static void guard_making(pond *p, void *obj)
{
    const struct frame call = FRAME_HERE;
    if (guard_owns(obj))
        full_making(p, obj, &call);
}

static void guard_tried(pond *p, void *obj)
{
    if (guard_owns(obj))
        full_tried(p, obj);
}

static void guard_made(pond *p, void *obj)
{
    if (guard_owns(obj))
        full_made(p, obj);
}

static void guard_drop(pond *p, void *obj)
{
    const struct frame call = FRAME_HERE;
    if (guard_owns(obj))
        full_drop(p, obj, &call);
}

static bool guard_ended(pond *p, void *obj)
{
    return guard_owns(obj) && full_ended(p, obj);
}

static void guard_looked_at(pond *p, void *obj)
{
    POND_ASSERT(!guard_owns(obj)); /* an object in a slot is never idle */
    (void)p, (void)obj;
}

static void guard_ticked(pond *p, const void *caller)
{
    (void)caller;
    words_watch_anew(p);
}

static void guard_busy(pond *p)
{
    (void)p;
}

const struct watch watch_guard = {.countdown_id = GUARD_DRAWN,
                                  .get = guard_get,
                                  .adopt = guard_adopt,
                                  .put = guard_put,
                                  .discard = guard_discard,
                                  .making = guard_making,
                                  .tried = guard_tried,
                                  .made = guard_made,
                                  .drop = guard_drop,
                                  .ended = guard_ended,
                                  .before_look = guard_looked_at,
                                  .after_look = guard_looked_at,
                                  .ticked = guard_ticked,
                                  .busy = guard_busy};
