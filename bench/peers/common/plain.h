/* SPDX-License-Identifier: BSD-2-Clause */
/* Peers that any thread may call at once, for any number of objects: nothing is to be prepared. */
#ifndef BENCH_PEERS_COMMON_PLAIN_H
#define BENCH_PEERS_COMMON_PLAIN_H

#include <cstddef>

#include "construct.h"

template <size_t Size, content Content = content::any> inline void peer_prepare(size_t /* objects */) {}

inline void peer_expect(size_t /* objects */, size_t /* size */) {}

#endif
