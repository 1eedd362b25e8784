/* SPDX-License-Identifier: BSD-2-Clause */
// variants: release clang
// link: -Wl,--wrap=mmap,--wrap=munmap,--wrap=madvise
/* The promise holds with pages of 64 KiB as well. */
#include "large_pages.h"

#include "../promise/promise7_out_of_memory.c"
