/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The workloads. One iteration is one object got and put back, in each of them, so that all figures
 * are per pair.
 */
#ifndef BENCH_WORKLOADS_H
#define BENCH_WORKLOADS_H

#include <benchmark/benchmark.h>

#include <array>
#include <random>

#include "cores.h"
#include "peer.h"
#include "ring.h"

template <size_t Size, use Use = use::none> void pair(benchmark::State &state)
{
    core_of_its_own own(state.thread_index(), state.threads());
    for (auto _ : state)
        put<Size>(get<Size, Use>());
}

enum class order { fifo, lifo };

/* Gets N objects, then puts them back: the first got first (fifo), or the last (lifo). */
template <size_t N, order Order, use Use = use::none> void burst(benchmark::State &state)
{
    static std::array<void *, N> objs;
    while (state.KeepRunningBatch(N)) {
        for (size_t i = 0; i < N; i++)
            objs[i] = get<64, Use>();
        for (size_t i = 0; i < N; i++)
            put<64>(objs[Order == order::fifo ? i : N - 1 - i]);
    }
}

/* Random places in a working set of Live objects, the same in each run. */
template <size_t Live> std::array<uint16_t, 1 << 16> random_places()
{
    std::array<uint16_t, 1 << 16> places;
    std::minstd_rand random(1);
    for (uint16_t &place : places)
        place = static_cast<uint16_t>(random() % Live);
    return places;
}

/* Keeps Live objects and replaces one at a random place: gets its successor, then puts it back. */
template <size_t Live, use Use = use::none> void replace(benchmark::State &state)
{
    static const auto places = random_places<Live>();
    static std::array<void *, Live> live;
    for (void *&obj : live)
        obj = get<64>();
    size_t step = 0;
    for (auto _ : state) {
        void *&place = live[places[step++ % places.size()]];
        void *old = place;
        place = get<64, Use>();
        put<64>(old);
    }
    for (void *obj : live)
        put<64>(obj);
}

/* Thread 0 gets objects and hands them over, thread 1 looks at them and puts them back. */
inline void handed_over(benchmark::State &state)
{
    core_of_its_own own(state.thread_index(), state.threads());
    static ring handover;
    while (state.KeepRunningBatch(ring::batch)) {
        if (state.thread_index() == 0)
            handover.fill([](void *&slot) { slot = get<64, use::written>(); });
        else
            handover.drain([](void *obj) { put<64>(touched(obj)); });
    }
}

/* As handed_over, with objects that nobody gets and puts: what the handing over itself costs. */
inline void handover_only(benchmark::State &state)
{
    core_of_its_own own(state.thread_index(), state.threads());
    static ring handover;
    alignas(64) static char objs[ring::slots][64];
    size_t next = 0;
    while (state.KeepRunningBatch(ring::batch)) {
        if (state.thread_index() == 0)
            handover.fill([&next](void *&slot) { slot = touched(objs[next++ % ring::slots]); });
        else
            handover.drain([](void *obj) { touched(obj); });
    }
}

#endif
