/* SPDX-License-Identifier: BSD-2-Clause */
// variants: release asan fence lock clang debug
/*
 * Fork in a program whose other threads are at work in the ponds. The child has what the parent had:
 * every idle object, in whichever thread's cache it lay, once; those that the parent's other threads
 * held stay live there for ever. (Not under ThreadSanitizer, which gives up in such a child.)
 */
#include "test.h"

#include "../../src/types.h"
#include "ledger.h"
#include "threads.h"

#include <sys/wait.h>
#include <unistd.h>

TestSuite(fork, .timeout = 2 * TEST_ALARM);

static ledger book = {.size = 64};
static pond *shared;

static void get_and_put(size_t n)
{
    void *objs[300];
    for (size_t i = 0; i < n; i++)
        must((objs[i] = ledger_get(&book, shared)) != NULL, "errno %d", errno);
    for (size_t i = 0; i < n; i++)
        ledger_put(&book, shared, objs[i]);
}

/* ---- threads that sleep ---- */

enum { SLEEPERS = 4, EACH = 50 };

static void fill_cache(void *arg)
{
    (void)arg;
    get_and_put(EACH);
}

/* All objects are idle, in the caches of threads that the child does not have. */
static void with_sleepers(void (*body)(void *arg))
{
    worker *sleepers[SLEEPERS];
    for (size_t i = 0; i < SLEEPERS; i++) {
        sleepers[i] = worker_start();
        worker_do(sleepers[i], fill_cache, NULL);
    }
    test_in_child(body, NULL);
    for (size_t i = 0; i < SLEEPERS; i++)
        worker_do(sleepers[i], fill_cache, NULL);
    get_and_put(EACH);
    for (size_t i = 0; i < SLEEPERS; i++)
        worker_end(sleepers[i]);
    ledger_close(&book, shared);
}

/* What is idle in the parent's caches is what the child gets first. */
static void child_gets_them_all(void *arg)
{
    (void)arg;
    size_t made = atomic_load(&book.constructed);
    void *objs[SLEEPERS * EACH];
    for (size_t i = 0; i < made; i++)
        objs[i] = ledger_get(&book, shared);
    must(atomic_load(&book.constructed) == made, "%zu made before, %zu after", made,
         atomic_load(&book.constructed));
    for (size_t i = 0; i < made; i++)
        ledger_put(&book, shared, objs[i]);
    ledger_close(&book, shared);
}

static void child_ticks(void *arg)
{
    (void)arg;
    pond_epoch_advance();
    must(ledger_destroyed(&book) == 0, "dropped at the first tick");
    pond_epoch_advance();
    must(ledger_objects(&book) == 0, "%zu objects are left", ledger_objects(&book));
    get_and_put(EACH);
    ledger_close(&book, shared);
}

static void child_trims(void *arg)
{
    (void)arg;
    must(pond_has_idle(), "nothing is idle");
    must(pond_trim_to((size_t)1 << 30) == 0, "it has not so much");
    must(pond_trim(NULL) > 0, "nothing to trim");
    must(ledger_objects(&book) == 0, "%zu objects are left", ledger_objects(&book));
    get_and_put(EACH);
    ledger_close(&book, shared);
}

static void child_destroys(void *arg)
{
    (void)arg;
    ledger_close(&book, shared);
    book = (ledger){.size = 64};
    shared = test_pond(ledger_options(&book));
    get_and_put(EACH);
    ledger_close(&book, shared);
}

static void child_has_threads(unsigned index, void *arg)
{
    (void)arg;
    for (unsigned i = 0; i < 500; i++) {
        get_and_put(1 + (i + index) % 90);
        if (i % 50 == index)
            pond_epoch_advance();
    }
}

static void child_goes_on(void *arg)
{
    (void)arg;
    crew_run(3, child_has_threads, NULL);
    ledger_check(&book, shared, 0);
    ledger_close(&book, shared);
}

static void grandchild(void *arg)
{
    get_and_put(EACH);
    test_in_child(child_ticks, arg);
    ledger_close(&book, shared);
}

Test(fork, idle_objects_are_there)
{
    shared = test_pond(ledger_options(&book));
    with_sleepers(child_gets_them_all);
}

Test(fork, idle_objects_age)
{
    shared = test_pond(ledger_options(&book));
    with_sleepers(child_ticks);
}

Test(fork, idle_objects_are_trimmed)
{
    shared = test_pond(ledger_options(&book));
    with_sleepers(child_trims);
}

Test(fork, the_pond_is_destroyed)
{
    shared = test_pond(ledger_options(&book));
    with_sleepers(child_destroys);
}

Test(fork, the_child_has_threads_of_its_own)
{
    shared = test_pond(ledger_options(&book));
    with_sleepers(child_goes_on);
}

Test(fork, children_of_children)
{
    shared = test_pond(ledger_options(&book));
    with_sleepers(grandchild);
}

/* ---- threads at work ---- */

/* Created objects, and no ledger: its books would be caught in the middle of an entry. */
enum { HAMMERS = 3, FORKS = TEST_TIMES(200) };

static atomic_bool stop;

typedef struct thing {
    _Atomic unsigned state; /* 0: idle; 1: live; 2: gone */
} thing;

static void thing_step(thing *t, unsigned from, unsigned to)
{
    unsigned state = from;
    must(atomic_compare_exchange_strong_explicit(&t->state, &state, to, memory_order_relaxed,
                                                 memory_order_relaxed),
         "%p: state %u, not %u", (void *)t, state, from);
}

static void thing_destroy(void *obj, pond_drop_reason why, void *ctx)
{
    (void)why, (void)ctx;
    thing_step((thing *)obj, 0, 2);
}

static void *hammer(void *arg)
{
    thing *held[24] = {NULL};
    for (unsigned i = (unsigned)(uintptr_t)arg; !atomic_load(&stop); i++) {
        thing **at = &held[i * 7 % 24];
        if (*at != NULL) {
            thing_step(*at, 1, 0);
            pond_put(shared, *at);
        }
        *at = i % 5 < 3 ? pond_get(shared) : NULL;
        if (*at != NULL)
            thing_step(*at, 0, 1);
        if (i % 2000 == 0)
            pond_epoch_advance();
        if (i % 7000 == 0)
            pond_trim(shared);
    }
    for (size_t i = 0; i < 24; i++)
        if (held[i] != NULL) {
            thing_step(held[i], 1, 0);
            pond_put(shared, held[i]);
        }
    return NULL;
}

/*
 * A thread of the parent may have been between its mark on an object and the pond's: at most one
 * object each is marked idle and live, or live and idle. So the child takes marks as they come, and
 * only checks that no object comes twice.
 */
static void child_amid_hammers(void *arg)
{
    enum { MOST = 400 };
    static thing *got[MOST];
    size_t odd = 0;
    (void)arg;
    for (size_t i = 0; i < MOST; i++) {
        got[i] = pond_get(shared);
        must(got[i] != NULL, "errno %d", errno);
        odd += atomic_exchange(&got[i]->state, 3) != 0;
        must(odd <= HAMMERS, "%zu objects marked live, or got twice", odd);
    }
    for (size_t i = 0; i < MOST; i++) {
        thing_step(got[i], 3, 0);
        pond_put(shared, got[i]);
    }
    pond_stats before, s;
    pond_stats_read(shared, &before);
    must(before.live <= HAMMERS * 25, "%zu are live, of threads that are gone", (size_t)before.live);
    pond_epoch_advance();
    pond_epoch_advance();
    pond_stats_read(shared, &s);
    must(test_idle(&s) == 0 && s.live == before.live, "%zu idle, %zu live", test_idle(&s), (size_t)s.live);
    must((pond_destroy(shared) == 0) == (s.live == 0), "pond_destroy");
}

Test(fork, amid_threads_at_work)
{
    pthread_t threads[HAMMERS];
    shared = test_pond((pond_options){.size = sizeof(thing), .destroy = thing_destroy});
    for (size_t i = 0; i < HAMMERS; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, hammer, (void *)(i * 131)), 0);
    for (size_t i = 0; i < FORKS; i++)
        test_in_child(child_amid_hammers, NULL);
    atomic_store(&stop, true);
    for (size_t i = 0; i < HAMMERS; i++)
        pthread_join(threads[i], NULL);
    cr_assert_eq(test_stats(shared).live, 0);
    cr_assert_eq(pond_destroy(shared), 0);
}

/* ---- from a hook ---- */

/* In a hook of a tick no tick may begin, nor may a pond be destroyed. */
static void child_in_a_hook(void *arg)
{
    (void)arg;
    get_and_put(EACH);
    ledger_check(&book, shared, 0);
    get_and_put(2 * EACH);
    ledger_check(&book, shared, 0);
}

static void destroy_forks(void *obj, pond_drop_reason why, void *ctx)
{
    (void)obj, (void)why, (void)ctx;
    test_in_child(child_in_a_hook, NULL);
}

static bool reset_forks(void *obj, void *ctx)
{
    destroy_forks(obj, POND_DROP_REJECTED, ctx);
    return true;
}

/* The forking thread is amid a put, and then a tick, of another pond. */
Test(fork, from_a_hook_of_another_pond)
{
    void *obj;
    shared = test_pond(ledger_options(&book));
    get_and_put(EACH);
    pond *p = test_pond((pond_options){.size = 8, .reset = reset_forks, .destroy = destroy_forks});
    test_get(p, &obj, 1);
    pond_put(p, obj);
    pond_rotate(p);
    pond_rotate(p);
    cr_assert_eq(test_stats(p).dropped[POND_DROP_EPOCH], 1);
    cr_assert_eq(pond_destroy(p), 0);
    get_and_put(EACH);
    ledger_close(&book, shared);
}

/* ---- a thread that makes an object ---- */

static event making = EVENT_INIT, may_finish = EVENT_INIT;

static int construct_slowly(void *obj, void *ctx)
{
    (void)obj, (void)ctx;
    event_set(&making);
    event_wait(&may_finish);
    return 0;
}

static void get_slowly(void *obj)
{
    must((*(void **)obj = pond_get(shared)) != NULL, "errno %d", errno);
}

/* The object is in the hands of the thread that makes it, in the parent: live here for ever. */
static void child_counts(void *unused)
{
    (void)unused;
    pond_stats s = test_stats(shared);
    must(s.live == 1 && s.constructed == 1 && s.misses == 1 && s.puts == 0,
         "%zu live, %zu constructed, %zu misses", (size_t)s.live, (size_t)s.constructed, (size_t)s.misses);
    must(pond_destroy(shared) == -1 && errno == EBUSY, "destroyed with an object live");
}

Test(fork, while_another_thread_makes_an_object)
{
    void *obj;
    shared = test_pond((pond_options){.size = 64, .construct = construct_slowly});
    worker *maker = worker_start();
    worker_begin(maker, get_slowly, &obj);
    event_wait(&making);
    test_in_child(child_counts, NULL);
    event_set(&may_finish);
    worker_wait(maker);
    pond_put(shared, obj);
    test_stats(shared);
    worker_end(maker);
    cr_assert_eq(pond_destroy(shared), 0);
}

/* ---- a thread that has taken an object, and not yet said what it weighed ---- */

enum { WEIGHT = 1000 };

static atomic_bool weigh_slowly;
static event weighing = EVENT_INIT, may_weigh = EVENT_INIT;

static size_t weigh(const void *obj, void *ctx)
{
    (void)obj, (void)ctx;
    if (atomic_exchange(&weigh_slowly, false)) {
        event_set(&weighing);
        event_wait(&may_weigh);
    }
    return WEIGHT;
}

/* Nothing is idle here: as much as ever may be. */
static void child_keeps_two(void *unused)
{
    void *objs[2];
    (void)unused;
    test_get(shared, objs, 2);
    pond_put(shared, objs[0]);
    pond_put(shared, objs[1]);
    pond_stats s = test_stats(shared);
    must(test_idle(&s) == 2, "%zu idle", test_idle(&s));
}

Test(fork, while_another_thread_takes_bytes_away)
{
    void *obj;
    shared = test_pond((pond_options){.size = 64, .footprint = weigh, .max_idle_bytes = 2 * (64 + WEIGHT)});
    test_get(shared, &obj, 1);
    pond_put(shared, obj);
    worker *getter = worker_start();
    atomic_store(&weigh_slowly, true);
    worker_begin(getter, get_slowly, &obj);
    event_wait(&weighing);
    test_in_child(child_keeps_two, NULL);
    event_set(&may_weigh);
    worker_wait(getter);
    pond_put(shared, obj);
    worker_end(getter);
    cr_assert_eq(pond_destroy(shared), 0);
}

/* ---- a thread in the middle of a get ---- */

static pond *unused;

static void use_once(void *unused_argument)
{
    (void)unused_argument;
    pond_put(shared, pond_get(shared));
}

static void get_there(void *unused_argument)
{
    use_once(unused_argument); /* from here on the child's thread has the slot */
    void *obj = pond_get(unused);
    must(obj != NULL, "errno %d", errno);
    pond_put(unused, obj);
}

/* A get begins with a mark on its thread's line. The thread that marked it does not exist in the child. */
Test(fork, while_another_thread_has_marked_its_line)
{
    shared = test_pond((pond_options){.name = "used", .size = 64});
    unused = test_pond((pond_options){.name = "unused", .size = 64});
    worker *w = worker_start();
    worker_do(w, use_once, NULL);
    struct cache *line = &unused->caches[0]; /* its own: no other thread has used a pond */
    line->top = (void **)((uintptr_t)line->top + 1);
    test_in_child(get_there, NULL);
    line->top = (void **)((uintptr_t)line->top - 1);
    worker_end(w);
}

#ifdef POND_DEPOT_LOCK
/* In the child: magazines come from the depot and go to it, empty ones too. */
static void use_the_depot(void *unused_argument)
{
    enum { MANY = 600 };
    static void *objs[MANY];
    (void)unused_argument;
    for (int times = 0; times < 3; times++) {
        for (size_t i = 0; i < MANY; i++)
            must((objs[i] = pond_get(shared)) != NULL, "errno %d", errno);
        pond_put_many(shared, objs, MANY);
        pond_epoch_advance();
    }
    must(pond_destroy(shared) == 0, "errno %d", errno);
}

/*
 * A tick takes empty magazines from the depot under no lock but that of their stack, on a thread that does
 * not exist in the child.
 */
Test(fork, while_another_thread_is_in_the_depot)
{
    shared = test_pond((pond_options){.size = 64, .cache_objects = 8});
    struct depot_stack *all[] = {&shared->depot.stacks[0], &shared->depot.stacks[1], &shared->depot.stacks[2],
                                 &shared->depot.overdue,   &shared->depot.aged,      &shared->depot.empties};
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        ck_spinlock_lock(&all[i]->lock);
        test_in_child(use_the_depot, NULL);
        ck_spinlock_unlock(&all[i]->lock);
    }
}
#endif
