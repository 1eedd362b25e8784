/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where a pond lies: its structure and its lines behind it, one for each slot. Address space for all of them
 * is reserved from the start, for each thread finds its line at the same distance from any pond. Only as many
 * of them are memory as there were threads at a time, in steps: GATE_LINES_FIRST, and then twice as many.
 */
#ifndef POND_SITE_H
#define POND_SITE_H

#include "types.h"

/* Maps a pond that is all zero, with that many lines; NULL: ENOMEM. The second unmaps it, when nobody can
 * know it any more. */
struct pond *site_map(uint32_t lines);
void site_unmap(struct pond *p);

/* Makes that many lines memory, of a pond or of all that are remembered, under the registry's lock. False:
 * ENOMEM. */
bool site_open(struct pond *p, uint32_t lines);
bool site_open_remembered(uint32_t lines);

/* How many bytes a pond takes, lines that are only reserved included. */
size_t site_bytes(void);

/*
 * Keep a destroyed pond mapped for a while, without the memory of its lines: the last 64 of them are. The
 * first clears all but what the first page has, its name for instance. The second remembers it, under the
 * registry's lock, and returns the pond that it takes the place of, to be unmapped without the lock, or NULL.
 */
void site_clear(struct pond *p);
struct pond *site_remember(struct pond *p);

#endif
