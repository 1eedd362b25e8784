/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The one peer of this program, and its get and put as every measurement uses them. A peer's header
 * (bench/peers/) is named by PEER_HEADER and defines inline, so that no function pointer comes
 * between a loop and the peer:
 *
 *     template <size_t Size, content Content = content::any>
 *     void *peer_get();                  as the peer's users call it. content::constructed: an object that
 *                                        construct made, at this get or, where the peer keeps it, before
 *     void peer_put(void *);             the same parameters
 *     void peer_prepare(size_t objects); the same parameters. Each thread calls it before its first get,
 *                                        outside what is measured where it can; at most so many objects
 *                                        will be live
 *     void peer_expect(size_t objects, size_t size);
 *                                        before the first of these: an unusual number of objects
 *     void peer_tick();                  a tick of ageing, where the peer has one
 *     void peer_purge();                 what can be called to have idle memory given back now
 *     bool peer_shares;                  one thread may get and another put
 *     std::string peer_proof();          what runs, version and file; exits when it does not
 */
#ifndef BENCH_PEER_H
#define BENCH_PEER_H

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <thread>

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

/* Where the peer runs no hook, its user resets the object and then puts it. */
#ifdef PEER_RESETS
template <content Content> constexpr content kept_by_peer = Content;
#else
template <content Content>
constexpr content kept_by_peer = Content == content::reset ? content::any : Content;
#endif

template <size_t Size, use Use = use::none, content Content = content::any> inline void *get()
{
    void *obj = opaque(peer_get<Size, kept_by_peer<Content>>());
    return Use == use::written ? touched(obj) : obj;
}

template <size_t Size, content Content = content::any> inline void put(void *obj)
{
    if constexpr (kept_by_peer<Content> != Content)
        reset_fields(obj);
    peer_put<Size, kept_by_peer<Content>>(obj);
    barrier();
}

/* Servers have threads. As long as a program never had a second one, glibc's mutex and malloc leave their
   atomic instructions out. */
inline void become_threaded()
{
    std::thread([] {}).join();
}

#endif
