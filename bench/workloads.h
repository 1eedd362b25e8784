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
#include <thread>

#include "clock.h"
#include "cores.h"
#include "patience.h"
#include "peer.h"
#include "ring.h"

/* More than any row has live at a time and any peer's threads keep meanwhile. */
constexpr size_t most_objects = 16383;

/* What each thread of a row begins with: its core, and the peer prepared. */
template <size_t Size, content Content = content::any> struct worker {
    explicit worker(const benchmark::State &state) : own(state.thread_index(), state.threads())
    {
        be_patient();
        peer_prepare<Size, kept_by_peer<Content>>(most_objects);
    }
    core_of_its_own own;
};

template <size_t Size, use Use = use::none, content Content = content::any> void pair(benchmark::State &state)
{
    worker<Size, Content> self(state);
    row_clock clock(state);
    for (auto _ : state)
        put<Size, Content>(get<Size, Use, Content>());
}

/* What the hook of a pair that is reset takes alone: the same in each program. */
inline void reset_only(benchmark::State &state)
{
    alignas(64) static char obj[64];
    row_clock clock(state);
    for (auto _ : state) {
        reset_fields(opaque(obj));
        barrier();
    }
}

enum class order { fifo, lifo };

/* Gets N objects, then puts them back: the first got first (fifo), or the last (lifo). */
template <size_t N, order Order, use Use = use::none, size_t Size = 64, content Content = content::any>
void burst(benchmark::State &state)
{
    worker<Size, Content> self(state);
    static std::array<void *, N> objs;
    row_clock clock(state);
    while (state.KeepRunningBatch(N)) {
        for (size_t i = 0; i < N; i++)
            objs[i] = get<Size, Use, Content>();
        for (size_t i = 0; i < N; i++)
            put<Size, Content>(objs[Order == order::fifo ? i : N - 1 - i]);
    }
}

/* Objects that are constructed when they are got, whether by this get or an earlier one. */
inline void constructed(benchmark::State &state)
{
    burst<64, order::lifo, use::written, 1024, content::constructed>(state);
    void *obj = get<1024, use::written, content::constructed>();
    if (!is_constructed(obj))
        state.SkipWithError("an object that was got is not constructed");
    put<1024, content::constructed>(obj);
}

/* What the construction itself costs: the same in each program. */
inline void construct_only(benchmark::State &state)
{
    alignas(64) static char obj[1024];
    row_clock clock(state);
    for (auto _ : state)
        construct(opaque(obj));
}

/* Random places in a working set of Live objects, the same in each run. */
template <size_t Live> const auto &random_places()
{
    static const auto places = [] {
        std::array<uint16_t, 1 << 16> made;
        std::minstd_rand random(1);
        for (uint16_t &place : made)
            place = static_cast<uint16_t>(random() % Live);
        return made;
    }();
    return places;
}

/* A working set: Live objects, of which one at a random place after the other is replaced. */
template <size_t Live> class working_set
{
  public:
    working_set()
    {
        for (void *&obj : live)
            obj = get<64>();
    }
    ~working_set()
    {
        for (void *obj : live)
            put<64>(obj);
    }
    working_set(const working_set &) = delete;
    working_set &operator=(const working_set &) = delete;

    /* Gets a successor for the next one, then puts it back. */
    template <use Use> void replace_next()
    {
        void *&place = live[places[step++ % places.size()]];
        void *old = place;
        place = get<64, Use>();
        put<64>(old);
    }

  private:
    const std::array<uint16_t, 1 << 16> &places = random_places<Live>();
    size_t step = 0;
    std::array<void *, Live> live;
};

/* Each thread has a working set of its own. */
template <size_t Live, use Use = use::none> void replace(benchmark::State &state)
{
    worker<64> self(state);
    working_set<Live> set;
    row_clock clock(state);
    for (auto _ : state)
        set.template replace_next<Use>();
}

/* A working set outlives its threads: each replaces Generation objects and exits, the next one goes on.
   (As the benchmark "larson" does, with which allocators are compared.) */
template <size_t Live, size_t Generation> void larson(benchmark::State &state)
{
    worker<64> self(state);
    working_set<Live> set;
    auto live_and_exit = [&set] {
        peer_prepare<64>(most_objects);
        for (size_t i = 0; i < Generation; i++)
            set.template replace_next<use::written>();
    };
    row_clock clock(state);
    while (state.KeepRunningBatch(Generation))
        std::thread(live_and_exit).join();
}

/* Thread 0 gets objects and hands them over, thread 1 looks at them and puts them back. */
inline void handed_over(benchmark::State &state)
{
    worker<64> self(state);
    static ring handover;
    row_clock clock(state);
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
    row_clock clock(state);
    while (state.KeepRunningBatch(ring::batch)) {
        if (state.thread_index() == 0)
            handover.fill([&next](void *&slot) { slot = touched(objs[next++ % ring::slots]); });
        else
            handover.drain([](void *obj) { touched(obj); });
    }
}

#endif
