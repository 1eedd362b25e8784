/* SPDX-License-Identifier: BSD-2-Clause */
/* As it is set by default. Servers that want memory back set MALLOC_CONF=background_thread:true and shorter
   decay times; what that brings at best is the row after a purge. */
#ifndef BENCH_PEERS_JEMALLOC_H
#define BENCH_PEERS_JEMALLOC_H

#include <jemalloc/jemalloc.h>

#include "common/malloc.h"

inline std::string peer_proof()
{
    const char *version = "unknown";
    size_t length = sizeof version;
    mallctl("version", &version, &length, nullptr, 0);
    return proof(std::string("jemalloc ") + version, file_called("malloc"), "libjemalloc");
}

inline void peer_purge()
{
    mallctl("thread.tcache.flush", nullptr, nullptr, nullptr, 0);
    mallctl(("arena." + std::to_string(MALLCTL_ARENAS_ALL) + ".purge").c_str(), nullptr, nullptr, nullptr, 0);
}

#endif
