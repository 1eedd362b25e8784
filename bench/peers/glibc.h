/* SPDX-License-Identifier: BSD-2-Clause */
/* The system malloc as it is set by default. Who knows that his bursts fit could raise
   glibc.malloc.tcache_count (GLIBC_TUNABLES) from 7 per size, which the burst rows would show; a server
   bounds arenas (M_ARENA_MAX) for memory, not for time. */
#ifndef BENCH_PEERS_GLIBC_H
#define BENCH_PEERS_GLIBC_H

#include <gnu/libc-version.h>
#include <malloc.h>

#include "common/malloc.h"

inline std::string peer_proof()
{
    return proof(std::string("glibc ") + gnu_get_libc_version(), file_called("malloc"), "libc.so");
}

inline void peer_purge()
{
    malloc_trim(0);
}

#endif
