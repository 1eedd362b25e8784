/* SPDX-License-Identifier: BSD-2-Clause */
/* As it is set by default: with one to eight threads the thread caches are far from the 32 MiB that
   TCMALLOC_MAX_TOTAL_THREAD_CACHE_BYTES bounds. */
#ifndef BENCH_PEERS_TCMALLOC_H
#define BENCH_PEERS_TCMALLOC_H

#include <gperftools/malloc_extension_c.h>
#include <gperftools/tcmalloc.h>

#include "common/malloc.h"

inline std::string peer_proof()
{
    return proof(tc_version(nullptr, nullptr, nullptr), file_called("malloc"), "libtcmalloc");
}

inline void peer_purge()
{
    MallocExtension_ReleaseFreeMemory();
}

#endif
