/* SPDX-License-Identifier: BSD-2-Clause */
/* Bad luck on purpose (chaos.c). */
#ifndef POND_CHECK_CHAOS_H
#define POND_CHECK_CHAOS_H

#include "check.h"

/* True: this get is to fail, by fail=P. */
bool chaos_fails(const struct pond *p);

/* True: this put is to drop its object. */
bool chaos_drops(void);

/* An idle object out of turn, or NULL. */
void *chaos_get(struct pond *p);

#endif
