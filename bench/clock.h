/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The time on the clock that a row takes: from the moment its last thread is ready until the last one has
 * finished. Google Benchmark takes each thread's own time and the mean of these; of eight threads on two
 * cores most begin long after the first, and their own time leaves out how long they waited for a core.
 */
#ifndef BENCH_CLOCK_H
#define BENCH_CLOCK_H

#include <benchmark/benchmark.h>

#include <atomic>
#include <chrono>

/* Made by each thread just before its loop, which none begins before all are there; gone just after, where
   all have finished. */
class row_clock
{
  public:
    explicit row_clock(benchmark::State &row) : state(row)
    {
        int64_t arrival = now(), latest = start.load();
        while (latest < arrival && !start.compare_exchange_weak(latest, arrival))
            ;
    }
    ~row_clock() { state.SetIterationTime(static_cast<double>(now() - start.load()) * 1e-9); }
    row_clock(const row_clock &) = delete;
    row_clock &operator=(const row_clock &) = delete;

  private:
    static int64_t now()
    {
        return std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count();
    }

    static inline std::atomic<int64_t> start; /* when the last thread arrived; a later row's are later */
    benchmark::State &state;
};

#endif
