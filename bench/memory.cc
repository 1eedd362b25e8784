/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How much memory stays resident for each byte that is live? Runs the one case its argument names, in
 * a process of its own, and prints a line for each measurement:
 *
 *     case,when,live bytes,resident bytes
 *
 * resident is what the process has more than before its first get: the arrays of this program are
 * there by then, each page written.
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

static void report(const char *name, const char *when, size_t live, size_t bytes)
{
    std::printf("%s,%s,%zu,%zu\n", name, when, live, bytes);
}

/* A second of a server that has almost nothing to do: peers that give memory back as time passes do
   it now. Nobody asks them to. */
template <size_t Size> static void idle_second()
{
    for (int wake = 0; wake < 100; wake++) {
        usleep(10000);
        for (int i = 0; i < 100; i++)
            put<Size>(get<Size>());
    }
}

enum class which { oldest, random };

/* Gets `count` objects, puts 90% of them back and lets two ticks pass; then asks for a purge. */
template <size_t Size> static void run(const char *name, size_t count, which put_back)
{
    std::vector<void *> objs(count, &objs);
    barrier();
    size_t before = resident(), back = count / 10 * 9;
    for (void *&obj : objs)
        obj = get<Size, use::written>();
    report(name, "all got", count * Size, peak() - before);
    if (put_back == which::random)
        std::shuffle(objs.begin(), objs.end(), std::minstd_rand(1));
    for (size_t i = 0; i < back; i++)
        put<Size>(objs[i]);
    peer_tick();
    idle_second<Size>();
    peer_tick();
    report(name, "90% put back", (count - back) * Size, resident() - before);
    peer_purge();
    report(name, "purge called", (count - back) * Size, resident() - before);
}

int main(int argc, char **argv)
{
    static char out[4096];
    std::setvbuf(stdout, out, _IOFBF, sizeof out);
    peer_proof();
    std::string name = argc == 2 ? argv[1] : "";
    if (name == "64B-oldest")
        run<64>("64B-oldest", 1000000, which::oldest);
    else if (name == "4KiB-random")
        run<4096>("4KiB-random", 100000, which::random);
    else if (name == "1KiB-random")
        run<1024>("1KiB-random", 200000, which::random);
    else {
        std::fprintf(stderr, "%s: needs one argument: 64B-oldest, 4KiB-random or 1KiB-random\n", argv[0]);
        return 2;
    }
    return 0;
}
