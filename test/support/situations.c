/* SPDX-License-Identifier: BSD-2-Clause */
#include "test.h"

#include "../../src/types.h"
#include "situations.h"
#include "stepper.h"
#include "validity.h"

#include <pond/debug.h>
#include <stdlib.h>

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

static void hold_some(pond *p, hands *h, size_t n)
{
    void *obj;
    while (n-- > 0 && h->n < sizeof h->objs / sizeof *h->objs && (obj = get_one(p)) != NULL)
        h->objs[h->n++] = obj;
}

static void put_some(pond *p, hands *h, size_t n)
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

static void switch_words(void)
{
    const char *words = now->shape->words;
    must(pond_debug_set("double,tag,stacks=0") == 0, "errno %d", errno);
    get_and_put();
    must(pond_debug_set(words) == 0, "errno %d", errno);
}

const action actions[] = {
    {"tick", tick, false},        {"tick and use", tick_and_use, false},
    {"take", take, false},        {"get and put", get_and_put, false},
    {"put", put_all, false},      {"trim", trim, true},
    {"exit", come_and_go, false}, {"fork", fork_child, false},
    {"gather", gather, true},     {"words", switch_words, false},
};
const size_t actions_n = sizeof actions / sizeof *actions;

/* ---- the stepped thread: its hands ---- */

static void have(size_t n)
{
    hold_some(now->pond, &now->stepped, n);
}

static void put(size_t n)
{
    put_some(now->pond, &now->stepped, n);
}

static size_t room(void)
{
    return LOAD(now->pond->magazine_room);
}

/* Enough for a few magazines; large magazines are not all filled. */
static size_t some(void)
{
    return room() > 8 ? 6 : 3 * room() + 1;
}

void stepped_finish(void)
{
    put(SIZE_MAX);
}

/* n of what it has are to be put by the operation. */
static void give(size_t n)
{
    for (now->given_n = 0; now->given_n < n && now->stepped.n > 0; now->given_n++) {
        now->given[now->given_n] = now->stepped.objs[--now->stepped.n];
        ledger_gives(&now->book, now->given[now->given_n]);
    }
}

static void keep_given(void)
{
    for (size_t i = 0; i < now->given_n; i++) {
        took(now->pond, now->given[i]);
        now->stepped.objs[now->stepped.n++] = now->given[i];
    }
}

/* ---- its cache ---- */

/* loaded has one object, previous is full where there is one, and the depot has some magazines. */
static void fill(size_t magazines)
{
    have(magazines * room() + 1);
    put(magazines * room() + 1);
}

static void loaded(void)
{
    have(2);
    put(2);
}

static void loaded_empty_previous_full(void)
{
    fill(1);
    have(1);
}

static void both_empty(void)
{
    fill(3);
    have(room() + 1);
}

static void victims(void)
{
    fill(2);
    pond_rotate(now->pond);
}

static void overdue(void)
{
    have(some());
    put(SIZE_MAX);
    pond_tick_budget(1);
    pond_rotate(now->pond);
    pond_rotate(now->pond);
    pond_tick_budget(0);
}

static void loose(void)
{
    (void)pond_reserve(now->pond, 4);
}

static void about_to_grow(void)
{
    both_empty();
    now->pond->caches[(pond_line_self - offsetof(struct pond, caches)) / sizeof(struct cache)].exchanges = 7;
}

static void put_the_last(void *unused)
{
    (void)unused;
    pond_put(now->pond, now->given[0]);
}

/* A tick finds the thread inside its cache. */
static void missed(void)
{
    loaded();
    have(1);
    give(1);
    stepper_hold_while_odd(&pond_line(now->pond)->top, put_the_last, NULL);
    now->given_n = 0;
}

static void all_live(void)
{
    have(SIZE_MAX);
}

/* ---- get ---- */

static void get_it(void)
{
    now->given[0] = pond_get(now->pond);
}

static void keep_it(void)
{
    now->given_n = now->given[0] != NULL;
    keep_given();
}

static void get_many(void)
{
    now->given_n = pond_get_many(now->pond, now->given, 4);
}

/* ---- put ---- */

static void put_it(void)
{
    if (now->given_n > 0)
        pond_put(now->pond, now->given[0]);
}

static void given_back(void)
{
    now->given_n = 0;
}

/* What the operation was given and left alone. */
static void put_it_then(void)
{
    put_it();
    given_back();
}

static void put_first(void)
{
    have(1);
    give(1);
}

static void put_loaded(void)
{
    have(3);
    put(1);
    give(1);
}

static void put_full(void)
{
    have(room() + 1);
    put(room());
    give(1);
}

static void put_both_full(void)
{
    have(2 * room() + 1);
    put(2 * room());
    give(1);
}

static void put_to_empties(void)
{
    size_t n = room(); /* it may grow meanwhile */
    have(4 * n + 1);
    put(4 * n);
    have(2 * n);
    put(SIZE_MAX);
    have(4 * n + 1);
    put(2 * n);
    give(1);
}

static void put_previous_empty(void)
{
    have(room() + 2);
    put(room() + 1);
    have(2);
    put(1);
    give(1);
}

static void put_get_only(void)
{
    victims();
    have(1);
    give(1);
}

static void put_get_only_emptied(void)
{
    have(2);
    put(2);
    pond_rotate(now->pond);
    have(2);
    give(1);
}

static void put_missed(void)
{
    missed();
    have(1);
    give(1);
}

static void put_grown(void)
{
    size_t n = room();
    about_to_grow();
    have(n + 2);
    put(n + 1);
    give(1);
}

static void put_at_limit(void)
{
    have(280);
    put(279);
    give(1);
}

/* What the fresh thread puts the other one got. */
static void put_fresh(void)
{
    now->stepped.objs[now->stepped.n++] = now->other.objs[--now->other.n];
    give(1);
}

static void give_many(void)
{
    have(room() + 4);
    put(room() > 8 ? room() - 2 : 1);
    give(4);
    now->given[now->given_n] = NULL;
}

static void put_many(void)
{
    void *objs[8] = {now->given[0], NULL};
    for (size_t i = 1; i < now->given_n; i++)
        objs[i + 1] = now->given[i];
    pond_put_many(now->pond, objs, now->given_n + 1);
}

static void discard(void)
{
    pond_discard(now->pond, now->given[0]);
}

/* ---- the others ---- */

static void filled(void)
{
    have(some());
    put(SIZE_MAX);
}

static void ages(void)
{
    filled();
    pond_rotate(now->pond);
    have(2);
    have(some());
    put(some());
}

static void reserve(void)
{
    (void)pond_reserve(now->pond, 4);
}

static void rotate(void)
{
    pond_rotate(now->pond);
}

static void advance(void)
{
    pond_epoch_advance();
}

static void trim_it(void)
{
    (void)pond_trim(now->pond);
}

static void destroy_it(void)
{
    must(pond_destroy(now->pond) == 0, "%s: destroy: errno %d", now->about, errno);
}

static void destroy_live(void)
{
    must(pond_destroy(now->pond) == -1 && errno == EBUSY, "%s: destroy with a live object", now->about);
}

static void words(void)
{
    must(pond_debug_set("double,tag,stacks=0") == 0, "errno %d", errno);
    must(pond_debug_set(now->shape->words) == 0, "errno %d", errno);
}

static void nothing(void) {}

const situation situations[] = {
    {"get", "nothing is idle", .act = get_it, .after = keep_it},
    {"get", "from the loaded magazine", .prepare = loaded, .act = get_it, .after = keep_it},
    {"get", "from the previous magazine", .prepare = loaded_empty_previous_full, .act = get_it,
     .after = keep_it},
    {"get", "from the depot", .prepare = both_empty, .act = get_it, .after = keep_it},
    {"get", "from the victims", .prepare = victims, .act = get_it, .after = keep_it},
    {"get", "from what is overdue", .prepare = overdue, .act = get_it, .after = keep_it},
    {"get", "from the shared magazine", .prepare = loose, .act = get_it, .after = keep_it},
    {"get", "with magazines about to grow", .prepare = about_to_grow, .act = get_it, .after = keep_it},
    {"get", "missed by a tick", .prepare = missed, .act = get_it, .after = keep_it},
    {"get", "at max_objects", .prepare = all_live, .act = get_it, .after = keep_it, .only = MOST_OBJECTS},
    {"get", "the thread's first", .act = get_it, .after = keep_it, .thread = FRESH},
    {"put", "the pond's first", .prepare = put_first, .act = put_it, .after = given_back},
    {"put", "to the loaded magazine", .prepare = put_loaded, .act = put_it, .after = given_back},
    {"put", "the loaded magazine is full", .prepare = put_full, .act = put_it, .after = given_back},
    {"put", "both magazines are full", .prepare = put_both_full, .act = put_it, .after = given_back},
    {"put", "both are full, the depot has empties", .prepare = put_to_empties, .act = put_it,
     .after = given_back},
    {"put", "the previous magazine is empty", .prepare = put_previous_empty, .act = put_it,
     .after = given_back},
    {"put", "the loaded magazine is get-only", .prepare = put_get_only, .act = put_it, .after = given_back},
    {"put", "it was get-only, and is empty", .prepare = put_get_only_emptied, .act = put_it,
     .after = given_back},
    {"put", "magazines have grown", .prepare = put_grown, .act = put_it, .after = given_back},
    {"put", "missed by a tick", .prepare = put_missed, .act = put_it, .after = given_back},
    {"put", "at max_idle_bytes", .prepare = put_at_limit, .act = put_it, .after = given_back,
     .only = EXACT_BYTES | IDLE_ROOM},
    {"put", "the thread's first", .prepare = put_fresh, .act = put_it, .after = given_back, .thread = FRESH},
    {"get_many", "nothing is idle", .act = get_many, .after = keep_given},
    {"get_many", "some are idle", .prepare = loaded, .act = get_many, .after = keep_given},
    {"get_many", "from both magazines and the depot", .prepare = both_empty, .act = get_many,
     .after = keep_given},
    {"put_many", "room for some", .prepare = give_many, .act = put_many, .after = given_back},
    {"discard", "", .prepare = put_first, .act = discard, .after = given_back},
    {"reserve", "nothing is idle", .act = reserve},
    {"reserve", "some are idle", .prepare = filled, .act = reserve},
    {"trim", "caches and depot are full", .prepare = filled, .act = trim_it},
    {"trim", "objects of all ages", .prepare = ages, .act = trim_it},
    {"rotate", "caches and depot are full", .prepare = filled, .act = rotate},
    {"rotate", "objects of all ages", .prepare = ages, .act = rotate},
    {"epoch_advance", "objects of all ages", .prepare = ages, .act = advance},
    {"destroy", "objects are idle", .prepare = filled, .act = destroy_it, .ends = true},
    {"destroy", "an object is live", .prepare = put_full, .act = destroy_live, .after = put_it_then},
    {"exit", "caches and depot are full", .prepare = filled, .act = nothing, .thread = LEAVING,
     .never = EXACT_BYTES},
    {"exit", "missed by a tick", .prepare = missed, .act = nothing, .thread = LEAVING, .never = EXACT_BYTES},
    {"debug_set", "objects of all ages", .prepare = ages, .act = words},
};
const size_t situations_n = sizeof situations / sizeof *situations;
