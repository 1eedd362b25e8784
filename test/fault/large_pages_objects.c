/* SPDX-License-Identifier: BSD-2-Clause */
// variants: release clang
/* What get and put promise of objects holds with pages of 64 KiB as well. */
#include "large_pages.h"

#include "../promise/objects.c"
