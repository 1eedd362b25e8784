/* SPDX-License-Identifier: BSD-2-Clause */
/* Ponds and stacks whose figures are known. With EMPTY=1 there is none; with OFF=1 gets are not sampled. */
#include "program.h"

/* ---- stacks: places in functions that are never called ---- */

#define FUNCTION(name)                                                                                       \
    static NOINLINE int name(int n)                                                                          \
    {                                                                                                        \
        __asm__ volatile("nop; nop; nop; nop; nop; nop; nop; nop" : "+r"(n));                                \
        return n + 1;                                                                                        \
    }
FUNCTION(serve_forever)
FUNCTION(accept_client)
FUNCTION(read_request)
FUNCTION(parse_headers)
FUNCTION(read_body)
FUNCTION(compress_body)
FUNCTION(buffer_take)
FUNCTION(session_new)
FUNCTION(cache_fill)
FUNCTION(tls_handshake)
FUNCTION(send_response)
FUNCTION(log_line_with_a_name_that_is_longer_than_any_line_of_a_telephone_is_wide_and_then_some)

typedef int function(int);

/* Innermost first. */
static const struct known {
    const char *pond, *type;
    function *stack[8];
    double alloc, inuse, bytes, oldest; /* objects, bytes of each, seconds */
    uint64_t id;
} known[] = {{"buffers",
              "struct buffer",
              {buffer_take, read_body, read_request, accept_client, serve_forever},
              812345,
              24031,
              4096,
              871,
              2},
             {"buffers",
              "struct buffer",
              {buffer_take, compress_body, read_request, accept_client, serve_forever},
              2912345,
              301,
              4096,
              0.4,
              2},
             {"sessions",
              "struct session",
              {session_new, tls_handshake, accept_client, serve_forever},
              51200,
              12010,
              768,
              902,
              1},
             {"cache entries",
              "struct entry",
              {cache_fill, send_response, read_request, accept_client, serve_forever},
              9000,
              8650,
              1024,
              800,
              3},
             {"<script>alert(1)</script>",
              "struct \"quoted\" & <odd>",
              {parse_headers, read_request, accept_client, serve_forever},
              40,
              10,
              128,
              12,
              4},
             {"log",
              "",
              {log_line_with_a_name_that_is_longer_than_any_line_of_a_telephone_is_wide_and_then_some,
               send_response, read_request, accept_client, serve_forever},
              4000000,
              2,
              256,
              0.1,
              5}};

#define KNOWN (sizeof known / sizeof *known)

#define AGES_MOST 64

/* Spread from none up to the oldest. */
static size_t ages_of(const struct known *k, double *ages)
{
    size_t count = k->inuse < AGES_MOST ? (size_t)k->inuse : AGES_MOST;
    for (size_t i = 0; i < count; i++)
        ages[i] = k->oldest * (double)(i + 1) / (double)count;
    return count;
}

static double got_since; /* by each stack, as a part of what it had got: for ?seconds */

static int each(int (*row)(const pond_profile_row *, void *ctx), void *ctx)
{
    int stopped = 0;
    for (size_t i = 0; i < KNOWN && stopped == 0 && getenv("EMPTY") == NULL && getenv("OFF") == NULL; i++) {
        const struct known *k = &known[i];
        const void *pcs[8];
        double ages[AGES_MOST];
        pond_profile_life lives[POND_PROFILE_LIVES] = {{k->alloc / 10000 * 0.3, (uint64_t)k->alloc / 10000}};
        size_t count = 0;
        double part = 1 + (i < 2 ? got_since : 0);
        for (; k->stack[count] != NULL; count++)
            pcs[count] = (const char *)(uintptr_t)k->stack[count] + 6 + i % 2; /* functions have two places */
        const pond_profile_row r = {.pond = k->pond,
                                    .type = k->type,
                                    .pcs = pcs,
                                    .count = count,
                                    .alloc_objects = k->alloc * part,
                                    .alloc_bytes = k->alloc * k->bytes * part,
                                    .inuse_objects = k->inuse,
                                    .inuse_bytes = k->inuse * k->bytes,
                                    .samples = (uint64_t)(k->alloc * k->bytes * part / 524288) + 1,
                                    .oldest_seconds = k->oldest,
                                    .pond_id = k->id,
                                    .ages = ages,
                                    .age_count = ages_of(k, ages),
                                    .lives = lives};
        stopped = row(&r, ctx);
    }
    got_since += 0.5;
    return stopped;
}

/* ---- ponds: real ones, of which only the names are asked for ---- */

#define PONDS 6

static pond *ponds[PONDS];

static const struct fact {
    const char *name, *type;
    uint64_t object, live, local, shared, victim, gets, misses, failed, limit;
} facts[PONDS] = {{"sessions", "struct session", 768, 12010, 120, 64, 0, 51200, 12200, 0, 0},
                  {"buffers", "struct buffer", 4096, 24332, 512, 2048, 1024, 3724690, 30412, 0, 0},
                  {"cache entries", "struct entry", 1024, 8650, 3, 0, 0, 9000, 8653, 12, 10000},
                  {"<script>alert(1)</script>", "struct \"quoted\" & <odd>", 128, 10, 2, 1, 0, 40, 13, 0, 0},
                  {"log", "", 256, 2, 30, 2, 4, 4000000, 38, 0, 64},
                  {"back\\slash \"and\"\na new line", "", 64, 0, 0, 0, 0, 0, 0, 0, 0}};

static const struct fact *fact_of(const pond *p)
{
    for (size_t i = 0; i < PONDS; i++)
        if (p == ponds[i])
            return &facts[i];
    CHECK(!"a pond of ours");
    return NULL;
}

void make_ponds(void)
{
    static pond_type types[PONDS];
    for (size_t i = 0; i < PONDS; i++) {
        types[i] = (pond_type){.name = facts[i].type, .size = facts[i].object};
        ponds[i] =
            pond_create(&(pond_options){.name = facts[i].name, .size = facts[i].object, .type = &types[i]});
        CHECK(ponds[i] != NULL);
    }
}

static int each_pond(int (*visit)(pond *p, void *ctx), void *ctx)
{
    int stopped = 0;
    for (size_t i = 0; i < PONDS && stopped == 0 && getenv("EMPTY") == NULL; i++)
        stopped = visit(ponds[i], ctx);
    return stopped;
}

static void stats(pond *p, pond_stats *s, size_t bytes)
{
    (void)bytes; /* of this version's structure */
    const struct fact *f = fact_of(p);
    *s = (pond_stats){.live = f->live,
                      .idle_local = f->local,
                      .idle_shared = f->shared,
                      .idle_victim = f->victim,
                      .gets = f->gets,
                      .puts = f->gets - f->live,
                      .hits = f->gets - f->misses,
                      .misses = f->misses,
                      .constructed = f->misses,
                      .high_water = f->live + f->local + f->shared + f->victim + 7,
                      .object_bytes = f->object,
                      .live_bytes = f->live * f->object,
                      .idle_local_bytes = f->local * f->object,
                      .idle_shared_bytes = f->shared * f->object,
                      .idle_victim_bytes = f->victim * f->object,
                      .high_water_bytes = (f->live + 7) * f->object,
                      .slab_bytes = (f->live * f->object / 4194304 + 1) * 4194304,
                      .epoch = 902,
                      .cache_objects = 30};
    s->failed[POND_FAIL_LIMIT] = f->failed;
    s->failed[POND_FAIL_MEMORY] = f->failed / 4;
    s->waited = f->failed / 2;
    s->resident_bytes = (f->live + f->local + f->shared) * f->object / 4096 * 4096;
    s->dropped[POND_DROP_EPOCH] = f->misses - f->live - f->local - f->shared - f->victim;
}

static void limits(const pond *p, pond_limits *l, size_t bytes)
{
    (void)bytes;
    *l = (pond_limits){.max_objects = fact_of(p)->limit, .min_idle = fact_of(p)->limit > 0 ? 16 : 0};
}

/* Each pond's own course: it rises, is even, comes and goes, fills, is quiet. */
static double course(size_t pond, double at)
{
    static const double waves[] = {0.6, 0.66, 0.5, 0.7, 0.62, 0.58, 0.71, 0.65, 0.55, 0.6, 0.68};
    double wave = waves[(size_t)(at * 110) % 11];
    double courses[] = {
        at < 0.2 ? at * 5 : 0.97 + wave / 20, 0.1 + 0.9 * at, 0.25 + 0.75 * at, wave, wave * wave, 0};
    return courses[pond];
}

static int history(pond *p, pond_history *h, size_t bytes)
{
    (void)bytes;
    const struct fact *f = fact_of(p);
    size_t pond = (size_t)(f - facts);
    *h = (pond_history){.id = pond + 1};
    if (getenv("OFF") != NULL)
        return -1;
    h->interval = 8;
    h->count = 113;
    for (size_t i = 0; i < h->count; i++) {
        double at = course(pond, (double)i / 112);
        uint64_t idle = f->local + f->shared + f->victim;
        h->live[i] = (uint64_t)((double)f->live * at);
        h->live_bytes[i] = h->live[i] * f->object;
        h->idle_bytes[i] = idle * f->object * (i * 7 % 11 + 5) / 15;
        h->gets[i] = f->gets / 113 * (i * 5 % 7 + 4) / 7;
        h->misses[i] = f->misses / 113 * (i * 3 % 5 + 1) / 3;
    }
    return 0;
}

static double seconds(void)
{
    if (getenv("OFF") != NULL)
        return 0;
    return getenv("EARLY") != NULL ? 604.25 : 904.25;
}

static int trace(int (*line)(const char *text, void *ctx), void *ctx)
{
    static const char *const lines[] = {
        "pond: tick epoch=901 at=901.004 took_us=5 pond=sessions live=12010 idle=120/64/0 after=0/184/0 "
        "gets=300",
        "pond: tick epoch=901 at=901.004 took_us=9 pond=%3Cscript%3Ealert(1)%3C/script%3E live=10 idle=2/1/0",
        "pond: rate at=901.5 <b>no markup</b>"};
    int stopped = 0;
    for (size_t i = 0; i < 3 && stopped == 0 && getenv("EMPTY") == NULL; i++)
        stopped = line(lines[i], ctx);
    return stopped;
}

char refined[400];

static int fine(pond *p, size_t finer, unsigned for_seconds)
{
    size_t length = strlen(refined);
    (void)snprintf(refined + length, sizeof refined - length, "%zu: %zu for %u; ",
                   (size_t)(fact_of(p) - facts) + 1, finer, for_seconds);
    return 0;
}

static size_t rate(void)
{
    return getenv("OFF") != NULL ? 0 : 524288;
}

static uint64_t lost(void)
{
    return 3;
}

unsigned ticks;

static uint64_t tick(void)
{
    return ++ticks;
}

const pond_profile_source source = {.size = sizeof source,
                                    .each = each,
                                    .ponds = each_pond,
                                    .stats = stats,
                                    .name = pond_name,
                                    .type_name = pond_type_name,
                                    .rate = rate,
                                    .lost = lost,
                                    .limits = limits,
                                    .history = history,
                                    .seconds = seconds,
                                    .trace = trace,
                                    .fine = fine,
                                    .tick = tick};
