/* SPDX-License-Identifier: BSD-2-Clause */
/* What reset left behind (reset.c). */
#ifndef POND_CHECK_RESET_H
#define POND_CHECK_RESET_H

#include "record.h"

/* Notes what construct made of the object. */
void reset_remember(struct pond *p, void *obj, struct record *r);

/* Reports where the object is not as construct left it, or a declared field not as declared. */
void reset_check(struct pond *p, void *obj, struct record *r, struct event here);

#endif
