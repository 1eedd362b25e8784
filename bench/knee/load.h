/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The load of a server, drawn from seeds, whatever pool is below.
 *
 * A worker makes turns, as an event loop does. In a turn requests arrive, a few (calm) or up to a thousand at
 * once (burst; sizes are Pareto distributed), each takes its objects, and those that are due are finished.
 * Most are due in the same turn, some a few turns later, few after a good part of a burst, and slow ones
 * after 50 to 500 ms: those pin their objects. Bursts come in busy periods of 300 ms;
 * between them are pauses of 200 ms, in which the calm goes on alone. One request in eight is finished by the
 * next worker.
 */
#ifndef KNEE_LOAD_H
#define KNEE_LOAD_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { WORKERS_MOST = 16, BUFFERS_MOST = 3, WHEEL = 4096, INBOX = 512, SLOW_MOST = 48 };

struct request {
    uint64_t due; /* the turn in which it is finished; slow ones: the ns */
    struct request *next;
    uint64_t sum;   /* of what its objects held: a checked use */
    uint64_t ns;    /* spent on it so far; 0: not timed */
    uint32_t count; /* of buffers */
    uint8_t type[BUFFERS_MOST + 1];
    void *buffers[BUFFERS_MOST];
};

/* Latencies: 64 buckets for each power of two, so that a percentile is exact within 1.6%. */
enum { FINE = 64, BUCKETS = FINE * 40 };

struct inbox {
    _Alignas(64) uint64_t written;
    _Alignas(64) uint64_t read;
    struct request *requests[INBOX];
};

struct worker {
    _Alignas(64) int64_t live_bytes; /* got minus put by this worker; read by the sampler */
    uint64_t finished, gets, constructed;
    _Alignas(64) uint64_t random, turn;
    uint64_t now; /* by the clock, read every few turns */
    bool busy;    /* no pause */
    size_t slow_count;
    struct request *slow[SLOW_MOST];
    struct load *load;
    struct worker *next;
    struct request *wheel[WHEEL];
    struct inbox inbox;
    uint64_t latency[BUCKETS];
};

struct load {
    int workers;
    uint64_t warm_ms, ms; /* before the measurement, and in it */
    uint64_t started;     /* when: who measures sets it before the first mark */
    int file;             /* each request reads a page of it; -1: of none */
    uint64_t file_pages;
    pthread_barrier_t marks; /* of the workers and who measures: see load_worker */
    struct worker *worker;
};

void load_init(struct load *load, int workers, uint64_t warm_ms, uint64_t ms);

/* Each request reads a page of this file from now on, which is brought into memory as far as it fits. */
void load_file(struct load *load, const char *file);

/* A worker's life. It meets `marks` before the first get, twice between warm-up and measurement, at the end
 * of that. */
void *load_worker(void *worker);

/* Sums over the workers, while they run. */
uint64_t load_live_bytes(const struct load *load);
uint64_t load_finished(const struct load *load);
uint64_t load_gets(const struct load *load);
uint64_t load_constructed(const struct load *load);

/* The latency, in ns, that `share` of the timed requests do not exceed. */
double load_latency(const struct load *load, double share);

uint64_t clock_ns(void);

#endif
