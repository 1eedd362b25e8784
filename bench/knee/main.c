/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One run of the load over one kind of pool of one size: knee-KIND [--size N] [--ms N] [--warm-ms N]
 * [--workers N] [--tick-ms N] [--scale N] [--file FILE]. --scale: objects of so many times their bytes;
 * --file: each request reads 4 KiB of it. Prints a line `measure,value` for everything measured.
 */
#include "kind.h"
#include "load.h"
#include <fcntl.h>
#include <getopt.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static struct load load;

size_t type_bytes[TYPES] = {256, 1024, 4096, 16384};

static struct options {
    uint64_t size, ms, warm_ms, workers, tick_ms, scale;
    const char *file;
} options = {.size = 256, .ms = 1000, .warm_ms = 500, .workers = 2, .tick_ms = 50, .scale = 1};

_Noreturn void die(const char *what)
{
    (void)fprintf(stderr, "knee: %s\n", what);
    _Exit(1);
}

/* ---- what is sampled ---- */

enum { SAMPLE_MS = 10, FIGURES_EVERY = 5 /* samples */ };

static struct samples {
    double resident, live, fragmentation, mapped_fragmentation; /* sums */
    uint64_t count, mapped_count, peak;
} samples;
static bool measuring, ended;
static uint64_t baseline;
static int statm;

/* The kernel's counter, which is off by a few pages for each processor. */
static uint64_t resident_bytes(void)
{
    char text[128];
    ssize_t length = pread(statm, text, sizeof text - 1, 0);
    if (length <= 0)
        die("cannot read /proc/self/statm");
    text[length] = '\0';
    const char *second = strchr(text, ' ');
    return second == NULL ? 0 : strtoull(second, NULL, 10) * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void sample(void)
{
    double live = (double)load_live_bytes(&load);
    uint64_t now = resident_bytes(), above = now > baseline ? now - baseline : 0;
    samples.resident += (double)above;
    samples.live += live;
    samples.fragmentation += above == 0 ? 0 : ((double)above - live) / (double)above;
    samples.peak = above > samples.peak ? above : samples.peak;
    if (samples.count++ % FIGURES_EVERY != 0)
        return;
    struct kind_figures f;
    kind_read(&f);
    samples.mapped_fragmentation +=
        f.mapped == 0 ? 0 : ((double)f.mapped - (double)f.active) / (double)f.mapped;
    samples.mapped_count++;
}

static void sleep_ms(uint64_t ms)
{
    struct timespec pause = {.tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000};
    (void)nanosleep(&pause, NULL);
}

static void *sampler(void *nothing)
{
    while (!__atomic_load_n(&ended, __ATOMIC_ACQUIRE)) {
        if (__atomic_load_n(&measuring, __ATOMIC_ACQUIRE))
            sample();
        sleep_ms(SAMPLE_MS);
    }
    return nothing;
}

static void *ticker(void *nothing)
{
    while (!__atomic_load_n(&ended, __ATOMIC_ACQUIRE)) {
        sleep_ms(options.tick_ms);
        kind_tick();
    }
    return nothing;
}

/* ---- what is counted ---- */

struct counts {
    uint64_t ns, finished, gets, constructed, faults, read;
    double cpu_seconds;
    struct kind_figures kind;
};

static struct counts counts_now(void)
{
    struct counts c = {.finished = load_finished(&load), .gets = load_gets(&load)};
    struct rusage usage;
    (void)getrusage(RUSAGE_SELF, &usage);
    c.constructed = load_constructed(&load);
    c.cpu_seconds = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                    (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
    c.faults = (uint64_t)usage.ru_minflt;
    c.read = (uint64_t)usage.ru_inblock * 512;
    kind_read(&c.kind);
    c.ns = clock_ns();
    return c;
}

static void print(const char *measure, double value)
{
    (void)printf("%s,%.9g\n", measure, value);
}

static void report_samples(void)
{
    double n = (double)samples.count, mapped = (double)samples.mapped_count;
    print("resident_bytes", samples.resident / n);
    print("live_bytes", samples.live / n);
    print("fragmentation", samples.fragmentation / n);
    print("resident_per_live", samples.resident / samples.live);
    print("peak_bytes", (double)samples.peak);
    print("mapped_fragmentation", samples.mapped_fragmentation / mapped);
    print("samples", n);
}

static void report(const struct counts *from, const struct counts *to)
{
    double seconds = (double)(to->ns - from->ns) / 1e9, gets = (double)(to->gets - from->gets);
    print("seconds", seconds);
    print("qps", (double)(to->finished - from->finished) / seconds);
    print("cpus", (to->cpu_seconds - from->cpu_seconds) / seconds);
    print("requests_per_cpu_s",
          (double)(to->finished - from->finished) / (to->cpu_seconds - from->cpu_seconds));
    print("p99_ns", load_latency(&load, 0.99));
    print("p999_ns", load_latency(&load, 0.999));
    print("allocations_per_s", (double)(to->kind.taken - from->kind.taken) / seconds);
    print("constructions_per_s", (double)(to->constructed - from->constructed) / seconds);
    print("hit_ratio", 1 - (double)(to->kind.missed - from->kind.missed) / gets);
    print("faults_per_s", (double)(to->faults - from->faults) / seconds);
    print("disk_bytes_per_s", (double)(to->read - from->read) / seconds);
    print("cached", (double)to->kind.cached);
    report_samples();
}

/* ---- the run ---- */

static void mark(void)
{
    (void)pthread_barrier_wait(&load.marks);
}

/* A core for each worker, when there are as many. */
static void pin(pthread_t thread, unsigned core)
{
    cpu_set_t cores;
    if (sched_getaffinity(0, sizeof cores, &cores) != 0 || CPU_COUNT(&cores) != (int)options.workers)
        return;
    unsigned at = 0;
    for (; !CPU_ISSET(at, &cores) || core > 0; at++)
        core -= CPU_ISSET(at, &cores) ? 1 : 0;
    CPU_ZERO(&cores);
    CPU_SET(at, &cores);
    (void)pthread_setaffinity_np(thread, sizeof cores, &cores);
}

static pthread_t start(void *(*run)(void *), void *argument)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, run, argument) != 0)
        die("cannot start a thread");
    return thread;
}

static void measure(struct counts *from, struct counts *to)
{
    baseline = resident_bytes();
    load.started = clock_ns();
    mark(); /* the first get comes after this */
    mark(); /* warm */
    *from = counts_now();
    __atomic_store_n(&measuring, true, __ATOMIC_RELEASE);
    mark();
    mark(); /* done */
    *to = counts_now();
    __atomic_store_n(&ended, true, __ATOMIC_RELEASE);
}

static void run(void)
{
    pthread_t threads[WORKERS_MOST + 2];
    size_t count = 0;
    struct counts from, to;
    for (int i = 0; i < load.workers; i++) {
        threads[count] = start(load_worker, &load.worker[i]);
        pin(threads[count++], (unsigned)i);
    }
    threads[count++] = start(sampler, NULL);
    threads[count++] = start(ticker, NULL);
    measure(&from, &to);
    while (count > 0)
        (void)pthread_join(threads[--count], NULL);
    if (samples.mapped_count == 0) /* on a machine so busy that the sampler had no turn */
        sample();
    report(&from, &to);
}

/* ---- arguments ---- */

_Noreturn static void usage(void)
{
    (void)fputs("usage: knee-KIND [--size N] [--ms N] [--warm-ms N] [--workers 1..16] [--tick-ms N] "
                "[--scale 1..16] [--file FILE]\n",
                stderr);
    _Exit(2);
}

static uint64_t number(const char *text)
{
    char *end;
    unsigned long long n = strtoull(text, &end, 10);
    if (*text < '0' || *text > '9' || *end != '\0' || n > 1000000000)
        usage();
    return n;
}

static void read_options(int argc, char **argv)
{
    static const struct option names[] = {{"size", 1, NULL, 's'},    {"ms", 1, NULL, 't'},
                                          {"warm-ms", 1, NULL, 'w'}, {"workers", 1, NULL, 'n'},
                                          {"tick-ms", 1, NULL, 'm'}, {"scale", 1, NULL, 'x'},
                                          {"file", 1, NULL, 'f'},    {NULL, 0, NULL, 0}};
    uint64_t *const into[] = {&options.size,    &options.ms,      &options.warm_ms,
                              &options.workers, &options.tick_ms, &options.scale};
    for (int c; (c = getopt_long(argc, argv, "", names, NULL)) != -1;) {
        const char *at = strchr("stwnmx", c);
        if (c == 'f')
            options.file = optarg;
        else if (at == NULL)
            usage();
        else
            *into[at - "stwnmx"] = number(optarg);
    }
    if (optind != argc || options.workers < 1 || options.workers > WORKERS_MOST || options.ms == 0 ||
        options.tick_ms == 0 || options.scale < 1 || options.scale > 16)
        usage();
}

int main(int argc, char **argv)
{
    read_options(argc, argv);
    for (int type = 0; type < TYPES; type++)
        type_bytes[type] *= options.scale;
    kind_init(options.size, argv);
    load_init(&load, (int)options.workers, options.warm_ms, options.ms);
    if (options.file != NULL)
        load_file(&load, options.file);
    statm = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    (void)printf("proof,%s\n", kind_proof());
    run();
    return 0;
}
