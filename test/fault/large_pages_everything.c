/* SPDX-License-Identifier: BSD-2-Clause */
// variants: release
/* The same with pages of 64 KiB. */
#include "large_pages.h"

#include "../stress/everything.c"
