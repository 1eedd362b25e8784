/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How long does a get and put pair take? Google Benchmark's command line and output; a row's name is
 * what stands before the first slash.
 */
#include "workloads.h"

static void add(const char *name, void (*workload)(benchmark::State &), int threads)
{
    benchmark::RegisterBenchmark(name, workload)->Threads(threads)->UseRealTime();
}

template <order Order> static void add_bursts(const std::string &name)
{
    add((name + "-8").c_str(), burst<8, Order>, 1);
    add((name + "-64").c_str(), burst<64, Order>, 1);
    add((name + "-512").c_str(), burst<512, Order>, 1);
    add((name + "-4096").c_str(), burst<4096, Order>, 1);
}

static void add_all()
{
    add("pair-64B", pair<64>, 1);
    add("pair-64B-2-threads", pair<64>, 2);
    add("pair-64B-8-threads", pair<64>, 8);
    add("pair-1KiB", pair<1024>, 1);
    add("pair-1KiB-2-threads", pair<1024>, 2);
    add_bursts<order::fifo>("burst-fifo");
    add_bursts<order::lifo>("burst-lifo");
    add("replace-1024", replace<1024>, 1);
    add("used-pair-64B", pair<64, use::written>, 1);
    add("used-burst-lifo-64", burst<64, order::lifo, use::written>, 1);
    add("used-burst-lifo-512", burst<512, order::lifo, use::written>, 1);
    add("used-replace-1024", replace<1024, use::written>, 1);
    if (peer_shares)
        add("handed-over", handed_over, 2);
    add("handover-only", handover_only, 2);
}

int main(int argc, char **argv)
{
    benchmark::AddCustomContext("peer", peer_proof());
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv))
        return 2;
    add_all();
    benchmark::RunSpecifiedBenchmarks();
    benchmark::Shutdown();
    return 0;
}
