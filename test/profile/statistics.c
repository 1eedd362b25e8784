/* SPDX-License-Identifier: BSD-2-Clause */
// link: -lm
/*
 * The profile's figures are estimates without bias: the same work, whose truth is known, is done many times,
 * and the mean of the estimates is held against it. Six kinds of sites, which differ in what could be missed:
 *
 *     hot      64 bytes, got and put at once, many times: nearly all by the fast path
 *     burst    1 KiB, a hundred at a time
 *     rare     64 bytes, each 512th of the hot ones' steps, a period, kept
 *     handed   64 bytes, put by another thread
 *     large    200 KiB, larger than the rate
 *     many     64 bytes, of a pond with a reset hook, by pond_get_many and pond_put_many
 *
 * POND_STATISTICS_RUNS=1000 (make profile-statistics) does the whole of it and prints a table; without it
 * there are few runs, and bounds so wide that a right library does not meet them by chance. A weight that is
 * wrong by 5%, a kind of get that is not counted and a put that is not seen are found all the same.
 */
#include "test.h"

#include "threads.h"

#include <math.h>
#include <pond/debug.h>
#include <pond/profile.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TestSuite(statistics, .timeout = 4 * TEST_ALARM);

enum { HOT, BURST, RARE, HANDED, LARGE, MANY, SITES };
enum { ALLOC, IN_USE, FIGURES };
enum { RATE = 16384 };

/* A function that lies in a section of its own, so that a return address tells of it. */
#define SITE(name) __attribute__((noinline, section("site_" #name)))
#define BOUNDS(name) __start_site_##name, __stop_site_##name
#define DECLARE(name) extern const char __start_site_##name[], __stop_site_##name[]
DECLARE(hot);
DECLARE(burst);
DECLARE(rare);
DECLARE(handed);
DECLARE(large);
DECLARE(many);

static const struct site {
    const char *name, *start, *stop;
    double bytes;
} sites[SITES] = {
    {"hot", BOUNDS(hot), 64},       {"burst", BOUNDS(burst), 1024},      {"rare", BOUNDS(rare), 64},
    {"handed", BOUNDS(handed), 64}, {"large", BOUNDS(large), 200 << 10}, {"many", BOUNDS(many), 64}};

static pond *small, *kilo, *big, *hooked;
static double truth[FIGURES][SITES], seen[FIGURES][SITES];

/* ---- the sites ---- */

/* Keeps the call from being the function's last, which would be a jump. */
#define NOT_LAST(value) __asm__ volatile("" : "+r"(value) : : "memory")

SITE(hot) static void *get_hot(void)
{
    void *obj = pond_get(small);
    NOT_LAST(obj);
    return obj;
}

SITE(burst) static void *get_burst(void)
{
    void *obj = pond_get(kilo);
    NOT_LAST(obj);
    return obj;
}

SITE(rare) static void *get_rare(void)
{
    void *obj = pond_get(small);
    NOT_LAST(obj);
    return obj;
}

SITE(handed) static void *get_handed(void)
{
    void *obj = pond_get(small);
    NOT_LAST(obj);
    return obj;
}

SITE(large) static void *get_large(void)
{
    void *obj = pond_get(big);
    NOT_LAST(obj);
    return obj;
}

SITE(many) static size_t get_many(void **objs, size_t n)
{
    size_t got = pond_get_many(hooked, objs, n);
    NOT_LAST(got);
    return got;
}

/* ---- what is kept to the end of a run ---- */

static struct {
    pond *p;
    void *obj;
} kept[2000];
static size_t kept_count;

static void keep(int site, pond *p, void *obj)
{
    must(kept_count < sizeof kept / sizeof kept[0], "too much is kept");
    kept[kept_count].p = p;
    kept[kept_count++].obj = obj;
    truth[IN_USE][site]++;
}

static void put_kept(void)
{
    for (size_t i = 0; i < kept_count; i++)
        pond_put(kept[i].p, kept[i].obj);
    kept_count = 0;
}

/* ---- the other thread ---- */

enum { RING = 256 };
static void *ring[RING];
static atomic_uint head, tail;
static atomic_bool stop;

static void *put_handed(void *unused)
{
    (void)unused;
    for (unsigned at = 0;;) {
        if (at == atomic_load(&head)) {
            if (atomic_load(&stop))
                return NULL;
            sched_yield();
            continue;
        }
        pond_put(small, ring[at++ % RING]);
        atomic_store(&tail, at);
    }
}

static void hand(void *obj)
{
    unsigned at = atomic_load(&head);
    while (at - atomic_load(&tail) >= RING)
        sched_yield();
    ring[at % RING] = obj;
    atomic_store(&head, at + 1);
}

static void *tick(void *unused)
{
    (void)unused;
    while (!atomic_load(&stop)) {
        pond_epoch_advance();
        sched_yield();
    }
    return NULL;
}

/* ---- one run ---- */

static void work_hot_and_rare(void)
{
    for (int i = 0; i < 40960; i++) {
        pond_put(small, get_hot());
        if (i % 512 == 511)
            keep(RARE, small, get_rare());
    }
    for (int i = 0; i < 300; i++)
        keep(HOT, small, get_hot());
    truth[ALLOC][HOT] = 40960 + 300;
    truth[ALLOC][RARE] = truth[IN_USE][RARE];
}

static void work_burst(void)
{
    void *objs[100];
    for (int round = 0; round < 50; round++) {
        for (int i = 0; i < 100; i++)
            objs[i] = get_burst();
        for (int i = 0; i < 100; i++)
            if (round < 30 && i < 10)
                keep(BURST, kilo, objs[i]);
            else
                pond_put(kilo, objs[i]);
    }
    truth[ALLOC][BURST] = 5000;
}

static void work_handed(void)
{
    for (int i = 0; i < 2000; i++) {
        void *obj = get_handed();
        if (i < 100)
            keep(HANDED, small, obj);
        else
            hand(obj);
    }
    while (atomic_load(&tail) != atomic_load(&head))
        sched_yield();
    truth[ALLOC][HANDED] = 2000;
}

static void work_large_and_many(void)
{
    void *objs[150];
    for (int i = 0; i < 12; i++) {
        void *obj = get_large();
        if (i < 5)
            keep(LARGE, big, obj);
        else if (i < 9)
            pond_put(big, obj);
        else
            pond_discard(big, obj); /* last: nobody gets this memory again */
    }
    truth[ALLOC][LARGE] = 12;
    for (int round = 0; round < 40; round++) {
        size_t n = get_many(objs, 150);
        must(n == 150, "%zu were got", n);
        for (size_t i = 0; round == 7 && i < n; i++)
            keep(MANY, hooked, objs[i]);
        if (round != 7)
            pond_put_many(hooked, objs, n);
    }
    truth[ALLOC][MANY] = 40 * 150;
}

static int site_of(const pond_profile_row *row)
{
    for (size_t i = 0; i < row->count; i++)
        for (int s = 0; s < SITES; s++)
            if ((const char *)row->pcs[i] > sites[s].start && (const char *)row->pcs[i] <= sites[s].stop)
                return s;
    return -1;
}

static int look(const pond_profile_row *row, void *all)
{
    int s = site_of(row);
    must(s >= 0 || row->alloc_objects == 0, "a row of no site: pond %s", row->pond);
    *(double *)all += row->inuse_objects + row->inuse_bytes;
    if (s < 0)
        return 0;
    seen[ALLOC][s] += row->alloc_objects;
    seen[IN_USE][s] += row->inuse_objects;
    must(fabs(row->alloc_bytes - row->alloc_objects * sites[s].bytes) <= 1e-6 * row->alloc_bytes, "%s: bytes",
         row->pond);
    return 0;
}

/* A run has three parts, which may have rates of their own. */
enum { PARTS = 3 };
static const int part_of[SITES] = {[HOT] = 0, [RARE] = 0, [BURST] = 1, [HANDED] = 2, [LARGE] = 2, [MANY] = 2};

struct rates {
    const char *words[PARTS]; /* NULL: it stays */
    double bytes[PARTS];
    pond *const *fine[PARTS]; /* this pond alone then has the part's rate; NULL: none has */
};

static void change_rate(const struct rates *rates, int part)
{
    if (rates->words[part] != NULL)
        must(pond_profile_set(rates->words[part]) == 0, "errno %d", errno);
    if (rates->fine[part] != NULL)
        must(pond_profile_fine(*rates->fine[part], (size_t)rates->bytes[part], 1000) == 0, "errno %d", errno);
}

static void run_once(const struct rates *rates)
{
    double all = 0;
    memset(truth, 0, sizeof truth);
    memset(seen, 0, sizeof seen);
    pond_profile_reset();
    change_rate(rates, 0);
    work_hot_and_rare();
    change_rate(rates, 1);
    work_burst();
    change_rate(rates, 2);
    work_handed();
    work_large_and_many();
    must(pond_profile_each(look, &all) == 0, "errno %d", errno);
    put_kept();
    double kept_figures[FIGURES][SITES];
    memcpy(kept_figures, seen, sizeof seen);
    all = 0;
    must(pond_profile_each(look, &all) == 0, "errno %d", errno);
    must(all == 0, "all was put, and %g is in use", all);
    memcpy(seen, kept_figures, sizeof seen);
}

/* ---- many runs ---- */

static struct tally {
    double sum, squares, covered;
} tallies[FIGURES][SITES];

/* Of estimate / truth. */
static double deviation(const struct rates *rates, int figure, int site)
{
    double p = 1 - exp(-sites[site].bytes / rates->bytes[part_of[site]]);
    return sqrt((1 - p) / p / truth[figure][site]);
}

static void add_run(const struct rates *rates)
{
    for (int f = 0; f < FIGURES; f++)
        for (int s = 0; s < SITES; s++) {
            double x = seen[f][s] / truth[f][s];
            tallies[f][s].sum += x;
            tallies[f][s].squares += x * x;
            tallies[f][s].covered += fabs(x - 1) <= 1.96 * deviation(rates, f, s) + 1e-9;
        }
}

/* Figures that are more than `bound` deviations from the truth. A thousandth is allowed where there are
 * hardly any. */
static int judge(const struct rates *rates, int runs, double bound, bool print)
{
    int bad = 0;
    if (print)
        printf("%-8s %-7s %9s %11s %7s %9s %9s %8s\n", "site", "figure", "truth", "mean/truth", "z", "sd",
               "sd theory", "covered");
    for (int s = 0; s < SITES; s++)
        for (int f = 0; f < FIGURES; f++) {
            const struct tally *t = &tallies[f][s];
            double mean = t->sum / runs, variance = (t->squares - runs * mean * mean) / (runs - 1);
            double sd = sqrt(fmax(variance, 0)), expected = deviation(rates, f, s);
            double z = (mean - 1) / (fmax(expected, 1e-3) / sqrt(runs));
            bool right = fabs(z) <= bound;
            bad += !right;
            if (print || !right)
                printf("%-8s %-7s %9.0f %11.4f %7.2f %9.4f %9.4f %8.3f\n", sites[s].name,
                       f == ALLOC ? "alloc" : "in use", truth[f][s], mean, z, sd, expected,
                       t->covered / runs);
        }
    return bad;
}

static bool keep_all(void *obj, void *ctx)
{
    (void)obj, (void)ctx;
    return true;
}

static pond *make(const char *name, size_t size, bool (*reset)(void *, void *))
{
    return test_pond((pond_options){.name = name, .size = size, .reset = reset});
}

/* The runs of one way of working; how many figures are wrong. */
static int do_runs(const struct rates *rates, bool ticking)
{
    const char *wanted = getenv("POND_STATISTICS_RUNS");
    int runs = wanted != NULL ? atoi(wanted) : TEST_TIMES(200);
    pthread_t threads[2];
    small = make("small", 64, NULL);
    kilo = make("kilo", 1024, NULL);
    big = make("big", 200 << 10, NULL);
    hooked = make("hooked", 64, keep_all);
    must(pond_profile_set("rate=16k,seed=7") == 0, "errno %d", errno);
    must(pthread_create(&threads[0], NULL, put_handed, NULL) == 0, "no thread");
    must(!ticking || pthread_create(&threads[1], NULL, tick, NULL) == 0, "no thread");
    for (int i = 0; i < runs; i++) {
        run_once(rates);
        add_run(rates);
        if (!ticking && i % 7 == 3)
            pond_epoch_advance();
    }
    atomic_store(&stop, true);
    for (int i = 0; i <= ticking; i++)
        pthread_join(threads[i], NULL);
    must(pond_profile_lost() == 0, "%llu samples were lost", (unsigned long long)pond_profile_lost());
    must(pond_destroy(small) + pond_destroy(kilo) + pond_destroy(big) + pond_destroy(hooked) == 0, "live");
    return judge(rates, runs, wanted != NULL ? 3.3 : 4.5, wanted != NULL);
}

static const struct rates same = {.bytes = {RATE, RATE, RATE}};
static const struct rates changing = {.words = {"rate=16k,seed=9", "rate=4k", "rate=64k"},
                                      .bytes = {16 << 10, 4 << 10, 64 << 10}};

Test(statistics, without_bias)
{
    cr_assert_eq(do_runs(&same, false), 0);
}

Test(statistics, beside_a_ticking_thread)
{
    cr_assert_eq(do_runs(&same, true), 0);
}

Test(statistics, while_the_rate_changes)
{
    cr_assert_eq(do_runs(&changing, false), 0);
}

/* Every operation goes by the way of words. */
Test(statistics, with_words)
{
    cr_assert_eq(pond_debug_set("double,tag,stacks=0"), 0);
    cr_assert_eq(do_runs(&same, false), 0);
}

/* Its weights are its own. In the third part the first pond's rate is the usual one again. */
static const struct rates finer = {.bytes = {2 << 10, 4 << 10, RATE}, .fine = {&small, &kilo, &small}};

Test(statistics, while_one_pond_is_sampled_finer)
{
    cr_assert_eq(do_runs(&finer, false), 0);
}

Test(statistics, while_one_pond_is_sampled_finer_beside_a_ticking_thread)
{
    cr_assert_eq(do_runs(&finer, true), 0);
}
