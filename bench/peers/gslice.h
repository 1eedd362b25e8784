/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * GLib's g_slice_alloc and g_slice_free1, as its users call them: with the size known, nothing set. (G_SLICE
 * would only switch the allocator off or its checks on.) Its own magazines and slabs serve up to about a
 * KiB, as long as GLib has them: until 2.74. Above that size, and from 2.76 on, it is malloc.
 */
#ifndef BENCH_PEERS_GSLICE_H
#define BENCH_PEERS_GSLICE_H

#include <glib.h>
#include <malloc.h>

#include <array>

#include "common/memory.h"
#include "common/proof.h"

template <size_t Size> inline void *memory_get()
{
    return g_slice_alloc(Size);
}

template <size_t Size> inline void memory_put(void *obj)
{
    g_slice_free1(Size, obj);
}

/* What malloc has handed out more after as many objects were got as had been put just before. */
template <size_t Size> inline size_t gslice_takes_from_malloc()
{
    static std::array<void *, 1000> objs;
    size_t before = 0;
    for (int round = 0; round < 2; round++) {
        before = mallinfo2().uordblks;
        for (void *&obj : objs)
            obj = g_slice_alloc(Size);
        before = mallinfo2().uordblks - before;
        for (void *obj : objs)
            g_slice_free1(Size, obj);
    }
    return before;
}

inline std::string peer_proof()
{
    std::string what = "GLib " + std::to_string(glib_major_version) + "." +
                       std::to_string(glib_minor_version) + "." + std::to_string(glib_micro_version);
    size_t taken = gslice_takes_from_malloc<64>();
    if (taken != 0)
        proof_fails(what, "g_slice_alloc is no allocator of its own here: 1,000 objects that had been put "
                          "took " +
                              std::to_string(taken) + " bytes from malloc");
    return proof(what + ", reuse without malloc seen", file_called("g_slice_alloc"), "libglib");
}

/* Slabs that are empty were given to free. */
inline void peer_purge()
{
    malloc_trim(0);
}

#endif
