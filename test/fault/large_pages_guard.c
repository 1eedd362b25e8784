/* SPDX-License-Identifier: BSD-2-Clause */
// variants: release clang
// link: -Wl,--wrap=mmap,--wrap=munmap,--wrap=madvise,--wrap=mprotect
/* The word guard protects whole pages of 64 KiB. */
#include "large_pages.h"

#include "../check/guard.c"
