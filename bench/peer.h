/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The one peer of this program, and its get and put as every measurement uses them. A peer's header
 * (bench/peers/) is named by PEER_HEADER and defines inline, so that no function pointer comes
 * between a loop and the peer:
 *
 *     template <size_t Size> void *peer_get();      as the peer's users call it
 *     template <size_t Size> void peer_put(void *);
 *     void peer_tick();                             a tick of ageing, where the peer has one
 *     void peer_purge();                            what can be called to have idle memory given back now
 *     bool peer_shares;                             one thread may get and another put
 *     std::string peer_proof();                     what runs, version and file; exits when it does not
 */
#ifndef BENCH_PEER_H
#define BENCH_PEER_H

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include PEER_HEADER

/* The compiler must have everything in memory here. */
inline void barrier()
{
    asm volatile("" : : : "memory");
}

/* The compiler must have obj in a register here, knows no longer what it is, and has everything in
   memory: a get and put pair cannot be deleted, nor moved. Costs no instruction. */
inline void *opaque(void *obj)
{
    asm volatile("" : "+r"(obj) : : "memory");
    return obj;
}

/* What the owner of an object does to it at the least: write its first word. */
inline void *touched(void *obj)
{
    *static_cast<uint64_t *>(obj) = 1;
    return opaque(obj);
}

/* What becomes of an object between its get and its put. */
enum class use { none, written };

template <size_t Size, use Use = use::none> inline void *get()
{
    void *obj = opaque(peer_get<Size>());
    return Use == use::written ? touched(obj) : obj;
}

template <size_t Size> inline void put(void *obj)
{
    peer_put<Size>(obj);
    barrier();
}

#endif
