/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How long does a get and put pair take? Google Benchmark's command line and output; a row's name is
 * what stands before the first slash.
 */
#include "workloads.h"

using workload = void(benchmark::State &);

static benchmark::internal::Benchmark *add(const std::string &name, workload *does, int threads)
{
    return benchmark::RegisterBenchmark(name.c_str(), does)->Threads(threads)->UseManualTime();
}

template <order Order> static void add_bursts(const std::string &name)
{
    add(name + "-8", burst<8, Order>, 1);
    add(name + "-64", burst<64, Order>, 1);
    add(name + "-512", burst<512, Order>, 1);
    add(name + "-4096", burst<4096, Order>, 1);
}

/* Threads that hand objects on to others. What works in a row are threads of its own, in larson. */
static void add_sharing()
{
    add("larson", larson<1024, 10000>, 2)->MeasureProcessCPUTime();
    add("handed-over", handed_over, 2);
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
    add("replace-1024-8-threads", replace<1024>, 8);
    add("used-pair-64B", pair<64, use::written>, 1);
    add("used-burst-lifo-64", burst<64, order::lifo, use::written>, 1);
    add("used-burst-lifo-512", burst<512, order::lifo, use::written>, 1);
    add("used-replace-1024", replace<1024, use::written>, 1);
    add("reset-64B", pair<64, use::none, content::reset>, 1);
    add("reset-only", reset_only, 1);
    add("constructed", constructed, 1);
    add("construct-only", construct_only, 1);
    if (peer_shares)
        add_sharing();
    add("handover-only", handover_only, 2);
}

int main(int argc, char **argv)
{
    become_threaded();
    benchmark::AddCustomContext("peer", peer_proof());
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv))
        return 2;
    add_all();
    benchmark::RunSpecifiedBenchmarks();
    benchmark::Shutdown();
    return 0;
}
