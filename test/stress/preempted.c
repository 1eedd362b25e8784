/* SPDX-License-Identifier: BSD-2-Clause */
// variants: release fence lock clang asan
// link: -Wl,--wrap=os_nap
/*
 * A thread that is held up inside the fast path: a signal stops it there until a tick has finished.
 * The tick must not wait for it; what it does afterwards must not harm, and its cache ages with the
 * next ticks. Under ThreadSanitizer signals arrive only between instrumented calls, hence not there.
 */
#include "test.h"

#include "ledger.h"
#include "threads.h"

#include <pond/inline.h>
#include <semaphore.h>
#include <signal.h>
#include <ucontext.h>

TestSuite(preempted, .timeout = TEST_ALARM);

/* What a handler may use: semaphores and atomics. */
static sem_t inside, go;
static atomic_bool stop, holding;
static atomic_size_t held_inside, held_elsewhere, hammered;
static ledger book = {.size = 64};
static pond *shared;

/*
 * The fast path, inlined into functions in a section of their own, so that the handler knows it by address.
 */
extern const char __start_hot_path[], __stop_hot_path[];

__attribute__((section("hot_path"), noinline)) static void *hot_get(pond *p)
{
    return pond_get_inline(p);
}

__attribute__((section("hot_path"), noinline)) static void hot_put(pond *p, void *obj)
{
    pond_put_inline(p, obj);
}

static const char *interrupted_at(const void *context)
{
    const ucontext_t *at = (const ucontext_t *)context;
#if defined(__x86_64__)
    return (const char *)at->uc_mcontext.gregs[REG_RIP];
#elif defined(__aarch64__)
    return (const char *)at->uc_mcontext.pc;
#elif defined(__riscv)
    return (const char *)at->uc_mcontext.__gregs[REG_PC];
#elif defined(__i386__)
    return (const char *)at->uc_mcontext.gregs[REG_EIP];
#else
    (void)at;
    return NULL;
#endif
}

/* Holds the thread only where it is busy in its cache by the fast path: the slow path may hold locks. */
static void hold(int signal, siginfo_t *info, void *context)
{
    int saved = errno;
    const char *at = interrupted_at(context);
    (void)signal, (void)info;
    bool hot = at >= __start_hot_path && at < __stop_hot_path &&
               (__atomic_load_n(&pond_line(shared)->top, __ATOMIC_RELAXED) & 1) != 0;
    atomic_fetch_add(hot ? &held_inside : &held_elsewhere, 1);
    atomic_store(&holding, hot);
    sem_post(&inside);
    if (hot)
        while (sem_wait(&go) != 0)
            ;
    errno = saved;
}

static void wait_for(sem_t *s)
{
    while (sem_wait(s) != 0)
        ;
}

/* Gets and puts without end, most of them served by the cache. */
static void hammer(void *arg)
{
    void *objs[8];
    (void)arg;
    while (!atomic_load_explicit(&stop, memory_order_relaxed)) {
        for (size_t i = 0; i < 8; i++) {
            objs[i] = hot_get(shared);
            must(objs[i] != NULL, "errno %d", errno);
            ledger_took(&book, objs[i]);
        }
        for (size_t i = 0; i < 8; i++) {
            ledger_gives(&book, objs[i]);
            hot_put(shared, objs[i]);
        }
        atomic_fetch_add(&hammered, 1);
    }
}

static void catch_signal(void)
{
    struct sigaction action = {.sa_sigaction = hold, .sa_flags = SA_SIGINFO | SA_RESTART};
    sigemptyset(&action.sa_mask);
    cr_assert_eq(sigaction(SIGUSR1, &action, NULL), 0);
    sem_init(&inside, 0, 0);
    sem_init(&go, 0, 0);
}

/* No reset hook, so that a put is the fast path and nothing else. */
static void open_shared(void)
{
    book.no_reset = true;
    shared = test_pond(ledger_options(&book));
    catch_signal();
}

/* Sends the signal until it stops the thread inside the fast path. */
static void stop_inside(worker *w)
{
    do {
        must(pthread_kill(worker_thread(w), SIGUSR1) == 0, "no signal");
        wait_for(&inside);
    } while (!atomic_load(&holding));
}

/* Lets it go, and sees it get and put again. */
static void go_on(void)
{
    size_t rounds = atomic_load(&hammered);
    sem_post(&go);
    while (atomic_load(&hammered) < rounds + 2)
        sched_yield();
}

/* A nap takes no time: a stopped thread is given up after many of them. */
static atomic_size_t naps;

void __wrap_os_nap(void);

void __wrap_os_nap(void)
{
    atomic_fetch_add(&naps, 1);
}

static void tick_some(void)
{
    for (int i = 0; i < 4; i++)
        pond_epoch_advance();
    pond_rotate(shared);
    pond_stats_read(shared, &(pond_stats){0});
}

/*
 * While the thread is held this one ticks and takes what is idle, and keeps it until the other has
 * gone on: would the tick have emptied the held thread's cache, one object were now in two hands.
 */
static void one_round(worker *w)
{
    void *objs[50];
    stop_inside(w);
    pond_rotate(shared);
    for (size_t i = 0; i < 50; i++)
        must((objs[i] = ledger_get(&book, shared)) != NULL, "errno %d", errno);
    tick_some();
    go_on();
    for (size_t i = 0; i < 50; i++)
        ledger_put(&book, shared, objs[i]);
}

Test(preempted, a_tick_does_not_wait)
{
    enum { ROUNDS = 200 };
    open_shared();
    worker *w = worker_start();
    worker_begin(w, hammer, NULL);
    for (size_t i = 0; i < ROUNDS; i++)
        one_round(w);
    atomic_store(&stop, true);
    worker_wait(w);
    cr_assert_geq(atomic_load(&held_inside), ROUNDS);
    ledger_check(&book, shared, 0);
    pond_epoch_advance();
    pond_epoch_advance();
    cr_assert_eq(ledger_objects(&book), 0, "its cache aged once it went on");
    worker_end(w);
    ledger_close(&book, shared);
}

/* The same, but it returns after the operation in which it is told to, with what it holds at that moment. */
static void *kept[8];
static size_t kept_count;

static void hammer_until_told(void *arg)
{
    (void)arg;
    for (;;) {
        while (kept_count < 8) {
            must((kept[kept_count] = hot_get(shared)) != NULL, "errno %d", errno);
            ledger_took(&book, kept[kept_count++]);
            if (atomic_load(&stop))
                return;
        }
        while (kept_count > 0) {
            ledger_gives(&book, kept[--kept_count]);
            hot_put(shared, kept[kept_count]);
            if (atomic_load(&stop))
                return;
        }
        atomic_fetch_add(&hammered, 1);
    }
}

/*
 * Neither a get at max_objects nor a trim nor pond_destroy waits without end for a thread that does not run.
 */
Test(preempted, a_stopped_thread_is_given_up)
{
    enum { MOST = 20 };
    void *objs[MOST + 1];
    size_t got = 0;
    book.no_reset = true;
    pond_options options = ledger_options(&book);
    options.max_objects = MOST;
    shared = test_pond(options);
    catch_signal();
    worker *w = worker_start();
    worker_begin(w, hammer_until_told, NULL);
    while (atomic_load(&hammered) < 2) /* before its line was ever open nobody has to wait for it */
        sched_yield();
    stop_inside(w);
    while ((objs[got] = ledger_get(&book, shared)) != NULL)
        got++;
    cr_assert_eq(errno, EAGAIN);
    /* On a loaded machine a nap takes long, and the time is up after few. */
    cr_assert(got >= MOST - 8 && atomic_load(&naps) > 0, "%zu objects, %zu naps", got, atomic_load(&naps));
    for (size_t i = 0; i < 1000; i++)
        cr_assert_null(ledger_get(&book, shared));
    cr_assert_leq(atomic_load(&naps), 20000, "the wait was for the first get alone");
    (void)pond_trim(shared);
    cr_assert_eq(pond_destroy(shared), -1);
    cr_assert_eq(errno, EBUSY);
    while (got > MOST - 8)
        ledger_put(&book, shared, objs[--got]);
    atomic_store(&stop, true);
    sem_post(&go);
    worker_wait(w);
    while ((objs[got] = ledger_get(&book, shared)) != NULL)
        got++;
    cr_assert_eq(got + kept_count, MOST, "what the thread cached when it slept again is to be had");
    while (kept_count > 0)
        ledger_put(&book, shared, kept[--kept_count]);
    while (got > 0)
        ledger_put(&book, shared, objs[--got]);
    ledger_check(&book, shared, 0);
    worker_end(w);
    ledger_close(&book, shared);
}

/* What the stopped thread caches is in its hands, in the child: there it is live, and nobody's. */
static void go_on_in_child(void *unused)
{
    void *objs[50];
    (void)unused;
    test_stats(shared);
    for (size_t i = 0; i < 50; i++)
        must((objs[i] = ledger_get(&book, shared)) != NULL, "errno %d", errno);
    for (size_t i = 0; i < 50; i++)
        ledger_put(&book, shared, objs[i]);
    pond_epoch_advance();
    pond_epoch_advance();
    pond_stats s = test_stats(shared);
    must(test_idle(&s) == 0 && s.live >= 8, "%zu idle, %zu live", test_idle(&s), (size_t)s.live);
}

Test(preempted, a_fork_goes_by_a_stopped_thread)
{
    open_shared();
    worker *w = worker_start();
    worker_begin(w, hammer, NULL);
    while (atomic_load(&hammered) < 2)
        sched_yield();
    for (size_t i = 0; i < TEST_TIMES(20); i++) {
        stop_inside(w);
        test_in_child(go_on_in_child, NULL);
        go_on();
    }
    atomic_store(&stop, true);
    worker_wait(w);
    ledger_check(&book, shared, 0);
    worker_end(w);
    ledger_close(&book, shared);
}

/* The magazines of a cache that the child abandoned count no more: as much as ever may be idle there. */
enum { MAY_BE_IDLE = 320 };

static void fill_in_child(void *unused)
{
    void *objs[MAY_BE_IDLE];
    (void)unused;
    for (size_t i = 0; i < MAY_BE_IDLE; i++)
        must((objs[i] = ledger_get(&book, shared)) != NULL, "errno %d", errno);
    for (size_t i = 0; i < MAY_BE_IDLE; i++)
        ledger_put(&book, shared, objs[i]);
    pond_stats s = test_stats(shared);
    must(test_idle(&s) == MAY_BE_IDLE, "%zu idle", test_idle(&s));
}

Test(preempted, a_forked_child_may_keep_as_much)
{
    book.no_reset = true;
    pond_options options = ledger_options(&book);
    options.max_idle_bytes = 64 * MAY_BE_IDLE;
    shared = test_pond(options);
    catch_signal();
    worker *w = worker_start();
    worker_begin(w, hammer, NULL);
    while (atomic_load(&hammered) < 2)
        sched_yield();
    stop_inside(w);
    test_in_child(fill_in_child, NULL);
    go_on();
    atomic_store(&stop, true);
    worker_wait(w);
    worker_end(w);
    ledger_close(&book, shared);
}
