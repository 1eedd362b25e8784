/* SPDX-License-Identifier: BSD-2-Clause */
/* As it is set by default: its options are about pages and when they are given back. */
#ifndef BENCH_PEERS_MIMALLOC_H
#define BENCH_PEERS_MIMALLOC_H

#include <mimalloc.h>

#include "common/malloc.h"

inline std::string peer_proof()
{
    return proof("mimalloc " + std::to_string(mi_version()), file_called("malloc"), "libmimalloc");
}

inline void peer_purge()
{
    mi_collect(true);
}

#endif
