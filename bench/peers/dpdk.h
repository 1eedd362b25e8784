/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DPDK's rte_mempool: a ring of all objects, and for each lcore a cache of 512, the largest there is. Objects
 * are made with the pool, so their most has to be known. Threads register as lcores, else they would have no
 * cache; there can be 128 at a time, and who leaves finds the cache of the lcore before. Without huge pages
 * (a server has seldom any), and so with --no-shconf where --in-memory is refused. No network card
 * sees the objects: they are neither spread over memory channels nor contiguous for one, which costs up to a
 * third of the memory and made no row faster that was tried.
 */
#ifndef BENCH_PEERS_DPDK_H
#define BENCH_PEERS_DPDK_H

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_lcore.h>
#include <rte_mempool.h>
#include <rte_version.h>
#include <sched.h>

#include <iterator>
#include <mutex>

#include "common/construct.h"
#include "common/proof.h"

constexpr bool peer_shares = true; /* an object may be put by another thread than got it */

/* Bytes of objects, their headers included, that EAL has room for; set before the first pool is made. */
inline size_t dpdk_room = size_t{192} << 20;

/* An object has up to three cache lines of header, padding and spreading, and the ring two words. */
inline void peer_expect(size_t objects, size_t size)
{
    dpdk_room += objects * (size + 208);
}

/* EAL puts the main thread on one core and would start a worker on each other one: one lcore is all there is,
   and it goes where it may. */
inline void dpdk_start()
{
    std::string megabytes = std::to_string(dpdk_room >> 20);
    cpu_set_t cores;
    sched_getaffinity(0, sizeof cores, &cores);
    int first = 0;
    while (!CPU_ISSET(first, &cores))
        first++;
    std::string lcore = "0@" + std::to_string(first);
    const char *arguments[] = {"bench",          "--no-huge",       "--no-shconf", "--no-pci",
                               "--no-telemetry", "--log-level=*:4", "-m",          megabytes.c_str(),
                               "--lcores",       lcore.c_str()};
    if (rte_eal_init(std::size(arguments), const_cast<char **>(arguments)) < 0)
        proof_fails("DPDK", std::string("rte_eal_init: ") + rte_strerror(rte_errno));
    sched_setaffinity(0, sizeof cores, &cores);
}

/* A thread's being an lcore, from its first preparation to its exit. The main thread is one anyway. */
struct dpdk_lcore {
    dpdk_lcore()
    {
        static std::once_flag started;
        std::call_once(started, dpdk_start);
        registered = rte_lcore_id() == LCORE_ID_ANY;
        if (registered && rte_thread_register() != 0)
            proof_fails("DPDK", std::string("rte_thread_register: ") + rte_strerror(rte_errno));
    }
    ~dpdk_lcore()
    {
        if (registered)
            rte_thread_unregister();
    }
    dpdk_lcore(const dpdk_lcore &) = delete;
    dpdk_lcore &operator=(const dpdk_lcore &) = delete;

    bool registered;
};

inline void dpdk_join()
{
    thread_local dpdk_lcore self;
}

inline void dpdk_construct(rte_mempool *, void *, void *obj, unsigned)
{
    construct(obj);
}

inline rte_mempool *dpdk_make(size_t objects, size_t size, content holds)
{
    std::string name = "bench-" + std::to_string(size) + (holds == content::constructed ? "c" : "");
    rte_mempool *made = rte_mempool_create(
        name.c_str(), static_cast<unsigned>(objects), static_cast<unsigned>(size), RTE_MEMPOOL_CACHE_MAX_SIZE,
        0, nullptr, nullptr, holds == content::constructed ? dpdk_construct : nullptr, nullptr, SOCKET_ID_ANY,
        RTE_MEMPOOL_F_NO_SPREAD | RTE_MEMPOOL_F_NO_IOVA_CONTIG);
    if (made == nullptr)
        proof_fails("DPDK", "rte_mempool_create of " + std::to_string(objects) + " times " +
                                std::to_string(size) + " bytes: " + rte_strerror(rte_errno));
    return made;
}

template <size_t Size, content Content> inline rte_mempool *dpdk_pool_of;

/* Makes the pool for that many objects, and what the caches may hold beside them; the thread becomes an
 * lcore. */
template <size_t Size, content Content = content::any> inline void peer_prepare(size_t objects)
{
    static std::once_flag made;
    dpdk_join();
    std::call_once(made, [objects] { dpdk_pool_of<Size, Content> = dpdk_make(objects, Size, Content); });
}

template <size_t Size, content Content = content::any> inline void *peer_get()
{
    void *obj;
    return __builtin_expect(rte_mempool_get(dpdk_pool_of<Size, Content>, &obj) == 0, 1) ? obj : nullptr;
}

template <size_t Size, content Content = content::any> inline void peer_put(void *obj)
{
    rte_mempool_put(dpdk_pool_of<Size, Content>, obj);
}

inline void peer_tick() {}

/* A pool gives nothing back before it is freed. */
inline void peer_purge() {}

/* Gets and puts that moved the length of the lcore's cache by one and left the ring alone. */
inline unsigned dpdk_cache_hits(rte_mempool *pool, unsigned pairs)
{
    void *obj = nullptr;
    rte_mempool_get(pool, &obj); /* fills the cache */
    rte_mempool_put(pool, obj);
    rte_mempool_cache *cache = rte_mempool_default_cache(pool, rte_lcore_id());
    unsigned hits = 0, in_ring = rte_mempool_ops_get_count(pool);
    for (unsigned i = 0; cache != nullptr && i < pairs; i++) {
        unsigned length = cache->len;
        rte_mempool_get(pool, &obj);
        bool from_cache = cache->len + 1 == length;
        rte_mempool_put(pool, obj);
        hits += from_cache && cache->len == length && rte_mempool_ops_get_count(pool) == in_ring;
    }
    return hits;
}

inline std::string peer_proof()
{
    constexpr unsigned pairs = 1000;
    dpdk_join();
    std::string what = rte_version();
    rte_mempool *pool = dpdk_make(2047, 32, content::any);
    unsigned hits = dpdk_cache_hits(pool, pairs);
    rte_mempool_free(pool);
    if (hits != pairs)
        proof_fails(what, "the lcore's cache served " + std::to_string(hits) + " of 1000 pairs");
    return proof(what + ", rte_mempool, the lcore's cache served " + std::to_string(hits) + " of 1000 pairs,",
                 file_of(reinterpret_cast<const void *>(&rte_mempool_create)), file_of_program());
}

#endif
