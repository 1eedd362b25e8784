// SPDX-License-Identifier: BSD-2-Clause
// Recording: an object that was got, one that was put. How many are recorded follows from how fast they come:
// so many a second that the program keeps its speed.
#include "scout.h"

#include <errno.h>
#include <stdatomic.h>
#include <time.h>

_Atomic uint32_t every = 1;
uint64_t epoch_ns = 1000000000, record_rate = 250000;

enum { WINDOW = 1024, MOST_EVERY = 4096, UNWOUND_COSTS = 4, WINDOW_NS = 50000000 };

uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

// In a child of a fork it has a file of its own first. False: nothing is recorded.
static bool begin(struct thread *t)
{
    static atomic_uint threads;
    t->inside = true;
    bool child = atomic_load_explicit(&wiped->alive, memory_order_relaxed) == 0;
    bool on = file != NULL && (!child || start_child());
    t->weight = on && child ? 0 : t->weight;
    if (on && t->number == 0) {
        t->number = atomic_fetch_add_explicit(&threads, 1, memory_order_relaxed) + 1;
        t->draw = t->number * 2654435761u | 1;
    }
    t->inside = on;
    return on;
}

// The next one is drawn, from 1 to twice the mean: at an even distance it could be the same one of each
// request.
static void draw_next(struct thread *t)
{
    uint32_t mean = atomic_load_explicit(&every, memory_order_relaxed);
    t->draw ^= t->draw << 13;
    t->draw ^= t->draw >> 17;
    t->draw ^= t->draw << 5;
    t->countdown = mean == 1 ? 1 : 1 + (uint32_t)((uint64_t)t->draw * (2 * mean - 1) >> 32);
    t->weight = mean;
}

static uint64_t window_began, spent; // of adapt, under the lock

void record_begin(void)
{
    window_began = now_ns();
    spent = 0;
    atomic_store_explicit(&every, 1, memory_order_relaxed);
}

// Under the lock.
static void adapt(uint64_t now, bool unwound)
{
    spent += unwound ? UNWOUND_COSTS : 1;
    uint64_t passed =
        now > window_began ? now - window_began : 0; /* clocks are read before the lock is taken */
    if (spent < WINDOW && passed < WINDOW_NS)
        return;
    uint64_t rate = spent * 1000000000u / (passed + 1);
    uint32_t mean = atomic_load_explicit(&every, memory_order_relaxed);
    if (rate > record_rate && mean < MOST_EVERY)
        mean *= 2;
    else if (rate < record_rate / 4 && mean > 1)
        mean /= 2;
    atomic_store_explicit(&every, mean, memory_order_relaxed);
    file->every = mean;
    if (mean > file->most_every)
        file->most_every = mean;
    window_began = now;
    spent = 0;
}

// The chain's number, with the lock held. A new chain that was guessed is unwound first, without it.
static uint32_t chain_number(struct chain *c, const void *cfa)
{
    lock_take();
    uint32_t number = sites_find(c);
    if (number != 0)
        return number;
    lock_give();
    if (!c->sure)
        chain_unwind(c, cfa);
    modules_know(c);
    lock_take();
    return sites_add(c);
}

// Somebody freed the object that was here in a way that is not seen: by a function of the allocator's own.
static void forget_unseen(void *p, const struct event *e)
{
    struct object old;
    if (book_may_have((uintptr_t)p) && book_take((uintptr_t)p, &old)) {
        struct event end = {.now = e->now, .epoch = e->epoch, .weight = old.weight};
        sim_put(&file->sims[old.sim], &end, old.born);
    }
}

static void add(void *p, const struct event *e, struct thread *t)
{
    uint32_t number = sites_sim(e->chain, e->size);
    struct object o = {
        .address = (uintptr_t)p, .born = e->now, .sim = number, .thread = t->number, .weight = e->weight};
    forget_unseen(p, e);
    if (number != 0 && book_add(&o))
        sim_get(&file->sims[number], e);
    else
        file->lost++;
}

void record_get(void *p, size_t size, const void *cfa, uint64_t took, bool cleared)
{
    struct thread *t = &self;
    int error = errno;
    if (p == NULL || !begin(t))
        return;
    if (t->weight == 0) { /* a new thread's first one is no more likely than others */
        draw_next(t);
        if (t->countdown > 1) {
            t->countdown--;
            t->inside = false;
            return;
        }
    }
    struct chain c;
    struct event e = {.now = now_ns(), .size = size, .took = took, .cleared = cleared};
    chain_walk(&c, cfa);
    bool unwound = c.sure;
    e.weight = t->weight;
    draw_next(t);
    e.epoch = (e.now - file->began) / epoch_ns + 1;
    e.chain = chain_number(&c, cfa);
    if (e.chain != 0)
        add(p, &e, t);
    else
        file->lost++;
    file->seen = e.now;
    file->unwound += unwound || c.sure;
    file->threads = file->threads > t->number ? file->threads : t->number;
    adapt(e.now, unwound || c.sure);
    lock_give();
    t->inside = false;
    errno = error;
}

void record_put(void *p, const void *cfa, bool resized, struct object *old)
{
    struct thread *t = &self;
    int error = errno;
    if (!begin(t))
        return;
    struct chain c = {.depth = 0};
    struct event e = {.now = now_ns(), .resized = resized};
    e.epoch = (e.now - file->began) / epoch_ns + 1;
    if (chance(&t->frees, 1)) { /* who frees it */
        chain_walk(&c, cfa);
        e.chain = chain_number(&c, cfa);
    } else {
        lock_take();
    }
    if (book_take((uintptr_t)p, old)) {
        e.weight = old->weight;
        e.elsewhere = old->thread != t->number;
        sim_put(&file->sims[old->sim], &e, old->born);
        file->seen = e.now;
    }
    lock_give();
    t->inside = false;
    errno = error;
}

void record_back(const struct object *old)
{
    struct thread *t = &self;
    if (!begin(t))
        return;
    struct scout_sim *s = &file->sims[old->sim];
    lock_take();
    if (book_add(old)) {
        s->puts -= old->weight;
        s->resized -= old->weight;
        s->live += old->weight;
    }
    lock_give();
    t->inside = false;
}

void record_put_took(uint32_t sim, uint64_t took)
{
    struct thread *t = &self;
    if (!begin(t))
        return;
    lock_take();
    file->sims[sim].put_timed++;
    file->sims[sim].put_ns += took;
    lock_give();
    t->inside = false;
}
