/* SPDX-License-Identifier: BSD-2-Clause */
/* Objects that are live when they should not be (leak.c). */
#ifndef POND_CHECK_LEAK_H
#define POND_CHECK_LEAK_H

#include "check.h"

/* Reports the live objects of a pond of which pond_destroy was refused. */
void leak_report_busy(struct pond *p);

#endif
