/* SPDX-License-Identifier: BSD-2-Clause */
/* The fast path of <pond/inline.h> compiled into the caller, the rest in libpond.a. */
#ifndef BENCH_PEERS_POND_INLINE_H
#define BENCH_PEERS_POND_INLINE_H

#include <pond/inline.h>

#include "common/pond.h"

/* The proof that nothing here calls them: from here on the names do not compile. */
#pragma GCC poison pond_get pond_put

template <size_t Size, content Content = content::any> inline void *peer_get()
{
    return pond_get_inline(pond_kept_for<Size, Content>);
}

template <size_t Size, content Content = content::any> inline void peer_put(void *obj)
{
    pond_put_inline(pond_kept_for<Size, Content>, obj);
}

inline std::string peer_proof()
{
    return proof(std::string("pond ") + pond_version() + " inlined",
                 file_of(reinterpret_cast<const void *>(&pond_get_slow)), file_of_program());
}

#endif
