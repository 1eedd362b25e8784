/* SPDX-License-Identifier: BSD-2-Clause */
#include "test.h"

#include "../../src/types.h"
#include "situations.h"
#include "stepper.h"

#include <pond/debug.h>

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

static struct cache *mine(void)
{
    return &now->pond->caches[(pond_line_self - offsetof(struct pond, caches)) / sizeof(struct cache)];
}

static void about_to_grow(void)
{
    both_empty();
    mine()->exchanges = 7;
}

/* So many objects that the next get takes a run, or that a run was taken and is not used up. */
static void run_is_due(void)
{
    have(40);
    have(mine()->run_left);
}

static void amid_run(void)
{
    run_is_due();
    have(2);
}

static void given_back(void)
{
    now->given_n = 0;
}

static void put_the_last(void *unused)
{
    (void)unused;
    pond_put(now->pond, now->given[0]);
}

/* A tick finds the thread inside its cache, too far for it to see that its line was closed. */
static void missed(void)
{
    size_t inside = 0;
    loaded();
    for (int i = 0; i < 2; i++) {
        have(1);
        give(1);
        inside = stepper_hold_at_odd(&pond_line(now->pond)->top, inside, put_the_last, NULL);
    }
    given_back();
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

/* Fewer idle bytes, and what the shape has again. */
static void limits(void)
{
    limits_there_and_back(now->pond);
}

static void get_waiting(void)
{
    now->given[0] = pond_get_wait(now->pond, 1000);
}

static void get_idle(void)
{
    now->given[0] = pond_get_idle(now->pond);
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
    {"get_wait", "at max_objects", .prepare = all_live, .act = get_waiting, .after = keep_it,
     .only = MOST_OBJECTS},
    {"get_idle", "from the loaded magazine", .prepare = loaded, .act = get_idle, .after = keep_it},
    {"get_idle", "nothing is idle", .act = get_idle, .after = keep_it},
    {"get", "the thread's first", .act = get_it, .after = keep_it, .thread = FRESH},
    {"get", "it takes a run", .prepare = run_is_due, .act = get_it, .after = keep_it, .only = PLAIN},
    {"get", "from a run", .prepare = amid_run, .act = get_it, .after = keep_it, .only = PLAIN},
    {"get_many", "from a run", .prepare = amid_run, .act = get_many, .after = keep_given, .only = PLAIN},
    {"rotate", "amid a run", .prepare = amid_run, .act = rotate, .only = PLAIN},
    {"exit", "amid a run", .prepare = amid_run, .act = nothing, .thread = LEAVING, .only = PLAIN},
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
    {"limits_set", "caches and depot are full", .prepare = filled, .act = limits},
    {"destroy", "objects are idle", .prepare = filled, .act = destroy_it, .ends = true},
    {"destroy", "an object is live", .prepare = put_full, .act = destroy_live, .after = put_it_then},
    {"exit", "caches and depot are full", .prepare = filled, .act = nothing, .thread = LEAVING,
     .never = EXACT_BYTES},
    {"exit", "missed by a tick", .prepare = missed, .act = nothing, .thread = LEAVING, .never = EXACT_BYTES},
    {"debug_set", "objects of all ages", .prepare = ages, .act = words},
};
const size_t situations_n = sizeof situations / sizeof *situations;
