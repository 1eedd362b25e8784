/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How objects get from the thread that got them to the one that puts them: a ring for one writer and
 * one reader, filled and drained in whole batches, so that the ring's own cache misses are shared by
 * the objects of a batch and tell little beside the peer's.
 */
#ifndef BENCH_RING_H
#define BENCH_RING_H

#include <sched.h>

#include <atomic>
#include <cstddef>

class ring
{
  public:
    static constexpr size_t batch = 64;
    static constexpr size_t batches = 16;
    static constexpr size_t slots = batch * batches;

    /* Waits for room for a batch, calls make(slot) for each of its slots and hands them over. */
    template <class Make> void fill(Make make)
    {
        size_t at = filled.load(std::memory_order_relaxed);
        wait_until([&] { return at - drained.load(std::memory_order_acquire) < batches; });
        for (void *&slot : objs[at % batches])
            make(slot);
        filled.store(at + 1, std::memory_order_release);
    }

    /* Waits for a batch, calls use(obj) for each of its objects and gives the room back. */
    template <class Use> void drain(Use use)
    {
        size_t at = drained.load(std::memory_order_relaxed);
        wait_until([&] { return filled.load(std::memory_order_acquire) != at; });
        for (void *obj : objs[at % batches])
            use(obj);
        drained.store(at + 1, std::memory_order_release);
    }

  private:
    /* Spins; yields when that takes long, for the other side may wait for this core. */
    template <class Ready> static void wait_until(Ready ready)
    {
        for (unsigned spins = 1; !ready(); spins++)
            if (spins % 1024 == 0)
                sched_yield();
    }

    alignas(64) std::atomic<size_t> filled{0}; /* batches written since the start */
    alignas(64) std::atomic<size_t> drained{0};
    alignas(64) void *objs[batches][batch];
};

#endif
