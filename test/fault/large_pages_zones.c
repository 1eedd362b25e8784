/* SPDX-License-Identifier: BSD-2-Clause */
// variants: release clang
// link: -Wno-unknown-warning-option -Wno-use-after-free
/* Red zones and poison, with pages of 64 KiB. */
#include "large_pages.h"

#include "../check/zones.c"
