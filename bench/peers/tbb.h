/* SPDX-License-Identifier: BSD-2-Clause */
/* Threading Building Blocks' scalable_malloc and scalable_free, as set by default: huge pages, the one mode
   that its users set, are for large heaps. */
#ifndef BENCH_PEERS_TBB_H
#define BENCH_PEERS_TBB_H

#include <oneapi/tbb/scalable_allocator.h>
#include <oneapi/tbb/version.h>

#include "common/memory.h"
#include "common/proof.h"

template <size_t Size> inline void *memory_get()
{
    return scalable_malloc(Size);
}

template <size_t Size> inline void memory_put(void *obj)
{
    scalable_free(obj);
}

inline std::string peer_proof()
{
    return proof("tbbmalloc " TBB_VERSION_STRING, file_called("scalable_malloc"), "libtbbmalloc");
}

inline void peer_purge()
{
    scalable_allocation_command(TBBMALLOC_CLEAN_ALL_BUFFERS, nullptr);
}

#endif
