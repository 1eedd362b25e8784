/* SPDX-License-Identifier: BSD-2-Clause */
/* What the peers have in common that are linked as the program's malloc. */
#ifndef BENCH_PEERS_COMMON_MALLOC_H
#define BENCH_PEERS_COMMON_MALLOC_H

#include "proof.h"

constexpr bool peer_shares = true; /* an object may be put by another thread than got it */

template <size_t Size> inline void *peer_get()
{
    return std::malloc(Size);
}

template <size_t Size> inline void peer_put(void *obj)
{
    std::free(obj);
}

/* A tick of ageing: an allocator has none that its users call. */
inline void peer_tick() {}

#endif
