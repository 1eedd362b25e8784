/* SPDX-License-Identifier: BSD-2-Clause */
/* The bounds of a pond, which may change while it is used. */
#ifndef POND_BOUNDS_H
#define POND_BOUNDS_H

#include "types.h"

/* Settles by the pond's options how its bounds are kept. Nobody knows the pond yet. */
void bounds_init(struct pond *p);

/*
 * Lets the caches come back to a pond whose idle bytes were counted for a while alone. Under the pond's
 * lock.
 */
void bounds_relax(struct pond *p);

#endif
