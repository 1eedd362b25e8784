/* SPDX-License-Identifier: BSD-2-Clause */
/* pond_get and pond_put as functions, in either library. */
#ifndef BENCH_PEERS_COMMON_POND_CALLS_H
#define BENCH_PEERS_COMMON_POND_CALLS_H

#include "pond.h"

template <size_t Size, content Content = content::any> inline void *peer_get()
{
    return pond_get(pond_kept_for<Size, Content>);
}

template <size_t Size, content Content = content::any> inline void peer_put(void *obj)
{
    pond_put(pond_kept_for<Size, Content>, obj);
}

#endif
