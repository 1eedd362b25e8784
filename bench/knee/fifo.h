/* SPDX-License-Identifier: BSD-2-Clause */
/* The lists of freelist.h, but what was put first is got first, as from a ring or a queue of idle objects. */
#define KIND_OLDEST_FIRST true
#include "freelist.h"
