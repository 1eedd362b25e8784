/* SPDX-License-Identifier: BSD-2-Clause */
/* What the peers have in common that are linked as the program's malloc. */
#ifndef BENCH_PEERS_COMMON_MALLOC_H
#define BENCH_PEERS_COMMON_MALLOC_H

#include "memory.h"
#include "proof.h"

template <size_t Size> inline void *memory_get()
{
    return std::malloc(Size);
}

template <size_t Size> inline void memory_put(void *obj)
{
    std::free(obj);
}

#endif
