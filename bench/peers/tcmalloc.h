/* SPDX-License-Identifier: BSD-2-Clause */
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
