/* SPDX-License-Identifier: BSD-2-Clause */
#include "test.h"

#include "ledger.h"

#include <sched.h>
#include <stdlib.h>

/* An object's states. Idle is zero: POND_ZERO_ON_PUT wipes the state with the rest. */
enum {
    IDLE = 0,
    LIVE = 0x4c495645,
    GIVEN = 0x474956,
    RESETTING = 0x5253,
    REJECTED = 0x524a,
    DEAD = 0x44454144
};

typedef struct entry {
    _Atomic uint64_t state;
    uint64_t mark; /* what the pattern is made of */
    uint64_t pattern[];
} entry;

static size_t pattern_words(const ledger *l)
{
    return (l->size - sizeof(entry)) / sizeof(uint64_t);
}

/* Large objects: the first and the last words only, for the time it takes. */
static size_t pattern_step(size_t words, size_t i)
{
    return i == 8 && words > 24 ? words - 8 : i;
}

static uint64_t pattern_word(uint64_t mark, size_t i)
{
    return mark == 0 ? 0 : mark * 0x9e3779b97f4a7c15u + i;
}

static void pattern_write(const ledger *l, entry *e, uint64_t mark)
{
    size_t words = pattern_words(l);
    e->mark = mark;
    for (size_t i = 0; i < words; i = pattern_step(words, i + 1))
        e->pattern[i] = pattern_word(mark, i);
}

static void pattern_check(const ledger *l, const entry *e)
{
    size_t words = pattern_words(l);
    for (size_t i = 0; i < words; i = pattern_step(words, i + 1))
        must(e->pattern[i] == pattern_word(e->mark, i), "%p: word %zu of %zu was changed", (const void *)e, i,
             words);
}

static uint64_t fresh_mark(void)
{
    static _Thread_local uint64_t last;
    if (last == 0)
        last = (uint64_t)(uintptr_t)&last;
    return last += 0x10001;
}

static void step(entry *e, uint64_t from, uint64_t to, const char *what)
{
    uint64_t state = from;
    must(atomic_compare_exchange_strong_explicit(&e->state, &state, to, memory_order_relaxed,
                                                 memory_order_relaxed),
         "%p: %s in state %#lx", (void *)e, what, (unsigned long)state);
}

static bool every(atomic_size_t *count, unsigned n)
{
    size_t before = atomic_fetch_add_explicit(count, 1, memory_order_relaxed);
    return n != 0 && before % n == n - 1;
}

static bool fails(ledger *l)
{
    return every(&l->tries, l->fail_one_in) ||
           (l->fail_at != 0 && atomic_load_explicit(&l->tries, memory_order_relaxed) == l->fail_at);
}

static void count(atomic_size_t *figure)
{
    atomic_fetch_add_explicit(figure, 1, memory_order_relaxed);
}

static void let_others_run(const ledger *l)
{
    if (l->yields)
        sched_yield();
}

static int ledger_construct(void *obj, void *ctx)
{
    ledger *l = (ledger *)ctx;
    entry *e = (entry *)obj;
    if (fails(l))
        return l->fail_with;
    must(e->mark == 0, "%p: constructed in memory that is not zero", obj);
    pattern_check(l, e);
    let_others_run(l);
    step(e, 0, IDLE, "construct");
    count(&l->constructed);
    return 0;
}

static void *ledger_create(void *ctx)
{
    ledger *l = (ledger *)ctx;
    if (fails(l)) {
        errno = l->fail_with;
        return NULL;
    }
    void *obj = calloc(1, l->size);
    must(obj != NULL, "no memory for an object");
    count(&l->constructed);
    return obj;
}

static bool ledger_reset(void *obj, void *ctx)
{
    ledger *l = (ledger *)ctx;
    entry *e = (entry *)obj;
    step(e, GIVEN, RESETTING, "reset");
    let_others_run(l);
    pattern_check(l, e);
    bool rejected = every(&l->resets, l->reject_one_in);
    if (rejected)
        count(&l->rejected);
    step(e, RESETTING, rejected ? REJECTED : IDLE, "reset");
    return !rejected;
}

static void ledger_destroy(void *obj, pond_drop_reason why, void *ctx)
{
    static const uint64_t before[POND_DROP_REASONS] = {
        [POND_DROP_EPOCH] = IDLE, [POND_DROP_REJECTED] = REJECTED, [POND_DROP_DISCARDED] = GIVEN,
        [POND_DROP_LIMIT] = IDLE, [POND_DROP_TRIM] = IDLE,         [POND_DROP_DESTROY] = IDLE,
        [POND_DROP_DEBUG] = IDLE,
    };
    ledger *l = (ledger *)ctx;
    must((unsigned)why < POND_DROP_REASONS, "reason %d", (int)why);
    step((entry *)obj, l->no_reset ? IDLE : before[why], DEAD, "destroy");
    let_others_run(l);
    pattern_check(l, (entry *)obj);
    count(&l->destroyed[why]);
}

static void ledger_destroy_created(void *obj, pond_drop_reason why, void *ctx)
{
    ledger_destroy(obj, why, ctx);
    free(obj);
}

pond_options ledger_options(ledger *l)
{
    must(l->size >= LEDGER_MIN_SIZE, "objects of %zu bytes have no room for the ledger", l->size);
    return (pond_options){.name = "ledger",
                          .size = l->size,
                          .construct = ledger_construct,
                          .reset = l->no_reset ? NULL : ledger_reset,
                          .destroy = ledger_destroy,
                          .ctx = l,
                          .flags = l->wiped ? POND_ZERO_ON_PUT : 0};
}

pond_options ledger_create_options(ledger *l)
{
    pond_options options = ledger_options(l);
    options.size = 0;
    options.construct = NULL;
    options.create = ledger_create;
    options.destroy = ledger_destroy_created;
    return options;
}

void ledger_took(ledger *l, void *obj)
{
    entry *e = (entry *)obj;
    step(e, IDLE, LIVE, "get");
    pattern_check(l, e);
    pattern_write(l, e, fresh_mark());
}

void ledger_gives(ledger *l, void *obj)
{
    entry *e = (entry *)obj;
    pattern_check(l, e);
    pattern_write(l, e, fresh_mark());
    step(e, LIVE, l->no_reset ? IDLE : GIVEN, "put");
}

void *ledger_get(ledger *l, pond *p)
{
    void *obj = pond_get(p);
    if (obj != NULL)
        ledger_took(l, obj);
    return obj;
}

void ledger_put(ledger *l, pond *p, void *obj)
{
    ledger_gives(l, obj);
    pond_put(p, obj);
}

void ledger_discard(ledger *l, pond *p, void *obj)
{
    ledger_gives(l, obj);
    pond_discard(p, obj);
}

size_t ledger_destroyed(ledger *l)
{
    size_t sum = 0;
    for (int why = 0; why < POND_DROP_REASONS; why++)
        sum += atomic_load(&l->destroyed[why]);
    return sum;
}

size_t ledger_objects(ledger *l)
{
    return atomic_load(&l->constructed) - ledger_destroyed(l);
}

void ledger_check(ledger *l, pond *p, size_t live)
{
    pond_stats s = test_stats(p);
    must(s.live == live, "%zu live, %zu held", (size_t)s.live, live);
    must(s.constructed == atomic_load(&l->constructed), "%zu constructed, %zu in the ledger",
         (size_t)s.constructed, atomic_load(&l->constructed));
    for (int why = 0; why < POND_DROP_REASONS; why++)
        must(s.dropped[why] == atomic_load(&l->destroyed[why]), "reason %d: %zu dropped, %zu in the ledger",
             why, (size_t)s.dropped[why], atomic_load(&l->destroyed[why]));
}

void ledger_close(ledger *l, pond *p)
{
    ledger_check(l, p, 0);
    must(pond_destroy(p) == 0, "pond_destroy: errno %d", errno);
    must(ledger_objects(l) == 0, "%zu objects were never destroyed", ledger_objects(l));
}
