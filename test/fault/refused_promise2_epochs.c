/* SPDX-License-Identifier: BSD-2-Clause */
// variants: release asan lock clang
/* The promise holds as well where membarrier is refused from the start, and fences do its work. */
#include "membarrier.h"

__attribute__((constructor)) static void refuse_first(void)
{
    membarrier_refuse();
}

#include "../promise/promise2_epochs.c"
