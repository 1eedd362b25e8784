/* SPDX-License-Identifier: BSD-2-Clause */
// debug
// link: -Wl,--wrap=pthread_mutex_lock,--wrap=pthread_cond_wait
/*
 * pond_get_wait: whoever waits gets the next object that is put or may be made, in the order in which they
 * came; nobody waits for what is there already, and nothing is lost when the waiting ends in another way.
 */
#include "test.h"

#include "../../src/gate.h"
#include "locks.h"
#include "threads.h"
#include "validity.h"

#include <pond/debug.h>
#include <pond/profile.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

TestSuite(waiting, .timeout = TEST_ALARM);

static pond *p;

/* A waiter that was woken, and does not run before it may: it has let go of the lock again. */
static struct {
    atomic_bool holds, held;
} wake;
static _Thread_local bool waits_here;

int __real_pthread_cond_wait(pthread_cond_t *c, pthread_mutex_t *m);
int __wrap_pthread_cond_wait(pthread_cond_t *c, pthread_mutex_t *m);

int __wrap_pthread_cond_wait(pthread_cond_t *c, pthread_mutex_t *m)
{
    int result = __real_pthread_cond_wait(c, m);
    if (waits_here && atomic_load(&wake.holds)) {
        pthread_mutex_unlock(m);
        atomic_store(&wake.held, true);
        while (atomic_load(&wake.holds))
            sched_yield();
        __real_pthread_mutex_lock(m);
    }
    return result;
}

/* ---- threads that wait ---- */

enum { MANY = 6 };

typedef struct patient {
    worker *thread;
    int64_t timeout;
    void *obj;
    int error;
    size_t nth; /* in which order they were served */
} patient;

static patient patients[MANY];
static atomic_size_t served;

static void get_one(void *arg)
{
    patient *q = (patient *)arg;
    errno = 0;
    waits_here = true;
    q->obj = pond_get_wait(p, q->timeout);
    waits_here = false;
    q->error = errno;
    q->nth = atomic_fetch_add(&served, 1);
}

static void let_wait(size_t i, int64_t timeout)
{
    uint64_t before = test_stats(p).waited;
    patients[i] = (patient){.thread = worker_start(), .timeout = timeout};
    worker_begin(patients[i].thread, get_one, &patients[i]);
    while (test_stats(p).waited == before)
        sched_yield();
}

static void let_many_wait(size_t n)
{
    atomic_store(&served, 0);
    for (size_t i = 0; i < n; i++)
        let_wait(i, -1);
}

static void *result(size_t i)
{
    worker_wait(patients[i].thread);
    worker_end(patients[i].thread);
    return patients[i].obj;
}

static void make_full(pond_options options, void **objs)
{
    if (options.create == NULL)
        options.size = 64;
    p = test_pond(options);
    test_get(p, objs, options.max_objects);
}

static void close_pond(size_t live)
{
    const char *why;
    cr_assert(pond_is_valid(p, live, &why), "%s: max %zu", why,
              (size_t)((struct pond *)p)->options.max_objects);
    cr_assert_eq(((struct pond *)p)->waiting, 0);
    cr_assert_eq(((struct pond *)p)->waiters.promised, 0);
}

/* ---- without waiting ---- */

static uint64_t now(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

Test(waiting, nobody_waits_for_what_is_there)
{
    void *objs[3];
    p = test_pond((pond_options){.size = 64, .max_objects = 3});
    for (int i = 0; i < 3; i++)
        cr_assert_not_null(objs[i] = pond_get_wait(p, i - 1));
    errno = 0;
    cr_assert_null(pond_get_wait(p, 0));
    cr_assert_eq(errno, ETIMEDOUT);
    pond_put(p, objs[2]);
    cr_assert_eq(pond_get_wait(p, -1), objs[2]);
    pond_stats s = test_stats(p);
    cr_assert_eq(s.waited, 0);
    cr_assert_eq(s.failed[POND_FAIL_LIMIT], 1);
    cr_assert_eq(s.gets, 4);
    pond_put_many(p, objs, 3);
    close_pond(0);
}

Test(waiting, as_long_as_it_was_told)
{
    void *objs[2];
    make_full((pond_options){.max_objects = 2}, objs);
    uint64_t begin = now();
    errno = 0;
    cr_assert_null(pond_get_wait(p, 20000000));
    cr_assert_eq(errno, ETIMEDOUT);
    cr_assert_geq(now() - begin, 20000000u);
    pond_stats s = test_stats(p);
    cr_assert_eq(s.waited, 1);
    cr_assert_eq(s.failed[POND_FAIL_LIMIT], 1);
    pond_put(p, objs[0]);
    objs[0] = pond_get(p);
    cr_assert_not_null(objs[0], "it is idle, for nobody waits any more");
    close_pond(2);
}

static int says_no(void *obj, void *ctx)
{
    (void)obj, (void)ctx;
    return ENETDOWN;
}

Test(waiting, other_failures_are_those_of_a_get)
{
    p = test_pond((pond_options){.size = 64, .max_objects = 2, .construct = says_no});
    errno = 0;
    cr_assert_null(pond_get_wait(p, -1));
    cr_assert_eq(errno, ENETDOWN);
    cr_assert_eq(test_stats(p).failed[POND_FAIL_HOOK], 1);
    errno = 0;
    cr_assert_null(pond_get_wait(NULL, -1));
    cr_assert_eq(errno, EINVAL);
}

/* ---- puts ---- */

static bool guarded; /* then an object that is put is dropped, and another one made */

/* Whatever kind of pond it is. */
static void first_come_first_served(pond_options options)
{
    void *objs[MANY];
    options.max_objects = MANY;
    make_full(options, objs);
    let_many_wait(MANY);
    for (size_t i = 0; i < MANY; i++) {
        void *put = objs[i];
        pond_put(p, objs[i]);
        objs[i] = result(i);
        cr_assert(guarded ? objs[i] != NULL : objs[i] == put, "the %zuth to come", i);
        cr_assert_eq(patients[i].nth, i);
    }
    pond_stats s = test_stats(p);
    cr_assert(s.live == MANY && s.gets == 2 * MANY && s.puts == MANY && s.waited == MANY);
    close_pond(MANY);
    pond_put_many(p, objs, MANY);
    cr_assert_eq(pond_destroy(p), 0);
}

static bool reset(void *obj, void *ctx)
{
    (void)ctx;
    memset(obj, 0, 8);
    return true;
}

static size_t weight(const void *obj, void *ctx)
{
    (void)obj, (void)ctx;
    return 100;
}

static void *create(void *ctx)
{
    (void)ctx;
    return malloc(64);
}

static void destroy(void *obj, pond_drop_reason why, void *ctx)
{
    (void)why, (void)ctx;
    free(obj);
}

static void all_kinds(void)
{
    first_come_first_served((pond_options){.name = "plain"});
    first_come_first_served((pond_options){.name = "one cached", .cache_objects = 1});
    first_come_first_served((pond_options){.name = "hooks", .reset = reset});
    first_come_first_served((pond_options){.name = "exact bytes", .max_idle_bytes = 64});
    first_come_first_served((pond_options){.name = "footprints", .footprint = weight, .max_idle_bytes = 1});
    first_come_first_served((pond_options){.name = "created", .create = create, .destroy = destroy});
}

Test(waiting, first_come_first_served)
{
    all_kinds();
}

Test(waiting, first_come_first_served_with_words)
{
    guarded = true;
    cr_assert_eq(pond_debug_set("full"), 0);
    all_kinds();
    cr_assert_eq(pond_debug_set("guard=1/2"), 0);
    all_kinds();
    cr_assert_eq(pond_debug_set("full,guard"), 0);
    all_kinds();
    cr_assert_eq(pond_report_count(), 0);
}

/* The object's bytes were poisoned by the put, and are as they were when it is handed over. */
Test(waiting, poison_is_lifted)
{
    void *objs[1];
    cr_assert_eq(pond_debug_set("poison,double,tag"), 0);
    make_full((pond_options){.max_objects = 1}, objs);
    memset(objs[0], 7, 64);
    let_many_wait(1);
    pond_put(p, objs[0]);
    cr_assert_eq(result(0), objs[0]);
    for (int i = 0; i < 64; i++)
        cr_assert_eq(((char *)objs[0])[i], 7);
    pond_put(p, objs[0]);
    cr_assert_eq(pond_report_count(), 0);
}

/* Gets that do not wait take nothing from those who do. */
Test(waiting, nobody_overtakes)
{
    void *objs[2];
    make_full((pond_options){.max_objects = 2}, objs);
    let_many_wait(2);
    cr_assert_null(pond_get(p));
    pond_discard(p, objs[0]);
    cr_assert_null(pond_get(p), "the room is the first waiter's");
    cr_assert_null(pond_get_wait(p, 0));
    cr_assert_null(pond_get_idle(p));
    void *made = result(0);
    cr_assert_not_null(made);
    pond_put(p, made);
    void *again = result(1);
    pond_put(p, again);
    pond_put(p, objs[1]);
    close_pond(0);
}

/* ---- a put at any moment of the way to the waiting ---- */

static void *in_hand;

static void put_it(void *unused)
{
    (void)unused;
    pond_put(p, in_hand);
}

static worker *helper;

/* It may need a lock that this thread has: it is not waited for. */
static void begin_to_put(void)
{
    worker_begin(helper, put_it, NULL);
}

/* Which a get that waits takes. */
static int count_locks(void)
{
    locks_left = 1000;
    cr_assert_null(pond_get_wait(p, 1));
    int taken = 1000 - locks_left;
    locks_left = 0;
    return taken;
}

static void put_before_lock(int lock, bool starved)
{
    pond_trim(p); /* else what was cached is remembered */
    cr_assert(!starved || pond_get(p) == NULL);
    helper = worker_start();
    before_lock = begin_to_put;
    locks_left = lock;
    void *obj = pond_get_wait(p, -1);
    cr_assert_eq(obj, in_hand, "lock %d", lock);
    cr_assert_eq(locks_left, 0);
    worker_wait(helper);
    worker_end(helper);
}

static void put_before_each_lock(pond_options options)
{
    options.max_objects = 1;
    make_full(options, &in_hand);
    for (int starved = 0; starved < 2; starved++) {
        int locks = count_locks();
        cr_assert_geq(locks, 3);
        for (int i = 0; i < TEST_TIMES(400); i++)
            put_before_lock(i % locks + 1, starved != 0);
    }
    pond_put(p, in_hand);
    close_pond(0);
    cr_assert_eq(pond_destroy(p), 0);
}

Test(waiting, a_put_at_any_moment_is_seen)
{
    put_before_each_lock((pond_options){.name = "plain"});
    put_before_each_lock((pond_options){.name = "hooks", .reset = reset});
    put_before_each_lock((pond_options){.name = "exact", .max_idle_bytes = 64});
}

/*
 * The other way round: the put has found that nobody waits, and takes the lock when somebody does. It goes by
 * the lock since the pond is starved.
 */
static event is_held = EVENT_INIT, may_go_on = EVENT_INIT;

static void hold(void)
{
    event_set(&is_held);
    event_wait(&may_go_on);
}

static void put_held_up(void *unused)
{
    before_lock = hold;
    locks_left = 1;
    put_it(unused);
}

static void join_while_a_put_is_held(pond_options options)
{
    options.max_objects = 1;
    make_full(options, &in_hand);
    cr_assert_null(pond_get(p));
    event_clear(&is_held);
    event_clear(&may_go_on);
    helper = worker_start();
    worker_begin(helper, put_held_up, NULL);
    event_wait(&is_held);
    let_many_wait(1);
    event_set(&may_go_on);
    void *obj = result(0);
    cr_assert_eq(obj, in_hand);
    worker_wait(helper);
    worker_end(helper);
    pond_put(p, obj);
    close_pond(0);
    cr_assert_eq(pond_destroy(p), 0);
}

Test(waiting, a_put_that_came_before_is_seen)
{
    join_while_a_put_is_held((pond_options){.name = "plain"});
    join_while_a_put_is_held((pond_options){.name = "hooks", .reset = reset});
    join_while_a_put_is_held((pond_options){.name = "exact", .max_idle_bytes = 64});
    join_while_a_put_is_held((pond_options){.name = "created", .create = create, .destroy = destroy});
}

/* A thread that was stopped inside of its cache has something there: it is had when the thread goes on. */
static event goes_out = EVENT_INIT;

static void stop_inside(void *obj)
{
    pond_put(p, obj);
    struct cache *c = gate_enter((struct pond *)p);
    must(c != NULL, "it has a cache");
    event_set(&is_held);
    event_wait(&goes_out);
    gate_leave((struct pond *)p, c);
}

Test(waiting, what_a_stopped_thread_caches_is_had_later)
{
    void *objs[1];
    cr_assert_eq(pond_debug_set("off"), 0);
    make_full((pond_options){.max_objects = 1}, objs);
    helper = worker_start();
    worker_begin(helper, stop_inside, objs[0]);
    event_wait(&is_held);
    let_many_wait(1);
    event_set(&goes_out);
    cr_assert_eq(result(0), objs[0]);
    worker_wait(helper);
    worker_end(helper);
    close_pond(1);
}

/* ---- room ---- */

static atomic_int constructs;
static int failing;

static int construct(void *obj, void *ctx)
{
    (void)obj, (void)ctx;
    return atomic_fetch_add(&constructs, 1) + 1 == failing ? ENETDOWN : 0;
}

/* What cannot be made by one may be made by the next. */
Test(waiting, room_that_cannot_be_used_is_handed_on)
{
    void *objs[2];
    make_full((pond_options){.max_objects = 2, .construct = construct}, objs);
    let_many_wait(3);
    failing = 3;
    pond_discard(p, objs[0]);
    cr_assert_null(result(0));
    cr_assert_eq(patients[0].error, ENETDOWN);
    void *second = result(1);
    cr_assert_not_null(second);
    pond_put(p, second);
    void *third = result(2);
    pond_put(p, third);
    pond_put(p, objs[1]);
    cr_assert_eq(test_stats(p).failed[POND_FAIL_HOOK], 1);
    close_pond(0);
}

static bool reject(void *obj, void *ctx)
{
    (void)obj, (void)ctx;
    return false;
}

Test(waiting, an_object_that_is_dropped_makes_room)
{
    void *objs[1];
    make_full((pond_options){.max_objects = 1, .reset = reject}, objs);
    let_many_wait(1);
    pond_put(p, objs[0]);
    void *obj = result(0);
    cr_assert_not_null(obj);
    cr_assert_eq(test_stats(p).constructed, 2);
    pond_put(p, obj);
    close_pond(0);
}

static void set_max(size_t n)
{
    pond_limits l;
    pond_limits_read(p, &l);
    l.max_objects = n;
    cr_assert_eq(pond_limits_set(p, &l), 0);
}

Test(waiting, limits_wake)
{
    void *objs[4];
    make_full((pond_options){.max_objects = 4}, objs);
    let_many_wait(4);
    set_max(6);
    void *first = result(0), *second = result(1);
    cr_assert(first != NULL && second != NULL);
    set_max(2);
    for (int i = 0; i < 4; i++)
        pond_put(p, objs[i]); /* dropped: six are live */
    cr_assert_eq(test_stats(p).live, 2);
    pond_put(p, first);
    void *third = result(2);
    set_max(0);
    void *last = result(3);
    cr_assert(third != NULL && last != NULL);
    pond_put(p, third);
    pond_put(p, second);
    pond_put(p, last);
    close_pond(0);
}

/*
 * Room that was promised is gone again before the waiter runs; what was put meanwhile lies in a cache, and is
 * its own.
 */
Test(waiting, limits_that_rise_and_fall_before_it_runs)
{
    void *objs[2];
    make_full((pond_options){.max_objects = 2}, objs);
    atomic_store(&wake.holds, true);
    let_wait(0, -1);
    set_max(3);
    while (!atomic_load(&wake.held))
        sched_yield();
    set_max(2);
    pond_put(p, objs[0]);
    atomic_store(&wake.holds, false);
    cr_assert_eq(result(0), objs[0], "without another put");
    pond_put(p, objs[0]);
    pond_put(p, objs[1]);
    close_pond(0);
}

/* ---- ends of waiting ---- */

Test(waiting, a_pond_that_is_waited_for_is_not_destroyed)
{
    void *objs[1];
    make_full((pond_options){.max_objects = 1}, objs);
    let_many_wait(1);
    errno = 0;
    cr_assert_eq(pond_destroy(p), -1);
    cr_assert_eq(errno, EBUSY);
    pond_put(p, objs[0]);
    pond_put(p, result(0));
    cr_assert_eq(pond_destroy(p), 0);
}

static pthread_t waiting_thread;
static void *got;

static void *wait_and_be_cancelled(void *unused)
{
    got = pond_get_wait(p, -1);
    pond_put(p, got);
    pthread_testcancel();
    return unused;
}

/* It goes on to wait, and ends at its own next cancellation point. */
Test(waiting, a_cancelled_thread_loses_nothing)
{
    void *objs[1], *end;
    make_full((pond_options){.max_objects = 1}, objs);
    cr_assert_eq(pthread_create(&waiting_thread, NULL, wait_and_be_cancelled, NULL), 0);
    while (test_stats(p).waited == 0)
        sched_yield();
    cr_assert_eq(pthread_cancel(waiting_thread), 0);
    cr_assert_eq(((struct pond *)p)->waiting, 1);
    pond_put(p, objs[0]);
    cr_assert_eq(pthread_join(waiting_thread, &end), 0);
    cr_assert_eq(end, PTHREAD_CANCELED);
    cr_assert_eq(got, objs[0]);
    close_pond(0);
}

#if !defined(TEST_TSAN) /* which gives up in such a child */
static void child_goes_on(void *obj)
{
    must(((struct pond *)p)->waiting == 0 && ((struct pond *)p)->waiters.promised == 0, "they are not here");
    pond_put(p, obj);
    void *again = pond_get(p);
    must(again != NULL, "it is idle");
    errno = 0;
    must(pond_get_wait(p, 1000000) == NULL && errno == ETIMEDOUT, "errno %d", errno);
    pond_put(p, again);
    must(pond_destroy(p) == 0, "errno %d", errno);
}

Test(waiting, nobody_waits_in_a_forked_child)
{
    void *objs[1];
    make_full((pond_options){.max_objects = 1}, objs);
    let_many_wait(2);
    test_in_child(child_goes_on, objs[0]);
    pond_put(p, objs[0]);
    pond_put(p, result(0));
    pond_put(p, result(1));
    close_pond(0);
}
#endif

/* ---- hooks ---- */

static pond *other;
static int hook_error;

static bool waits_for_its_own(void *obj, void *ctx)
{
    (void)obj, (void)ctx;
    errno = 0;
    hook_error = pond_get_wait(p, 1000000) == NULL ? errno : 0;
    return true;
}

static bool waits_for_another(void *obj, void *ctx)
{
    (void)obj, (void)ctx;
    errno = 0;
    void *mine = pond_get_wait(p, 1000000);
    hook_error = mine == NULL ? errno : 0;
    return true;
}

Test(waiting, a_hook_waits_for_other_ponds_alone)
{
    void *objs[1];
    cr_assert_eq(pond_debug_set("off"), 0);
    make_full((pond_options){.max_objects = 1, .reset = waits_for_its_own, .footprint = weight}, objs);
    pond_put(p, objs[0]);
    cr_assert_eq(hook_error, EDEADLK);
    cr_assert_eq(pond_destroy(p), 0);
    make_full((pond_options){.max_objects = 1, .reset = reset}, objs);
    other = test_pond((pond_options){.size = 8, .reset = waits_for_another});
    pond_put(other, pond_get(other));
    cr_assert_eq(hook_error, ETIMEDOUT);
    pond_put(p, objs[0]);
    cr_assert_eq(pond_destroy(p) + pond_destroy(other), 0);
}

/* ---- idle ones alone ---- */

Test(waiting, get_idle_makes_nothing)
{
    void *objs[5];
    p = test_pond((pond_options){.size = 64, .construct = construct});
    errno = 0;
    cr_assert_null(pond_get_idle(p));
    cr_assert_eq(errno, ENOENT);
    test_get(p, objs, 5);
    cr_assert_null(pond_get_idle(p));
    pond_put_many(p, objs, 5);
    for (int i = 0; i < 5; i++)
        cr_assert_not_null(objs[i] = pond_get_idle(p));
    cr_assert_null(pond_get_idle(p));
    pond_stats s = test_stats(p);
    cr_assert(s.constructed == 5 && s.gets == 10 && s.hits == 5 && s.failed[POND_FAIL_MEMORY] == 0 &&
              s.failed[POND_FAIL_LIMIT] == 0 && s.failed[POND_FAIL_HOOK] == 0);
    pond_put_many(p, objs, 5);
    cr_assert_eq(pond_reserve(p, 7), 7);
    for (int i = 0; i < 7; i++)
        cr_assert_not_null(pond_get_idle(p), "%d", i);
    errno = 0;
    cr_assert_null(pond_get_idle(NULL));
    cr_assert_eq(errno, EINVAL);
}

Test(waiting, get_idle_makes_nothing_with_words)
{
    static const char *const words[] = {"full", "guard", "chaos=3"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        cr_assert_eq(pond_debug_set(words[i]), 0);
        p = test_pond((pond_options){.size = 64});
        cr_assert_null(pond_get_idle(p));
        cr_assert_eq(pond_reserve(p, 1), 1);
        void *obj = pond_get_idle(p);
        cr_assert_not_null(obj, "%s", words[i]);
        cr_assert_null(pond_get_idle(p));
        cr_assert_eq(test_stats(p).constructed, 1);
        pond_put(p, obj);
        cr_assert_eq(pond_destroy(p), 0);
    }
    cr_assert_eq(pond_report_count(), 0);
}

/* ---- many ---- */

enum { CROWD = 8 };

static atomic_size_t in_use;
static size_t most;
static bool limits_change;

static void get_and_put(unsigned index, void *unused)
{
    (void)unused;
    for (int i = 0; i < TEST_TIMES(4000); i++) {
        int64_t timeout = (i + (int)index) % 16 == 0 ? 20000 : -1;
        void *obj = pond_get_wait(p, timeout);
        must(obj != NULL || (timeout > 0 && errno == ETIMEDOUT), "errno %d", errno);
        if (obj == NULL)
            continue;
        must(atomic_fetch_add(&in_use, 1) < most, "more than %zu", most);
        must(atomic_exchange((_Atomic(size_t) *)obj, 1) == 0, "an object is in two hands");
        if (i % 32 == 0)
            sched_yield();
        atomic_store((_Atomic(size_t) *)obj, 0);
        atomic_fetch_sub(&in_use, 1);
        if (i % 13 == 0)
            pond_discard(p, obj);
        else
            pond_put(p, obj);
        if (index == 0 && i % 50 == 0)
            pond_rotate(p);
        if (limits_change && index == 1 && i % 20 == 0) {
            const pond_limits l = {.max_objects = i % 40 == 0 ? most : 1};
            must(pond_limits_set(p, &l) == 0, "errno %d", errno);
        }
    }
}

static void crowd(pond_options options)
{
    options.size = 64;
    most = options.max_objects;
    p = test_pond(options);
    crew_run(CROWD, get_and_put, NULL);
    close_pond(0);
    cr_assert_eq(pond_destroy(p), 0);
}

/* For ever, most of them: a lost wake-up would be the end of it. */
Test(waiting, a_crowd)
{
    crowd((pond_options){.max_objects = 1});
    crowd((pond_options){.max_objects = 3, .cache_objects = 1});
    crowd((pond_options){.max_objects = 2, .max_idle_bytes = 64});
    crowd((pond_options){.max_objects = 6, .reset = reset});
}

Test(waiting, a_crowd_whose_bytes_are_counted)
{
    crowd((pond_options){.max_objects = 3, .footprint = weight, .max_idle_bytes = 200});
    crowd((pond_options){.max_objects = 2, .footprint = weight, .max_idle_bytes = 1});
}

Test(waiting, a_crowd_that_is_watched_or_sampled)
{
    cr_assert_eq(pond_profile_set("rate=1k"), 0);
    crowd((pond_options){.max_objects = 2});
    cr_assert_eq(pond_profile_set("off"), 0);
    cr_assert_eq(pond_debug_set("double,tag,poison,redzone,stacks=1"), 0);
    crowd((pond_options){.max_objects = 2});
    cr_assert_eq(pond_report_count(), 0);
}

Test(waiting, a_crowd_whose_limits_change)
{
    limits_change = true;
    crowd((pond_options){.max_objects = 4});
    crowd((pond_options){.max_objects = 3, .cache_objects = 1});
}
