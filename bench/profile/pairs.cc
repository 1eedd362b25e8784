/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What does sampling cost a get and put pair? One peer, with its sampling as its environment says:
 *
 *     <program> proof           what runs, and what came of a few MiB that were got: whether it samples
 *     <program> time PAIRS      a line "row,ns" for each run of so many pairs: three runs of each row
 *     <program> count ROW N     N pairs of one row, for who counts instructions
 *
 * The time is this thread's own time on a processor: what else the machine does then takes no part in it,
 * but for the caches.
 */
#include "peer.h"

#include SAMPLES_HEADER

#include <array>
#include <cstring>
#include <ctime>
#include <vector>

template <size_t Size> static void pairs(unsigned long n)
{
    for (; n != 0; n--)
        put<Size>(get<Size>());
}

/* The last one got is the first one put, as in a burst-lifo row of bench/time.cc. */
static void burst(unsigned long n)
{
    constexpr size_t live = 64;
    static std::array<void *, live> objs;
    for (; n >= live; n -= live) {
        for (size_t i = 0; i < live; i++)
            objs[i] = get<64>();
        for (size_t i = live; i > 0; i--)
            put<64>(objs[i - 1]);
    }
}

struct row {
    const char *name;
    void (*run)(unsigned long n);
};

static constexpr row rows[] = {{"pair-64B", pairs<64>}, {"pair-1KiB", pairs<1024>}, {"burst-64", burst}};

static double nanoseconds()
{
    timespec t = {};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return static_cast<double>(t.tv_sec) * 1e9 + static_cast<double>(t.tv_nsec);
}

static void time_all(unsigned long n)
{
    constexpr int runs = 3;
    for (const row &r : rows) {
        r.run(n / 16);
        for (int i = 0; i < runs; i++) {
            double start = nanoseconds();
            r.run(n);
            std::printf("%s,%.4f\n", r.name, (nanoseconds() - start) / static_cast<double>(n));
        }
    }
}

/* 16 MiB are live when the samples are counted. */
static void prove()
{
    std::vector<void *> live(16384);
    std::string what = peer_proof();
    for (void *&obj : live)
        obj = get<1024>();
    std::printf("%s; %s\n", what.c_str(), samples_seen().c_str());
    for (void *obj : live)
        put<1024>(obj);
}

static int usage(const char *program)
{
    std::fprintf(stderr, "usage: %s proof | time PAIRS | count ROW PAIRS\n", program);
    return 2;
}

int main(int argc, char **argv)
{
    std::string what = argc > 1 ? argv[1] : "";
    become_threaded();
    peer_prepare<64>(16384);
    peer_prepare<1024>(16384);
    if (what == "proof" && argc == 2)
        prove();
    else if (what == "time" && argc == 3)
        time_all(std::strtoul(argv[2], nullptr, 10));
    else if (what == "count" && argc == 4) {
        for (const row &r : rows)
            if (std::strcmp(r.name, argv[2]) == 0)
                return r.run(std::strtoul(argv[3], nullptr, 10)), 0;
        return usage(argv[0]);
    } else
        return usage(argv[0]);
    return 0;
}
