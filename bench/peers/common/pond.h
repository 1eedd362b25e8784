/* SPDX-License-Identifier: BSD-2-Clause */
/* What the three ways of calling pond have in common. A server sets no more than name and size, and the hooks
   its objects need: caches adapt by themselves. */
#ifndef BENCH_PEERS_COMMON_POND_H
#define BENCH_PEERS_COMMON_POND_H

#include <pond/pond.h>

#include "plain.h"
#include "proof.h"

#define PEER_RESETS /* a put runs the hook that pond_of_size sets */

constexpr bool peer_shares = true; /* an object may be put by another thread than got it */

inline int pond_construct(void *obj, void * /* ctx */)
{
    construct(obj);
    return 0;
}

inline bool pond_reset(void *obj, void * /* ctx */)
{
    reset_fields(obj);
    return true;
}

inline pond *pond_of_size(size_t size, content holds)
{
    pond_options options = {};
    options.name = "bench";
    options.size = size;
    if (holds == content::constructed)
        options.construct = pond_construct;
    if (holds == content::reset)
        options.reset = pond_reset;
    pond *made = pond_create(&options);
    if (made == nullptr) {
        std::perror("pond_create");
        std::exit(1);
    }
    return made;
}

/* A pond for each size of object, kept as a server keeps it: in a static variable. */
template <size_t Size, content Content> pond *const pond_kept_for = pond_of_size(Size, Content);

inline void peer_tick()
{
    pond_epoch_advance();
}

inline void peer_purge()
{
    pond_trim(nullptr);
}

#endif
