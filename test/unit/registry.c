/* SPDX-License-Identifier: BSD-2-Clause */
// link: -Wl,--wrap=pthread_cond_wait,--wrap=os_milliseconds
/* The room registry: all ponds, all threads, and how what is idle anywhere is brought together. */
#include "test.h"

#include "../../src/gather.h"
#include "threads.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

TestSuite(registry, .timeout = TEST_ALARM);

static struct pond *plain(void)
{
    return test_pond((pond_options){.size = 64});
}

/* ---- the list ---- */

/* Who sees how often which pond: the ponds of a test are known by their number. */
static size_t visits(struct pond *const *ponds, size_t n, size_t *seen)
{
    size_t all = 0;
    for (size_t i = 0; i < n; i++)
        seen[i] = 0;
    for (struct pond *p = registry_next(NULL, BY_TURN); p != NULL; p = registry_next(p, BY_TURN), all++) {
        must(p->pins == 1, "%u pins", p->pins);
        for (size_t i = 0; i < n; i++)
            seen[i] += p == ponds[i];
    }
    return all;
}

Test(registry, every_pond_is_visited_once)
{
    struct pond *ponds[5];
    size_t seen[5];
    for (int i = 0; i < 5; i++)
        ponds[i] = plain();
    cr_assert_eq(visits(ponds, 5, seen), 5);
    for (int i = 0; i < 5; i++)
        cr_assert(seen[i] == 1 && ponds[i]->pins == 0);
    size_t listed = 0;
    registry_lock();
    for (struct pond *p = registry_first(); p != NULL; p = registry_after(p))
        listed++;
    registry_unlock();
    cr_assert_eq(listed, 5);
}

/* Ticks do not change how old they are. */
Test(registry, the_oldest_are_first_by_age)
{
    struct pond *ponds[5];
    size_t at = 0;
    for (int i = 0; i < 5; i++)
        ponds[i] = plain();
    (void)pond_epoch_advance();
    (void)pond_epoch_advance();
    cr_assert_eq(pond_destroy(ponds[2]), 0);
    for (struct pond *p = registry_next(NULL, BY_AGE); p != NULL; p = registry_next(p, BY_AGE), at++) {
        at += at == 2;
        cr_assert_eq(p, ponds[at]);
    }
    cr_assert_eq(at, 5);
}

/* First, last, middle, all: what is left is visited. */
Test(registry, destroyed_ponds_are_not_visited)
{
    static const int order[] = {4, 0, 2, 1, 3};
    struct pond *ponds[5];
    size_t seen[5];
    for (int i = 0; i < 5; i++)
        ponds[i] = plain();
    for (int gone = 0; gone < 5; gone++) {
        cr_assert_eq(pond_destroy(ponds[order[gone]]), 0);
        ponds[order[gone]] = NULL;
        cr_assert_eq(visits(ponds, 5, seen), 4 - (size_t)gone);
        for (int i = 0; i < 5; i++)
            cr_assert_eq(seen[i], ponds[i] != NULL);
    }
    cr_assert_null(registry_first());
}

static void *destroy(void *p)
{
    cr_assert_eq(pond_destroy((pond *)p), 0);
    return NULL;
}

/* In the midst of a visit others come and go, right before and right behind the one that is pinned. */
Test(registry, ponds_come_and_go_during_a_visit)
{
    struct pond *ponds[5];
    bool seen[5] = {false};
    size_t strangers = 0;
    for (int i = 0; i < 5; i++)
        ponds[i] = plain();
    for (struct pond *p = registry_next(NULL, BY_TURN); p != NULL; p = registry_next(p, BY_TURN)) {
        bool mine = false;
        for (int i = 0; i < 5; i++) {
            mine = mine || p == ponds[i];
            cr_assert(p != ponds[i] || !seen[i], "visited twice");
            seen[i] = seen[i] || p == ponds[i];
        }
        strangers += !mine;
        if (p == ponds[2]) {
            thread_run(destroy, ponds[1]);
            thread_run(destroy, ponds[3]);
            (void)plain();
        }
    }
    cr_assert(seen[4] && seen[3] && seen[2] && !seen[1] && seen[0]);
    cr_assert_eq(strangers, 0, "a new one is the first: its turn is the next visit's");
}

/* ---- pins ---- */

static _Thread_local bool watched; /* this thread tells when it waits */
static event waits = EVENT_INIT;
static atomic_bool unpinned;

int __real_pthread_cond_wait(pthread_cond_t *cond, pthread_mutex_t *mutex);
int __wrap_pthread_cond_wait(pthread_cond_t *cond, pthread_mutex_t *mutex);

int __wrap_pthread_cond_wait(pthread_cond_t *cond, pthread_mutex_t *mutex)
{
    if (watched) {
        watched = false;
        event_set(&waits);
    }
    return __real_pthread_cond_wait(cond, mutex);
}

static void destroy_watched(void *arg)
{
    watched = true;
    must(pond_destroy((pond *)arg) == 0, "pond_destroy: errno %d", errno);
    must(!watched && atomic_load(&unpinned), "a pinned pond was destroyed");
}

static void pin_or_destroy(bool by_visit)
{
    struct pond *p = plain();
    worker *destroyer = worker_start();
    if (by_visit)
        cr_assert_eq(registry_next(NULL, BY_TURN), p);
    else
        registry_pin(p);
    worker_begin(destroyer, destroy_watched, p);
    event_wait(&waits);
    cr_assert_str_eq(pond_name(p), "pond", "it is still there");
    atomic_store(&unpinned, true);
    if (by_visit)
        cr_assert_null(registry_next(p, BY_TURN));
    else
        registry_unpin(p);
    worker_wait(destroyer);
    worker_end(destroyer);
}

Test(registry, a_visited_pond_is_not_destroyed)
{
    pin_or_destroy(true);
}

Test(registry, a_pinned_pond_is_not_destroyed)
{
    pin_or_destroy(false);
}

/* ---- threads ---- */

static struct pond *shared_pond;

static void admitted(void *unused)
{
    (void)unused;
    must(registry_admit(shared_pond), "not admitted");
    must(gate_registered() && gate_enter(shared_pond) != NULL, "no cache");
    gate_leave(shared_pond, &shared_pond->caches[gate_slot()]);
    must(registry_admit(shared_pond), "not admitted again");
}

static void not_admitted(void *unused)
{
    (void)unused;
    must(!registry_admit(shared_pond), "admitted");
    must(!gate_registered() && gate_enter(shared_pond) == NULL, "it has a cache");
}

Test(registry, a_thread_is_admitted_when_the_lock_is_free)
{
    shared_pond = plain();
    worker *w = worker_start();
    registry_lock();
    worker_do(w, not_admitted, NULL);
    registry_unlock();
    worker_do(w, admitted, NULL);
    worker_end(w);
}

static void get_and_put(void *unused)
{
    void *objs[300];
    (void)unused;
    test_get(shared_pond, objs, 300);
    pond_put_many(shared_pond, objs, 300);
    must(!gate_registered(), "no slot was free");
}

/* Threads that find no slot go by the shared way: one thread, seen as many by the gates, has taken all. */
Test(registry, threads_beyond_the_last_slot_share)
{
    shared_pond = plain();
    registry_lock();
    while (gate_register())
        continue;
    registry_unlock();
    worker *w = worker_start();
    worker_do(w, not_admitted, NULL);
    for (int i = 0; i < 3; i++)
        worker_do(w, get_and_put, NULL);
    pond_stats s = test_stats(shared_pond);
    cr_assert(s.idle_local == 0 && s.constructed == 300 && s.gets == 900 && s.live == 0);
    worker_end(w);
    registry_lock();
    gate_unregister();
    registry_unlock();
    worker_do(w = worker_start(), admitted, NULL);
    worker_end(w);
}

static void gate_is_open(void *unused)
{
    (void)unused;
    must(gate_enter(shared_pond) != NULL, "it was left shut");
    gate_leave(shared_pond, &shared_pond->caches[gate_slot()]);
}

static void put_some(void *n)
{
    void *objs[100];
    test_get(shared_pond, objs, *(size_t *)n);
    pond_put_many(shared_pond, objs, *(size_t *)n);
}

static event inside = EVENT_INIT, may_leave = EVENT_INIT;

static void park_inside(void *unused)
{
    (void)unused;
    must(gate_enter(shared_pond) != NULL, "no cache");
    event_set(&inside);
    event_wait(&may_leave);
    gate_leave(shared_pond, &shared_pond->caches[gate_slot()]);
}

static void back_again(void *unused)
{
    (void)unused;
    must(gate_enter(shared_pond) == NULL, "the tick that missed it left the gate shut");
    must(registry_admit(shared_pond) && gate_enter(shared_pond) != NULL, "not admitted");
    gate_leave(shared_pond, &shared_pond->caches[gate_slot()]);
}

/* What a tick had to leave in the cache of a thread inside comes out when that thread is back. */
Test(registry, a_missed_thread_is_drained_when_it_is_admitted)
{
    size_t n = 20;
    shared_pond = plain();
    worker *w = worker_start();
    worker_do(w, put_some, &n);
    worker_begin(w, park_inside, NULL);
    event_wait(&inside);
    pond_epoch_advance();
    pond_stats s = test_stats(shared_pond);
    cr_assert(s.idle_local == n && s.epoch == 1, "%zu in the cache", (size_t)s.idle_local);
    event_set(&may_leave);
    worker_wait(w);
    worker_do(w, back_again, NULL);
    s = test_stats(shared_pond);
    cr_assert(s.idle_local == 0 && s.idle_victim == n, "of the epoch in which they were put");
    pond_epoch_advance();
    cr_assert_eq(test_stats(shared_pond).dropped[POND_DROP_EPOCH], n);
    worker_end(w);
}

Test(registry, what_an_exiting_thread_cached_goes_to_the_depot)
{
    size_t n = 77;
    shared_pond = plain();
    worker *w = worker_start();
    worker_do(w, put_some, &n);
    cr_assert_eq(test_stats(shared_pond).idle_local, n);
    worker_end(w);
    pond_stats s = test_stats(shared_pond);
    cr_assert(s.idle_local == 0 && s.idle_shared == n && s.gets == n);
    for (uint32_t i = 0; i < gates_end(); i++)
        cr_assert(shared_pond->caches[i].base == NULL || shared_pond->caches[i].base == LINE_CLOSED,
                  "the next thread in its slot would find line %u open", i);
}

/* ---- bringing together ---- */

enum { WORKERS = 3 };

/* Each worker has some idle objects in its cache. */
static void spread(worker **w, size_t each)
{
    for (int i = 0; i < WORKERS; i++) {
        w[i] = worker_start();
        void **objs = malloc(each * sizeof *objs);
        test_get(shared_pond, objs, each);
        worker_do(w[i], put_some, &each); /* others than these */
        pond_put_many(shared_pond, objs, each);
        free(objs);
    }
}

static void end_all(worker **w)
{
    for (int i = 0; i < WORKERS; i++)
        worker_end(w[i]);
}

/* In caches, in the depot, among the victims, and in the magazine that is being filled. */
Test(registry, a_collection_brings_all_that_is_idle_into_the_depot)
{
    worker *w[WORKERS];
    void *objs[7];
    uint64_t live;
    shared_pond = plain();
    test_get(shared_pond, objs, 7);
    spread(w, 20);
    pond_rotate(shared_pond);
    for (int i = 0; i < WORKERS; i++)
        worker_do(w[i], put_some, &(size_t){5});
    pond_stats before = test_stats(shared_pond);
    (void)pond_reserve(shared_pond, test_idle(&before) + 10);
    before = test_stats(shared_pond);
    cr_assert(before.idle_local > 0 && before.idle_victim > 0 && shared_pond->shared != NULL);
    registry_lock();
    cr_assert(gather_all(shared_pond, false, &live));
    cr_assert_eq(live, 7);
    registry_unlock();
    pond_stats after = test_stats(shared_pond);
    cr_assert(after.idle_local == 0 && after.live == 7 && test_idle(&after) == test_idle(&before));
    cr_assert_null(shared_pond->shared);
    for (int i = 0; i < WORKERS; i++)
        worker_do(w[i], gate_is_open, NULL);
    end_all(w);
}

Test(registry, a_drain_says_how_busy_the_depot_was)
{
    worker *w[WORKERS];
    uint64_t exchanges = 0;
    shared_pond = test_pond((pond_options){.size = 64, .cache_objects = 4});
    spread(w, 30);
    for (uint32_t i = 0; i < gates_end(); i++)
        exchanges += shared_pond->caches[i].exchanges;
    cr_assert_gt(exchanges, 0);
    registry_lock();
    gates_close(registry_all(), GATE_LONG);
    cr_assert_eq(registry_drain(shared_pond), exchanges);
    cr_assert_eq(registry_drain(shared_pond), 0);
    gates_open(registry_all());
    registry_unlock();
    cr_assert_eq(test_stats(shared_pond).idle_local, 0);
    end_all(w);
}

Test(registry, gather_finds_what_others_cache)
{
    worker *w[WORKERS];
    bool full;
    shared_pond = test_pond((pond_options){.size = 64, .max_objects = 60});
    spread(w, 10);
    pond_stats s = test_stats(shared_pond);
    uint64_t gets = s.gets;
    size_t idle = test_idle(&s);
    for (size_t i = 0; i < idle; i++) {
        cr_assert_not_null(gather_one(shared_pond, &full, NULL), "%zu of %zu", i, idle);
        cr_assert_eq(test_stats(shared_pond).gets, ++gets);
    }
    while (test_stats(shared_pond).live < 60) {
        cr_assert_null(gather_one(shared_pond, &full, NULL));
        cr_assert_not(full, "another object may be made");
        cr_assert_not_null(pond_get(shared_pond));
    }
    errno = 0;
    cr_assert_null(gather_one(shared_pond, &full, NULL));
    cr_assert(full && errno == EAGAIN);
    for (int i = 0; i < WORKERS; i++)
        worker_do(w[i], gate_is_open, NULL);
    end_all(w);
}

/* ---- whoever waits for a thread inside its cache ---- */

/* No time passes: how long is waited is a matter of naps alone. */
uint64_t __wrap_os_milliseconds(void);

uint64_t __wrap_os_milliseconds(void)
{
    return 0;
}

static struct {
    pond *p;
    atomic_bool inside, closed, leave, trimmed;
} held;

static void hold_then_trim_or_tick(unsigned index, void *unused)
{
    (void)unused;
    if (index == 0) {
        pond_put(held.p, pond_get(held.p));
        must(gate_enter(held.p) != NULL, "no cache");
        atomic_store(&held.inside, true);
        while (!atomic_load(&held.leave))
            if (LOAD(held.p->shut) != 0 || !gate_is_admitted(held.p))
                atomic_store(&held.closed, true);
        gate_leave(held.p, &held.p->caches[gate_slot()]);
        return;
    }
    while (!atomic_load(index == 1 ? &held.inside : &held.closed))
        sched_yield();
    if (index == 1) {
        (void)pond_trim(held.p);
        atomic_store(&held.trimmed, true);
        return;
    }
    pond_epoch_advance();
    must(!atomic_load(&held.trimmed),
         "the trim did not wait for whoever is inside, or the tick for the trim");
    atomic_store(&held.leave, true);
}

/* Else the tick would wait, through the trim, for the thread after all. */
Test(registry, a_tick_does_not_wait_for_a_trim_that_waits)
{
    held.p = test_pond((pond_options){.size = 64});
    crew_run(3, hold_then_trim_or_tick, NULL);
    cr_assert_eq(pond_destroy(held.p), 0);
}
