/* SPDX-License-Identifier: BSD-2-Clause */
#include "sampling.h"
#include "chance.h"
#include "os.h"

unsigned char sampling_filter[1 << SAMPLING_FILTER_BITS];

/* ---- numbers: libpond has no libm ---- */

#define LN2 0.69314718055994530942

/* log(x), x > 0 and normal, to 1e-14: x = m 2^e, log(m) = 2 artanh((m - 1) / (m + 1)). */
static double number_log(double x)
{
    union {
        double number;
        uint64_t bits;
    } u = {.number = x};
    int exponent = (int)(u.bits >> 52) - 1023;
    u.bits = (u.bits & ((UINT64_C(1) << 52) - 1)) | UINT64_C(1023) << 52;
    if (u.number > 1.4142135623730951) {
        u.number /= 2;
        exponent++;
    }
    double z = (u.number - 1) / (u.number + 1), sum = 0;
    for (int k = 17; k >= 1; k -= 2)
        sum = sum * z * z + 1.0 / k;
    return 2 * z * sum + exponent * LN2;
}

/* 1 - exp(-x), x >= 0, small ones too: of x / 1024 by its series, then ten times 1 - exp(-2y) = a (2 - a). */
static double number_chance(double x)
{
    if (x > 40)
        return 1;
    double y = x / 1024, term = 1, sum = 1;
    for (int k = 2; k < 8; k++) {
        term *= -y / k;
        sum += term;
    }
    double a = y * sum;
    for (int i = 0; i < 10; i++)
        a *= 2 - a;
    return a;
}

/* A number between 0 and 1, neither of them included. */
static double unit_of(uint64_t random)
{
    return ((double)(random >> 11) + 0.5) * 0x1p-53;
}

/* ---- draws ---- */

#define FARTHEST 1e15 /* gets */

/* How many gets come before the next one that is sampled. */
static uint64_t draw_distance(double density, uint64_t random)
{
    if (density > 40)
        return 0;
    double distance = -number_log(unit_of(random)) / density;
    return distance < FARTHEST ? (uint64_t)distance : (uint64_t)FARTHEST;
}

/* Relaxed: whoever draws by an old density draws as if it were not weighed anew yet. */
static double density_of(const struct sampling *s)
{
    double density;
    __atomic_load(&s->density, &density, __ATOMIC_RELAXED);
    return density;
}

/* Draws which of the owner's gets is the next to be sampled, from number `gets` on. Called by the owner. */
static void sampling_draw(struct sampling *s, struct sampling_line *l, uint64_t gets)
{
    double density = density_of(s);
    POND_ASSERT(density > 0);
    l->random += CHANCE_STEP;
    l->weight = 1 / number_chance(density);
    STORE(l->due, gets + draw_distance(density, chance_stir(l->random)));
}

/*
 * Draws anew if the setting has changed since the last draw. Pairs with sampling_set, which stores what draws
 * are made from and then `change`: whoever sees the change draws by the new setting.
 */
static void sampling_redraw(struct sampling *s, struct sampling_line *l, uint64_t gets)
{
    uint32_t change = __atomic_load_n(&s->change, __ATOMIC_ACQUIRE);
    if (__builtin_expect(l->change == change, 1))
        return;
    uint64_t line = chance_stir(LOAD(s->seed) + (uint64_t)(l - s->lines));
    l->random = chance_stir(line + change); /* else each setting would go through the numbers of the last */
    l->change = change;
    sampling_draw(s, l, gets);
}

/* ---- the bound ---- */

int64_t sampling_left(struct pond *p, struct sampling *s, struct cache *c)
{
    struct sampling_line *l = sampling_line(s, p, c);
    POND_ASSERT(c >= p->caches && c < p->caches + GATE_THREADS);
    sampling_redraw(s, l, c->gets);
    return MAX(sampling_drawn_left(l, c), 0);
}

/*
 * Opens the line for half of the gets that are allowed, unless all of the magazine is allowed: then a thread
 * that puts more than it gets does not come back for each of its puts.
 */
void **sampling_base(struct pond *p, struct sampling *s, struct cache *c)
{
    POND_ASSERT(c->top >= c->loaded->slots && c->top <= c->loaded->slots + c->loaded->room);
    int64_t left = sampling_left(p, s, c);
    int64_t depth = (int64_t)(c->top - c->loaded->slots);
    if ((int64_t)c->loaded->room <= left || depth <= left / 2)
        return c->loaded->slots;
    return c->top - MIN(depth, (left + 1) / 2);
}

/*
 * Raises base from outside of the line. A closer may take the magazine out at any moment, so it is not looked
 * at. The exchange pairs with line_close's store of base: only what was read is replaced, so a line that was
 * closed in between stays closed. The loads before it are only a guess at whether there is anything to do.
 */
NOT_INLINED void sampling_bound(struct pond *p)
{
    struct sampling *s = sampling_of(p);
    struct cache *c = (struct cache *)(void *)pond_line(p);
    void **base = LOAD(c->base), **top = LOAD(c->top);
    if (s == NULL || base == LINE_CLOSED || base == NULL)
        return;
    int64_t left = sampling_left(p, s, c);
    if (top - base > left)
        (void)__atomic_compare_exchange_n(&c->base, &base, top - (left + 1) / 2, false, __ATOMIC_SEQ_CST,
                                          __ATOMIC_RELAXED);
}

/* ---- a get ---- */

/*
 * Whether a get of a thread without a cache is sampled. Relaxed: each add takes another state; in no order.
 */
static bool is_due_loosely(struct sampling *s, double chance)
{
    return unit_of(chance_stir(__atomic_add_fetch(&s->loose, CHANCE_STEP, __ATOMIC_RELAXED))) < chance;
}

/* How many gets the cache has served, of those that count. */
static uint32_t served(const struct sampling_line *l, const struct cache *c)
{
    return (uint32_t)LOAD(c->gets) - LOAD(l->undone);
}

struct sampling_turn sampling_begin(struct pond *p, struct sampling *s)
{
    struct sampling_turn t = {.cache = NULL};
    if (pond_line_self == 0) {
        double chance = number_chance(density_of(s));
        t.due = is_due_loosely(s, chance);
        t.weight = 1 / chance;
        return t;
    }
    t.cache = (struct cache *)(void *)pond_line(p);
    t.line = sampling_line(s, p, t.cache);
    t.served = served(t.line, t.cache);
    sampling_redraw(s, t.line, t.cache->gets);
    t.due = sampling_drawn_left(t.line, t.cache) <= 0;
    if (t.due) {
        t.weight = t.line->weight;
        sampling_draw(s, t.line, t.cache->gets + 1);
    }
    return t;
}

/*
 * Counts the get in its line. A hook may have gone on on another thread: then nothing is asked of the first
 * thread any more but its line, which is another thread's now. Relaxed: that thread may overwrite the count
 * at the same moment, and this one get is lost to the draw.
 */
void sampling_end(struct pond *p, const struct sampling_turn *t)
{
    if (t->cache == NULL || served(t->line, t->cache) != t->served)
        return;
    (void)__atomic_fetch_sub(&t->line->due, 1, __ATOMIC_RELAXED);
    sampling_bound(p);
}

uint64_t sampling_gets(struct pond *p)
{
    return ((const struct cache *)(void *)pond_line(p))->gets;
}

void sampling_uncount(struct pond *p, uint64_t before)
{
    struct sampling *s = sampling_of(p);
    if (s == NULL || pond_line_self == 0 || sampling_gets(p) == before)
        return;
    struct sampling_line *l = sampling_line_at(s, pond_line_self);
    /* Relaxed: due is this thread's own, but for sampling_end of a hook that went on elsewhere. */
    (void)__atomic_fetch_add(&l->due, 1, __ATOMIC_RELAXED);
    STORE(l->undone, l->undone + 1);
}

/* ---- switching ---- */

static size_t memory_bytes(void)
{
    return sizeof(struct sampling) + GATE_THREADS * sizeof(struct sampling_line) + sizeof(struct history);
}

struct history *sampling_history(const struct pond *p)
{
    return (struct history *)(void *)&p->sampling_memory->lines[GATE_THREADS];
}

/* Objects of unknown bytes (create without footprint) are sampled as if they had so many. */
#define BYTES_UNKNOWN 256

static double density_at(const struct pond *p, size_t rate)
{
    uint64_t bytes = p->object_bytes + LOAD(p->footprint_mean);
    if (rate == 1)
        return 1e9; /* every get */
    return (double)(bytes > 0 ? bytes : BYTES_UNKNOWN) / (double)rate;
}

/* Relaxed: a draw by the old density is as good as one from before. */
void sampling_weigh(struct pond *p, size_t rate)
{
    double density = rate > 0 ? density_at(p, rate) : 0;
    if (p->sampling != NULL)
        __atomic_store(&p->sampling->density, &density, __ATOMIC_RELAXED);
}

/* Switches to this sampling; NULL: to none. Pairs with sampling_of and put_at_line: whoever finds a sampling
 * finds it set up. Its memory stays until the pond ends, so whoever found the old one may go on with it. */
static void begin_with(struct pond *p, struct sampling *s)
{
    put_way_clear(p);
    __atomic_store_n(&p->sampling, s, __ATOMIC_RELEASE);
    put_way_set(p);
}

/* The release of `change` pairs with sampling_redraw: density, seed and loose are seen by whoever sees it. */
bool sampling_set(struct pond *p, size_t rate, uint64_t seed)
{
    struct sampling *s = p->sampling_memory;
    if (rate == 0) {
        begin_with(p, NULL);
        return true;
    }
    if (s == NULL && (s = os_map(memory_bytes())) == NULL)
        return false;
    p->sampling_memory = s;
    double density = density_at(p, rate);
    __atomic_store(&s->density, &density, __ATOMIC_RELAXED);
    STORE(s->seed, chance_stir(seed + p->number));
    STORE(s->loose, chance_stir(s->seed + s->change));
    __atomic_store_n(&s->change, s->change + 1, __ATOMIC_RELEASE);
    begin_with(p, s);
    return true;
}

void sampling_release(struct pond *p)
{
    begin_with(p, NULL);
    if (p->sampling_memory != NULL)
        os_unmap(p->sampling_memory, memory_bytes());
    p->sampling_memory = NULL;
}
