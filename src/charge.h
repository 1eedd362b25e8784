/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Magazines whose room is charged against the pond's max_idle_bytes, so that no count of idle objects is
 * needed on the fast path (charge.c). None of these is called with a gate busy.
 */
#ifndef POND_CHARGE_H
#define POND_CHARGE_H

#include "types.h"

/*
 * Makes an empty magazine. `locked`: the caller has the pond's lock, and wants it for the shared way; else it
 * is for a cache. NULL: it is refused (EAGAIN), or there is no memory.
 */
struct magazine *charge_magazine(struct pond *p, bool locked);

/* End one that is empty, and n of them. */
void charge_end(struct pond *p, struct magazine *m);
void charge_end_all(struct pond *p, struct magazine *const *all, size_t n);

#endif
