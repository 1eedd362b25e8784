/* SPDX-License-Identifier: BSD-2-Clause */
/* The two ways of watching a pond: all checks (watch.c), and guard pages alone (guard_only.c). */
#ifndef POND_CHECK_FULL_H
#define POND_CHECK_FULL_H

#include "../frame.h"
#include "check.h"

extern const struct watch watch_full;
extern const struct watch watch_guard; /* keeps no records but those of guard slots */

/* What the first offers to the second, for objects in guard slots; each as of its name in watch.h. */
void *full_get_guarded(pond *p); /* an object in a guard slot; NULL: none is to be had */
void full_hand_out(pond *p, void *obj, const void *caller);
void full_adopt(pond *p, void *obj, const void *caller);
void full_put(pond *p, void *obj, const void *caller);
void full_discard(pond *p, void *obj, const void *caller);
void full_making(pond *p, void *obj, const struct frame *call); /* of what is called beside the hook */
void full_tried(pond *p, void *obj);
void full_made(pond *p, void *obj);
void full_drop(pond *p, void *obj, const struct frame *call);
bool full_ended(pond *p, void *obj);

#endif
