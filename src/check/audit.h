/* SPDX-License-Identifier: BSD-2-Clause */
/* All objects of a pond looked at now (audit.c). */
#ifndef POND_CHECK_AUDIT_H
#define POND_CHECK_AUDIT_H

#include "check.h"

/* Does what pond_audit does, of a pond that is pinned. Returns how many findings there were. */
size_t audit_pond(struct pond *p, const void *caller);

#endif
