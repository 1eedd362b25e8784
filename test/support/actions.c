/* SPDX-License-Identifier: BSD-2-Clause */
#include "test.h"

#include "situations.h"
#include "stepper.h"
#include "validity.h"

#include <pond/debug.h>
#include <pond/profile.h>
#include <pthread.h>

run *now;

/* ---- objects, and whether they are ---- */

enum { MOST_CREATED = 1024 };

static _Atomic(void *) created[MOST_CREATED];

static void change_created(void *from, void *to)
{
    for (size_t i = 0; i < MOST_CREATED; i++) {
        void *there = from;
        if (atomic_compare_exchange_strong(&created[i], &there, to))
            return;
    }
    must(false, "%s: %p is not in the table of created objects", now->about, from);
}

static bool is_created(const void *obj)
{
    size_t i = 0;
    while (i < MOST_CREATED && atomic_load(&created[i]) != obj)
        i++;
    return i < MOST_CREATED;
}

static void *create(void *ctx)
{
    pond_options o = ledger_create_options((ledger *)ctx);
    void *obj = o.create(ctx);
    change_created(NULL, obj);
    return obj;
}

static void destroy_created(void *obj, pond_drop_reason why, void *ctx)
{
    pond_options o = ledger_create_options((ledger *)ctx);
    must(is_created(obj), "%s: destroy of %p, no object of this pond", now->about, obj);
    change_created(obj, NULL);
    o.destroy(obj, why, ctx);
}

pond *run_pond(void)
{
    const shape *s = now->shape;
    ledger *book = &now->book;
    pond_options o = (s->kind & CREATED) != 0 ? ledger_create_options(book) : ledger_options(book);
    if ((s->kind & CREATED) != 0) {
        o.create = create;
        o.destroy = destroy_created;
    }
    if ((s->kind & PLAIN) != 0)
        o = (pond_options){.size = s->size};
    o.name = s->name;
    o.cache_objects = s->cache_objects;
    o.max_objects = s->max_objects;
    o.max_idle_bytes = s->max_idle_bytes;
    o.min_idle = s->min_idle;
    o.max_age = s->max_age;
    o.flags |= s->flags;
    return test_pond(o);
}

void took(pond *p, void *obj)
{
    bool one = (now->shape->kind & CREATED) != 0 ? is_created(obj) : pond_has_object(p, obj);
    must(one, "%s: get returned %p, no object of this pond", now->about, obj);
    ledger_took(&now->book, obj);
}

void *get_one(pond *p)
{
    void *obj = pond_get(p);
    if (obj == NULL)
        must(errno == EAGAIN && now->shape->max_objects > 0, "%s: no object, errno %d", now->about, errno);
    else
        took(p, obj);
    return obj;
}

void hold_some(pond *p, hands *h, size_t n)
{
    void *obj;
    while (n-- > 0 && h->n < sizeof h->objs / sizeof *h->objs && (obj = get_one(p)) != NULL)
        h->objs[h->n++] = obj;
}

void put_some(pond *p, hands *h, size_t n)
{
    while (n-- > 0 && h->n > 0)
        ledger_put(&now->book, p, h->objs[--h->n]);
}

/* ---- the other thread ---- */

static pond *acted_on(void)
{
    return now->other_pond != NULL ? now->other_pond : now->pond;
}

void other_prepare(void)
{
    hold_some(acted_on(), &now->other, 3);
    put_some(acted_on(), &now->other, 1);
}

void other_finish(void)
{
    put_some(acted_on(), &now->other, SIZE_MAX);
}

static void tick(void)
{
    pond_rotate(acted_on());
    pond_epoch_advance();
    pond_epoch_advance();
}

/* One tick alone, which misses the thread that is held inside its cache; then magazines go round, and what is
   idle is taken. */
static void tick_and_use(void)
{
    size_t before = now->other.n;
    pond_rotate(acted_on());
    hold_some(acted_on(), &now->other, 4);
    put_some(acted_on(), &now->other, now->other.n - before);
    hold_some(acted_on(), &now->other, 8);
}

static void take(void)
{
    hold_some(acted_on(), &now->other, 12);
}

static void get_and_put(void)
{
    hold_some(acted_on(), &now->other, 3);
    put_some(acted_on(), &now->other, 2);
    hold_some(acted_on(), &now->other, 1);
    put_some(acted_on(), &now->other, 2);
}

static void put_all(void)
{
    other_finish();
}

static void trim(void)
{
    (void)pond_trim(acted_on());
}

static void *visitor(void *unused)
{
    void *obj = get_one(acted_on());
    if (obj != NULL)
        ledger_put(&now->book, acted_on(), obj);
    return unused;
}

/* A third thread comes, has a cache where it can, and goes. */
static void come_and_go(void)
{
    pthread_t third;
    must(pthread_create(&third, NULL, visitor, NULL) == 0, "no thread");
    must(pthread_join(third, NULL) == 0, "join");
}

static void child(void *unused)
{
    void *objs[4];
    size_t n = 0;
    (void)unused;
    stepper_forked();
    test_stats(acted_on());
    while (n < 4 && (objs[n] = get_one(acted_on())) != NULL)
        n++;
    while (n > 0)
        ledger_put(&now->book, acted_on(), objs[--n]);
    test_stats(acted_on());
}

static void fork_child(void)
{
    test_in_child(child, NULL);
}

/* At max_objects each of the last gets gathers. */
static void gather(void)
{
    size_t before = now->other.n;
    hold_some(acted_on(), &now->other, 8);
    put_some(acted_on(), &now->other, now->other.n - before);
}

void limits_there_and_back(pond *p)
{
    pond_limits before, l;
    pond_limits_read(p, &before);
    l = before;
    l.max_idle_bytes = 2 * 64;
    l.min_idle = 0;
    must(pond_limits_set(p, &l) == 0, "errno %d", errno);
    must(pond_limits_set(p, &before) == 0, "errno %d", errno);
}

static void limits(void)
{
    limits_there_and_back(acted_on());
}

/* Off and on again. */
static void switch_profile(void)
{
    const char *words = now->shape->profile;
    must(pond_profile_set(words == NULL ? "1" : NULL) == 0, "errno %d", errno);
    must(pond_profile_set(words) == 0, "errno %d", errno);
}

static void switch_words(void)
{
    const char *words = now->shape->words;
    must(pond_debug_set("double,tag,stacks=0") == 0, "errno %d", errno);
    get_and_put();
    must(pond_debug_set(words) == 0, "errno %d", errno);
}

const action actions[] = {
    {"tick", tick, false},
    {"tick and use", tick_and_use, false},
    {"take", take, false},
    {"get and put", get_and_put, false},
    {"put", put_all, false},
    {"trim", trim, true},
    {"exit", come_and_go, false},
    {"fork", fork_child, false},
    {"profile", switch_profile, false},
    {"gather", gather, true},
    {"words", switch_words, false},
    {"limits", limits, true},
};
const size_t actions_n = sizeof actions / sizeof *actions;
