/* SPDX-License-Identifier: BSD-2-Clause */
/* What gzipd and respd do with all of their ponds, and what stands in for a get with --alloc=malloc. */
#ifndef SERVER_PONDS_H
#define SERVER_PONDS_H

#include "options.h"
#include <pond/pond.h>

extern bool pooled; /* objects come from ponds; false: malloc. ponds_begin sets it */

/* Before any pond is created. */
void ponds_begin(const struct server_options *o);

/*
 * So many ponds. Opened: none is NULL. Closed: no object of any was live. What is not so is reported: false.
 */
bool ponds_opened(pond *const *ponds, size_t n);
bool ponds_close(pond *const *ponds, size_t n);

/* Prints a line for each. */
void ponds_report(pond *const *ponds, size_t n);

/* malloc in place of a get: the first bytes are zero, as in an object that was put before; the rest is
 * anything. */
void *instead_of_get(size_t size, size_t zero);

#endif
