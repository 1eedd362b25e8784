/* SPDX-License-Identifier: BSD-2-Clause */
/* Objects that are live for too long (hold.c). */
#ifndef POND_CHECK_HOLD_H
#define POND_CHECK_HOLD_H

#include "check.h"

/* Reports objects of the pond that are live for more than N epochs, with hold=N. At a tick. */
void hold_look(struct pond *p);

#endif
