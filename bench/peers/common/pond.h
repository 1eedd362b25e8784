/* SPDX-License-Identifier: BSD-2-Clause */
/* What the three ways of calling pond have in common. */
#ifndef BENCH_PEERS_COMMON_POND_H
#define BENCH_PEERS_COMMON_POND_H

#include <pond/pond.h>

#include "proof.h"

constexpr bool peer_shares = true; /* an object may be put by another thread than got it */

inline pond *pond_of_size(size_t size)
{
    pond_options options = {};
    options.name = "bench";
    options.size = size;
    pond *made = pond_create(&options);
    if (made == nullptr) {
        std::perror("pond_create");
        std::exit(1);
    }
    return made;
}

/* A pond for each size of object, kept as a server keeps it: in a static variable. */
template <size_t Size> pond *const pond_of = pond_of_size(Size);

inline void peer_tick()
{
    pond_epoch_advance();
}

inline void peer_purge()
{
    pond_trim(nullptr);
}

#endif
