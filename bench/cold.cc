/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How long does a get take of an object that was never used before? Runs the one row its argument names, in a
 * process of its own, and prints a line:
 *
 *     row,threads,gets,nanoseconds of a get,processor time of a get
 *
 *     <program> cold-64B | cold-1KiB | cold-4KiB [-8-threads]
 *     <program> cold-64B-again | cold-1KiB-again | cold-4KiB-again
 *
 * A million objects of 64 bytes, and 256 MiB of the larger ones; the first word of each is written, as its
 * owner does. `again` is the first burst after two ticks without any traffic: all objects were put before.
 * BENCH_QUICK=1: a tenth of them.
 */
#include <pthread.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <ctime>
#include <functional>
#include <string>
#include <vector>

#include "peer.h"

static int64_t now()
{
    return std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count();
}

static int64_t processor_time() /* of this thread */
{
    timespec t = {};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return int64_t{t.tv_sec} * 1000000000 + t.tv_nsec;
}

struct row {
    size_t gets; /* of all threads */
    unsigned threads;
    bool again;
};

template <size_t Size> static void get_all(std::vector<void *> &objs)
{
    for (void *&obj : objs) {
        obj = get<Size, use::written>();
        if (obj == nullptr) {
            std::perror("cold: a get");
            std::exit(1);
        }
    }
}

template <size_t Size> static void put_all(std::vector<void *> &objs)
{
    for (void *obj : objs)
        put<Size>(obj);
}

/* When a thread's gets begin and end, and the processor time that they take. */
struct times {
    int64_t begin, end, processor;
};

template <size_t Size> static times timed(std::vector<void *> &objs)
{
    times t = {now(), 0, processor_time()};
    get_all<Size>(objs);
    return {t.begin, now(), processor_time() - t.processor};
}

static pthread_barrier_t ready, over;

template <size_t Size> static void work(size_t gets, times &took)
{
    std::vector<void *> objs(gets, &ready); /* its pages are there */
    peer_prepare<Size>(gets);
    pthread_barrier_wait(&ready);
    took = timed<Size>(objs);
    pthread_barrier_wait(&over);
    put_all<Size>(objs);
}

/*
 * From the first thread's first get to the last one's last. Were it another thread that looked at the clock,
 * then it might do so when the others have long begun, where there are more of them than cores.
 */
static times together(const std::vector<times> &all)
{
    times t = all.front();
    t.processor = 0;
    for (const times &one : all) {
        t.begin = std::min(t.begin, one.begin);
        t.end = std::max(t.end, one.end);
        t.processor += one.processor;
    }
    return t;
}

template <size_t Size> static times cold(const row &row)
{
    std::vector<std::thread> threads;
    std::vector<times> took(row.threads);
    pthread_barrier_init(&ready, nullptr, row.threads);
    pthread_barrier_init(&over, nullptr, row.threads);
    for (times &one : took)
        threads.emplace_back(work<Size>, row.gets / row.threads, std::ref(one));
    for (std::thread &thread : threads)
        thread.join();
    return together(took);
}

template <size_t Size> static times again(const row &row)
{
    std::vector<void *> objs(row.gets, &ready);
    peer_prepare<Size>(row.gets);
    get_all<Size>(objs);
    put_all<Size>(objs);
    peer_tick();
    peer_tick();
    times took = timed<Size>(objs);
    put_all<Size>(objs);
    return took;
}

template <size_t Size> static int run(const std::string &name, const row &row)
{
    times took = row.again ? again<Size>(row) : cold<Size>(row);
    auto gets = static_cast<double>(row.gets);
    std::printf("%s,%u,%zu,%.3f,%.3f\n", name.c_str(), row.threads, row.gets,
                static_cast<double>(took.end - took.begin) / gets,
                static_cast<double>(took.processor) / gets);
    return 0;
}

static bool ends_with(const std::string &name, const char *end)
{
    size_t length = std::strlen(end);
    return name.size() >= length && name.compare(name.size() - length, length, end) == 0;
}

int main(int argc, char **argv)
{
    const char *quick = std::getenv("BENCH_QUICK");
    const std::string name = argc == 2 ? argv[1] : "";
    row row = {(size_t)1 << 20, 1, ends_with(name, "-again")};
    if (ends_with(name, "-8-threads"))
        row.threads = 8;
    if (quick != nullptr && std::strcmp(quick, "1") == 0)
        row.gets /= 8;
    become_threaded();
    if (name.rfind("cold-64B", 0) == 0)
        return run<64>(name, row);
    row.gets /= 4;
    if (name.rfind("cold-1KiB", 0) == 0)
        return run<1024>(name, row);
    row.gets /= 4;
    if (name.rfind("cold-4KiB", 0) == 0)
        return run<4096>(name, row);
    std::fprintf(stderr, "usage: %s cold-64B|cold-1KiB|cold-4KiB[-8-threads|-again]\n", argv[0]);
    return 2;
}
