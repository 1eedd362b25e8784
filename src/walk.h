/* SPDX-License-Identifier: BSD-2-Clause */
/* Walks the stack of whoever called the library. */
#ifndef POND_WALK_H
#define POND_WALK_H

#include "port.h"

/*
 * Fills pcs with up to `most` return addresses, from `caller` outwards. Returns how many there are: at least
 * 1, for the unwinder may have lost its way before it met the caller, and that one is known all the same.
 * Takes no lock of the library's, and some 2 KiB of the stack. caller NULL: one step is made, which has the
 * unwinder get ready.
 */
uint32_t walk_stack(const void *caller, const void **pcs, uint32_t most);

#endif
