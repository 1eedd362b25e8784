/* SPDX-License-Identifier: BSD-2-Clause */
#include "test.h"

#include "stress.h"
#include "threads.h"

#include <stdlib.h>

enum { QUEUE = 64 };

/* What all threads of a run share. */
typedef struct run {
    const stress_plan *plan;
    pond *pond;
    ledger book;
    pthread_mutex_t lock; /* guards the queue */
    void *queue[QUEUE];
    size_t queued;
} run;

typedef struct player {
    run *run;
    uint64_t random;
    size_t n; /* objects held */
    void *held[STRESS_HOLD];
} player;

static unsigned draw(player *me, unsigned below)
{
    me->random ^= me->random << 13;
    me->random ^= me->random >> 7;
    me->random ^= me->random << 17;
    return (unsigned)((me->random >> 11) % below);
}

/* A refusal must have a reason: the pond is full, or the hook or mmap was told to fail. */
static void check_refusal(const stress_plan *plan)
{
    must((errno == EAGAIN && plan->max_objects > 0) || (errno == ENOBUFS && plan->fail_one_in > 0) ||
             (errno == ENOMEM && plan->no_memory),
         "errno %d", errno);
}

static void keep(player *me, void *obj)
{
    me->held[me->n++] = obj;
}

static void *any_held(player *me)
{
    size_t at = draw(me, (unsigned)me->n);
    void *obj = me->held[at];
    me->held[at] = me->held[--me->n];
    return obj;
}

/* ---- operations: each is left out when the player holds too much or too little ---- */

static void do_get(player *me)
{
    if (me->n == me->run->plan->hold)
        return;
    void *obj = ledger_get(&me->run->book, me->run->pond);
    if (obj == NULL)
        check_refusal(me->run->plan);
    else
        keep(me, obj);
}

static void do_put(player *me)
{
    if (me->n > 0)
        ledger_put(&me->run->book, me->run->pond, any_held(me));
}

static void do_discard(player *me)
{
    if (me->n > 0)
        ledger_discard(&me->run->book, me->run->pond, any_held(me));
}

static void do_get_many(player *me)
{
    size_t room = me->run->plan->hold - me->n;
    if (room == 0)
        return;
    size_t n = 1 + draw(me, (unsigned)room);
    size_t got = pond_get_many(me->run->pond, me->held + me->n, n);
    if (got < n)
        check_refusal(me->run->plan);
    for (size_t i = 0; i < got; i++)
        ledger_took(&me->run->book, me->held[me->n + i]);
    me->n += got;
}

static void do_put_many(player *me)
{
    if (me->n == 0)
        return;
    size_t n = 1 + draw(me, (unsigned)me->n);
    for (size_t i = me->n - n; i < me->n; i++)
        ledger_gives(&me->run->book, me->held[i]);
    pond_put_many(me->run->pond, me->held + me->n - n, n);
    me->n -= n;
}

static void do_hand(player *me)
{
    run *r = me->run;
    if (me->n == 0)
        return;
    pthread_mutex_lock(&r->lock);
    if (r->queued < QUEUE)
        r->queue[r->queued++] = any_held(me);
    pthread_mutex_unlock(&r->lock);
}

static void do_take(player *me)
{
    run *r = me->run;
    if (me->n == r->plan->hold)
        return;
    pthread_mutex_lock(&r->lock);
    if (r->queued > 0)
        keep(me, r->queue[--r->queued]);
    pthread_mutex_unlock(&r->lock);
}

static void do_tick(player *me)
{
    (void)me;
    pond_epoch_advance();
}

static void do_rotate(player *me)
{
    pond_rotate(me->run->pond);
}

static void do_trim(player *me)
{
    pond_trim(draw(me, 2) == 0 ? me->run->pond : NULL);
}

static void do_reserve(player *me)
{
    const stress_plan *plan = me->run->plan;
    size_t n = 1 + draw(me, 2 * STRESS_HOLD);
    errno = 0;
    if (pond_reserve(me->run->pond, n) < n && (errno != EAGAIN || plan->max_idle_bytes == 0))
        check_refusal(plan);
}

static void do_stats(player *me)
{
    pond_stats s;
    pond_stats_read(me->run->pond, &s);
    must(me->run->plan->max_objects == 0 || s.high_water <= me->run->plan->max_objects, "%zu objects",
         (size_t)s.high_water);
}

static void *short_life(void *arg)
{
    run *r = (run *)arg;
    void *objs[5];
    for (size_t i = 0; i < 5; i++)
        objs[i] = ledger_get(&r->book, r->pond);
    for (size_t i = 0; i < 5; i++)
        if (objs[i] != NULL)
            ledger_put(&r->book, r->pond, objs[i]);
    return NULL;
}

static void do_churn(player *me)
{
    thread_run(short_life, me->run);
}

/* ---- the run ---- */

typedef struct choice {
    unsigned weight;
    void (*act)(player *me);
} choice;

enum { CHOICES = 13 };

static unsigned choices_of(const stress_mix *m, choice *all)
{
    const choice each[CHOICES] = {
        {m->get, do_get},         {m->put, do_put},   {m->get_many, do_get_many}, {m->put_many, do_put_many},
        {m->discard, do_discard}, {m->hand, do_hand}, {m->take, do_take},         {m->tick, do_tick},
        {m->rotate, do_rotate},   {m->trim, do_trim}, {m->reserve, do_reserve},   {m->stats, do_stats},
        {m->churn, do_churn},
    };
    unsigned sum = 0;
    for (size_t i = 0; i < CHOICES; i++) {
        all[i] = each[i];
        sum += each[i].weight;
    }
    return sum;
}

static void act(player *me, const choice *all, unsigned sum)
{
    unsigned at = draw(me, sum);
    while (at >= all->weight)
        at -= all++->weight;
    all->act(me);
}

static void player_main(unsigned index, void *arg)
{
    run *r = (run *)arg;
    player me = {.run = r, .random = (r->plan->seed + 1u) * 0x9e3779b97f4a7c15u + index * 0x10001u + 1};
    choice all[CHOICES];
    unsigned sum = choices_of(&r->plan->mix, all);
    for (unsigned i = 0; i < r->plan->times; i++)
        act(&me, all, sum);
    while (me.n > 0)
        do_put(&me);
}

static size_t stress_footprint(const void *obj, void *ctx)
{
    (void)ctx;
    return (uintptr_t)obj >> 6 & 0xff;
}

static pond *open_pond(run *r)
{
    const stress_plan *plan = r->plan;
    pond_options options = plan->created ? ledger_create_options(&r->book) : ledger_options(&r->book);
    options.max_objects = plan->max_objects;
    options.max_idle_bytes = plan->max_idle_bytes;
    options.min_idle = plan->min_idle;
    options.max_age = plan->max_age;
    options.cache_objects = plan->cache_objects;
    options.flags |= plan->flags;
    if (plan->footprint) {
        options.footprint = stress_footprint;
        options.max_footprint = 0xf0;
    }
    pond *p = pond_create(&options);
    while (p == NULL && plan->no_memory && errno == ENOMEM)
        p = pond_create(&options);
    must(p != NULL, "pond_create: errno %d", errno);
    return p;
}

/* Nobody uses the pond any more: what is idle is all there is, and two ticks drop it. */
static void check_the_end(run *r)
{
    const stress_plan *plan = r->plan;
    ledger_check(&r->book, r->pond, 0);
    pond_tick_budget(0);
    pond_epoch_advance();
    pond_epoch_advance();
    must(ledger_objects(&r->book) <= plan->min_idle, "%zu objects are left", ledger_objects(&r->book));
    ledger_check(&r->book, r->pond, 0);
    ledger_close(&r->book, r->pond);
}

void stress_run(const stress_plan *plan)
{
    run r = {.plan = plan, .lock = PTHREAD_MUTEX_INITIALIZER};
    r.book = (ledger){.size = plan->size,
                      .reject_one_in = plan->reject_one_in,
                      .fail_one_in = plan->fail_one_in,
                      .fail_with = ENOBUFS,
                      .wiped = (plan->flags & POND_ZERO_ON_PUT) != 0,
                      .yields = plan->yields};
    must(plan->hold <= STRESS_HOLD, "a thread holds %d objects at most", STRESS_HOLD);
    r.pond = open_pond(&r);
    pond_tick_budget(plan->budget);
    crew_run(plan->threads, player_main, &r);
    while (r.queued > 0)
        ledger_put(&r.book, r.pond, r.queue[--r.queued]);
    check_the_end(&r);
}
