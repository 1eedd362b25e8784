/* SPDX-License-Identifier: BSD-2-Clause */
#include "load.h"
#include "kind.h"
#include KIND_HEADER
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

_Static_assert(sizeof(struct request) <= 128, "a request fits in the half of its object that is no table");

static _Thread_local struct worker *me;

uint64_t clock_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

/* ---- numbers one thread writes and others read ---- */

#define LOAD_OF(x) __atomic_load_n(&(x), __ATOMIC_RELAXED)
#define ADD_TO(x, n) __atomic_store_n(&(x), (x) + (n), __ATOMIC_RELAXED)

#define SUM_OVER_WORKERS(field)                                                                              \
    uint64_t sum = 0;                                                                                        \
    for (int i = 0; i < load->workers; i++)                                                                  \
        sum += (uint64_t)LOAD_OF(load->worker[i].field);                                                     \
    return sum

uint64_t load_live_bytes(const struct load *load)
{
    SUM_OVER_WORKERS(live_bytes);
}

uint64_t load_finished(const struct load *load)
{
    SUM_OVER_WORKERS(finished);
}

uint64_t load_gets(const struct load *load)
{
    SUM_OVER_WORKERS(gets);
}

uint64_t load_constructed(const struct load *load)
{
    SUM_OVER_WORKERS(constructed);
}

/* ---- chance ---- */

static uint64_t draw(struct worker *w)
{
    w->random ^= w->random << 13;
    w->random ^= w->random >> 7;
    w->random ^= w->random << 17;
    return w->random >> 11; /* 53 bits */
}

/* Below n, by the upper bits. */
static uint64_t draw_below(struct worker *w, uint64_t n)
{
    return (draw(w) >> 21) * n >> 32;
}

/* Pareto distributed with exponent 1 from `least`, cut off at `most`. */
static uint64_t draw_pareto(struct worker *w, uint64_t least, uint64_t most)
{
    uint64_t drawn = (least << 32) / ((draw(w) >> 21) + 1);
    return drawn < most ? drawn : most;
}

/* ---- objects and what is in them ---- */

static uint64_t *table_of(int type, void *obj)
{
    return (uint64_t *)(void *)((char *)obj + type_bytes[type] / 2);
}

/* Each word depends on the one before, as in tables that are computed: about a nanosecond a word. */
void object_construct(int type, void *obj)
{
    uint64_t *table = table_of(type, obj), word = (uint64_t)type + 1;
    for (size_t i = 0; i < type_bytes[type] / 16; i++)
        table[i] = word = (word ^ word >> 29) * 0x9e3779b97f4a7c15U + i;
    ADD_TO(me->constructed, 1);
}

static void *object_get(int type)
{
    void *obj = kind_get(type);
    if (obj == NULL)
        die("no memory");
    ADD_TO(me->gets, 1);
    ADD_TO(me->live_bytes, (int64_t)type_bytes[type]);
    return obj;
}

static void object_put(int type, void *obj)
{
    ADD_TO(me->live_bytes, -(int64_t)type_bytes[type]);
    kind_put(type, obj);
}

/* Writes an eighth of the buffer, with words from its table. Returns what object_check must find. */
static uint64_t object_fill(int type, void *obj)
{
    uint64_t *scratch = obj, *table = table_of(type, obj), sum = 0;
    for (size_t i = 0; i < type_bytes[type] / 64; i++)
        sum += scratch[i] = table[i] + i;
    return sum;
}

static uint64_t object_sum(int type, void *obj)
{
    const uint64_t *scratch = obj;
    uint64_t sum = 0;
    for (size_t i = 0; i < type_bytes[type] / 64; i++)
        sum += scratch[i];
    return sum;
}

/* ---- a request's life ---- */

enum { FILE_PAGE = 4096, TIMED = 8, SLOW_LEAST_MS = 50, SLOW_MOST_MS = 500 };

#define SLOW UINT64_MAX

/* In turns, or SLOW. */
static uint64_t draw_lifetime(struct worker *w)
{
    uint64_t kind = draw_below(w, 10000);
    if (kind < 7000)
        return 0;
    if (kind < 9500)
        return 1 + draw_below(w, 8);
    if (kind < 9995 || w->slow_count == SLOW_MOST)
        return 8 + draw_below(w, 120);
    return SLOW;
}

/* 70% of the buffers have 1 KiB, 25% 4 KiB, 5% 16 KiB. */
static uint8_t draw_type(struct worker *w)
{
    uint64_t of = draw_below(w, 100);
    return of < 70 ? 1 : of < 95 ? 2 : 3;
}

static void wheel_add(struct worker *w, struct request *r)
{
    r->next = w->wheel[r->due % WHEEL];
    w->wheel[r->due % WHEEL] = r;
}

/* Slow requests are due by the clock. */
static void slow_add(struct worker *w, struct request *r)
{
    r->due = w->now + 1000000 * draw_pareto(w, SLOW_LEAST_MS, SLOW_MOST_MS);
    w->slow[w->slow_count++] = r;
}

static void note_latency(struct worker *w, uint64_t ns)
{
    int power = 63 - __builtin_clzll(ns | FINE);
    size_t bucket = (size_t)(power - 6) * FINE + (ns >> (power - 6));
    w->latency[bucket < BUCKETS ? bucket : BUCKETS - 1]++;
}

/* As a server that sends files does: from memory, or, where the pools have taken that, from the disk. */
static void read_page(struct worker *w)
{
    char page[FILE_PAGE];
    off_t at = (off_t)(draw_below(w, w->load->file_pages) * FILE_PAGE);
    if (pread(w->load->file, page, sizeof page, at) != (ssize_t)sizeof page)
        die("cannot read the file");
}

static void request_begin(struct worker *w)
{
    bool timed = draw_below(w, TIMED) == 0;
    uint64_t before = timed ? clock_ns() : 0, lifetime = draw_lifetime(w);
    struct request *r = object_get(0);
    *r = (struct request){.due = w->turn + lifetime, .count = 1 + (uint32_t)draw_below(w, BUFFERS_MOST)};
    for (uint32_t i = 0; i < r->count; i++) {
        r->type[i] = draw_type(w);
        r->buffers[i] = object_get(r->type[i]);
        r->sum += object_fill(r->type[i], r->buffers[i]);
    }
    if (timed)
        r->ns = clock_ns() - before;
    if (w->load->file >= 0)
        read_page(w);
    if (lifetime == SLOW)
        slow_add(w, r);
    else
        wheel_add(w, r);
}

static void request_finish(struct worker *w, struct request *r)
{
    uint64_t ns = r->ns, before = ns > 0 ? clock_ns() : 0, sum = 0;
    for (uint32_t i = 0; i < r->count; i++) {
        sum += object_sum(r->type[i], r->buffers[i]);
        object_put(r->type[i], r->buffers[i]);
    }
    if (sum != r->sum)
        die("an object does not hold what was written into it");
    object_put(0, r);
    if (ns > 0)
        note_latency(w, ns + clock_ns() - before);
    ADD_TO(w->finished, 1);
}

/* ---- from worker to worker ---- */

static bool hand_on(struct inbox *box, struct request *r)
{
    uint64_t at = box->written;
    if (at - __atomic_load_n(&box->read, __ATOMIC_ACQUIRE) == INBOX)
        return false;
    box->requests[at % INBOX] = r;
    __atomic_store_n(&box->written, at + 1, __ATOMIC_RELEASE);
    return true;
}

static void finish_inbox(struct worker *w)
{
    struct inbox *box = &w->inbox;
    uint64_t to = __atomic_load_n(&box->written, __ATOMIC_ACQUIRE);
    for (uint64_t at = box->read; at != to; at++) {
        request_finish(w, box->requests[at % INBOX]);
        __atomic_store_n(&box->read, at + 1, __ATOMIC_RELEASE);
    }
}

/* ---- turns ---- */

enum {
    CALM = 4,
    BURST_EVERY = 64,
    BURST_LEAST = 48,
    BURST_MOST = 1000,
    LOOK_EVERY = 32,
    BUSY_MS = 300,
    CYCLE_MS = 500
};

static uint64_t draw_arrivals(struct worker *w)
{
    if (!w->busy || draw_below(w, BURST_EVERY) != 0)
        return CALM;
    return draw_pareto(w, BURST_LEAST, BURST_MOST);
}

static void finish_or_hand_on(struct worker *w, struct request *r)
{
    if (w->next == w || draw_below(w, 8) != 0 || !hand_on(&w->next->inbox, r))
        request_finish(w, r);
}

static void finish_due(struct worker *w)
{
    struct request *r = w->wheel[w->turn % WHEEL];
    w->wheel[w->turn % WHEEL] = NULL;
    for (struct request *next; r != NULL; r = next) {
        next = r->next;
        finish_or_hand_on(w, r);
    }
}

static void finish_slow(struct worker *w)
{
    for (size_t i = 0; i < w->slow_count;) {
        struct request *r = w->slow[i];
        if (r->due > w->now) {
            i++;
            continue;
        }
        w->slow[i] = w->slow[--w->slow_count];
        finish_or_hand_on(w, r);
    }
}

static void look_at_clock(struct worker *w)
{
    w->now = clock_ns();
    w->busy = (w->now - w->load->started) / 1000000 % CYCLE_MS < BUSY_MS;
    finish_slow(w);
}

static void make_turns_until(struct worker *w, uint64_t end)
{
    for (; w->now < end; w->turn++) {
        for (uint64_t n = draw_arrivals(w); n > 0; n--)
            request_begin(w);
        finish_due(w);
        finish_inbox(w);
        if (w->turn % LOOK_EVERY == 0)
            look_at_clock(w);
    }
}

static void mark(struct load *load)
{
    (void)pthread_barrier_wait(&load->marks);
}

void *load_worker(void *worker)
{
    me = worker;
    mark(me->load);
    make_turns_until(me, me->load->started + me->load->warm_ms * 1000000);
    mark(me->load);
    for (size_t i = 0; i < BUCKETS; i++)
        me->latency[i] = 0;
    mark(me->load);
    look_at_clock(me);
    make_turns_until(me, me->now + me->load->ms * 1000000);
    mark(me->load);
    return NULL;
}

/* ---- the whole ---- */

void load_init(struct load *load, int workers, uint64_t warm_ms, uint64_t ms)
{
    *load = (struct load){.workers = workers, .warm_ms = warm_ms, .ms = ms, .file = -1};
    load->worker = aligned_alloc(64, (size_t)workers * sizeof(struct worker));
    if (load->worker == NULL || pthread_barrier_init(&load->marks, NULL, (unsigned)workers + 1) != 0)
        die("no memory for the workers");
    for (int i = 0; i < workers; i++) {
        load->worker[i] = (struct worker){.random = 0x9e3779b97f4a7c15U * ((uint64_t)i + 1), .load = load};
        load->worker[i].next = &load->worker[(i + 1) % workers];
        for (size_t b = 0; b < BUCKETS; b++)
            __atomic_store_n(&load->worker[i].latency[b], 1,
                             __ATOMIC_RELAXED); /* so that its pages are there */
    }
}

/*
 * The pages go first and come back in order: they are this process's then, not those of who wrote the file.
 */
void load_file(struct load *load, const char *file)
{
    static char block[1 << 20];
    struct stat s;
    load->file = open(file, O_RDONLY | O_CLOEXEC);
    if (load->file < 0 || fstat(load->file, &s) != 0 || s.st_size < FILE_PAGE)
        die("cannot open the file");
    load->file_pages = (uint64_t)s.st_size / FILE_PAGE;
    (void)posix_fadvise(load->file, 0, 0, POSIX_FADV_DONTNEED);
    while (read(load->file, block, sizeof block) > 0)
        continue;
    (void)posix_fadvise(load->file, 0, 0, POSIX_FADV_RANDOM);
}

/* The upper end of a bucket. */
static double bucket_ns(size_t bucket)
{
    size_t power = bucket < 2 * FINE ? 0 : bucket / FINE - 1;
    return (double)((bucket - power * FINE + 1) << power) - 1;
}

double load_latency(const struct load *load, double share)
{
    uint64_t all = 0, seen = 0;
    for (int i = 0; i < load->workers; i++)
        for (size_t b = 0; b < BUCKETS; b++)
            all += load->worker[i].latency[b];
    for (size_t b = 0; b < BUCKETS; b++) {
        for (int i = 0; i < load->workers; i++)
            seen += load->worker[i].latency[b];
        if ((double)seen >= share * (double)all)
            return bucket_ns(b);
    }
    return 0;
}
