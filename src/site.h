/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where a pond lies: its structure and its lines behind it, one for each slot. All are reserved from the
 * start, for each thread finds its line at the same distance from any pond; memory are only as many as there
 * were threads at a time, in steps: GATE_LINES_FIRST, and then twice as many.
 */
#ifndef POND_SITE_H
#define POND_SITE_H

#include "types.h"

/* All zero, with as many lines as `lines`; NULL: ENOMEM. The second is for a pond that was never known. */
struct pond *site_map(uint32_t lines);
void site_unmap(struct pond *p);

/* Under the registry's lock, of a pond or of all that are remembered. False: ENOMEM. */
bool site_open(struct pond *p, uint32_t lines);
bool site_open_remembered(uint32_t lines);

/* How long it is, lines that are only reserved included. */
size_t site_bytes(void);

/*
 * A destroyed pond stays mapped for a while, as many as 64 of them, without the memory of its lines. All that
 * is left in it is what the first page has, its name for instance. Under the registry's lock; returns the one
 * that was there in its place, to be unmapped without the lock, or NULL.
 */
void site_clear(struct pond *p);
struct pond *site_remember(struct pond *p);

#endif
