/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How much memory stays resident for each byte that is live? Runs the one case its argument names, in
 * a process of its own, and prints a line for each measurement:
 *
 *     case,when,live bytes,resident bytes
 *
 * resident is what the process has more than before its first get: the arrays of this program are
 * there by then, each page written.
 *
 * BENCH_MEMORY_OBJECTS=N: so many objects instead of a million. BENCH_IDLE_MS=N: so long between the ticks
 * instead of a second.
 */
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <random>
#include <vector>

#include "peer.h"

/* The number of KiB behind `label` in a file of /proc, in bytes. Allocates nothing. */
static size_t bytes_in(const char *path, const char *label)
{
    static char text[8192];
    int file = open(path, O_RDONLY);
    ssize_t length = file < 0 ? 0 : read(file, text, sizeof text - 1);
    close(file);
    text[std::max<ssize_t>(length, 0)] = '\0';
    const char *found = std::strstr(text, label);
    if (found == nullptr) {
        std::fprintf(stderr, "memory: %s has no %s\n", path, label);
        std::exit(1);
    }
    return std::strtoul(found + std::strlen(label), nullptr, 10) * 1024;
}

/* Exact, as the kernel's counter in the status file is not. */
static size_t resident()
{
    return bytes_in("/proc/self/smaps_rollup", "Rss:");
}

static size_t peak()
{
    return std::max(bytes_in("/proc/self/status", "VmHWM:"), resident());
}

/* A time of a server that has almost nothing to do: peers that give memory back as time passes do it now.
   Nobody asks them to. */
template <size_t Size> static void idle(size_t milliseconds)
{
    for (size_t past = 0; past < milliseconds; past += 10) {
        usleep(10000);
        for (int i = 0; i < 100; i++)
            put<Size>(get<Size>());
    }
}

enum class which { random, runs };

struct plan {
    std::string name;
    size_t size;
    which put_back;
    size_t objects, idle_ms;
};

static void report(const plan &plan, const char *when, size_t objects, size_t bytes)
{
    std::printf("%s,%s,%zu,%zu\n", plan.name.c_str(), when, objects * plan.size, bytes);
}

/* Puts nine of ten objects back, at random or the first 900 of each 1,000 in order of their get. Returns how
   many stay live. */
template <size_t Size> static size_t put_most_back(std::vector<void *> &objs, which put_back)
{
    size_t live = 0;
    if (put_back == which::random)
        std::shuffle(objs.begin(), objs.end(), std::minstd_rand(1));
    for (size_t i = 0; i < objs.size(); i++) {
        if (put_back == which::random ? i < objs.size() / 10 * 9 : i % 1000 < 900)
            put<Size>(objs[i]);
        else
            live++;
    }
    return live;
}

/* Gets the objects, puts 90% of them back and lets two ticks pass; then asks for a purge. */
template <size_t Size> static void run(const plan &plan)
{
    std::vector<void *> objs(plan.objects, &objs);
    barrier();
    size_t before = resident();
    peer_prepare<Size>(plan.objects);
    for (void *&obj : objs) {
        obj = get<Size>();
        if (obj == nullptr) {
            std::fprintf(stderr, "memory: a get failed\n");
            std::exit(1);
        }
        std::memset(obj, 1, Size);
    }
    report(plan, "all got", plan.objects, peak() - before);
    size_t live = put_most_back<Size>(objs, plan.put_back);
    report(plan, "90% put back", live, resident() - before);
    peer_tick();
    idle<Size>(plan.idle_ms);
    peer_tick();
    report(plan, "two ticks later", live, resident() - before);
    peer_purge();
    report(plan, "purge called", live, resident() - before);
}

/* The number in an environment variable, or what it is without one. */
static size_t number_of(const char *variable, size_t without)
{
    const char *text = std::getenv(variable);
    if (text == nullptr || *text == '\0')
        return without;
    char *end = nullptr;
    size_t number = std::strtoul(text, &end, 10);
    if (*text < '1' || *text > '9' || *end != '\0' || number > 100000000) {
        std::fprintf(stderr, "memory: %s is a number from 1 to 100000000, not '%s'\n", variable, text);
        std::exit(2);
    }
    return number;
}

/* A million; where they would not fit with as much again as an allocator may take beside them, fewer. */
static size_t objects_of(size_t size)
{
    constexpr size_t many = 1000000, few = 200000;
    if (many * size * 3 / 2 < bytes_in("/proc/meminfo", "MemAvailable:"))
        return many;
    std::fprintf(stderr, "memory: %zu objects of %zu bytes instead of %zu, for want of memory\n", few, size,
                 many);
    return few;
}

static bool find_plan(const std::string &name, plan &found)
{
    static const plan plans[] = {
        {"64B-random", 64, which::random, 0, 0},    {"64B-runs", 64, which::runs, 0, 0},
        {"1KiB-random", 1024, which::random, 0, 0}, {"1KiB-runs", 1024, which::runs, 0, 0},
        {"4KiB-random", 4096, which::random, 0, 0}, {"4KiB-runs", 4096, which::runs, 0, 0},
    };
    for (const plan &each : plans)
        if (each.name == name) {
            found = each;
            return true;
        }
    return false;
}

int main(int argc, char **argv)
{
    static char out[4096];
    std::setvbuf(stdout, out, _IOFBF, sizeof out);
    plan plan;
    if (argc != 2 || !find_plan(argv[1], plan)) {
        std::fprintf(stderr, "%s: needs one argument: {64B,1KiB,4KiB}-{random,runs}\n", argv[0]);
        return 2;
    }
    plan.objects = number_of("BENCH_MEMORY_OBJECTS", 0);
    if (plan.objects == 0)
        plan.objects = objects_of(plan.size);
    plan.idle_ms = number_of("BENCH_IDLE_MS", 1000);
    peer_expect(plan.objects, plan.size);
    peer_proof();
    (plan.size == 64 ? run<64> : plan.size == 1024 ? run<1024> : run<4096>)(plan);
    return 0;
}
