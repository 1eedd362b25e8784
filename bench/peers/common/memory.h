/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the peers have in common that hand out memory, not objects: what was constructed in it is gone once
 * it is put back, so each get that wants an object constructs one. Such a peer defines
 *
 *     template <size_t Size> void *memory_get();
 *     template <size_t Size> void memory_put(void *);
 */
#ifndef BENCH_PEERS_COMMON_MEMORY_H
#define BENCH_PEERS_COMMON_MEMORY_H

#include "plain.h"

template <size_t Size> void *memory_get();
template <size_t Size> void memory_put(void *obj);

constexpr bool peer_shares = true; /* an object may be put by another thread than got it */

template <size_t Size, content Content = content::any> inline void *peer_get()
{
    void *obj = memory_get<Size>();
    if constexpr (Content == content::constructed)
        construct(obj);
    return obj;
}

template <size_t Size, content Content = content::any> inline void peer_put(void *obj)
{
    memory_put<Size>(obj);
}

/* A tick of ageing: an allocator has none that its users call. */
inline void peer_tick() {}

#endif
