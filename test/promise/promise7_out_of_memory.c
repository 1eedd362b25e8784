/* SPDX-License-Identifier: BSD-2-Clause */
// debug
// link: -Wl,--wrap=mmap,--wrap=munmap,--wrap=madvise
/*
 * Promise 7: out of memory is a NULL and an errno, never an abort; nothing already in the pond is lost.
 * A scenario that uses all of the library runs with each of its system calls failing in turn.
 */
#include "test.h"

#include "../../src/os.h"

#include "fault.h"
#include "ledger.h"
#include "memory.h"
#include "threads.h"

TestSuite(promise7, .timeout = 2 * TEST_ALARM);

enum { HELD = 3000 };

/* One pond of the scenario, the objects held of it, and its ledger. */
typedef struct actor {
    ledger book;
    pond *pond;
    bool bounded; /* by max_idle_bytes */
    void *held[HELD];
    size_t n;
} actor;

static void open_actor(actor *a, size_t size, bool created, size_t max_idle_bytes)
{
    *a = (actor){.book = {.size = size}, .bounded = max_idle_bytes > 0};
    pond_options options = created ? ledger_create_options(&a->book) : ledger_options(&a->book);
    options.max_idle_bytes = max_idle_bytes;
    errno = 0;
    a->pond = pond_create(&options);
    must(a->pond != NULL || errno == ENOMEM, "pond_create: errno %d", errno);
}

/* As many of n as there is memory for. */
static void actor_get(actor *a, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        errno = 0;
        void *obj = ledger_get(&a->book, a->pond);
        must(obj != NULL || errno == ENOMEM, "pond_get: errno %d", errno);
        if (obj != NULL)
            a->held[a->n++] = obj;
    }
}

static void actor_put(actor *a, size_t keep)
{
    while (a->n > keep) {
        errno = 4711;
        ledger_put(&a->book, a->pond, a->held[--a->n]);
        must(errno == 4711, "put left errno %d", errno);
    }
}

static void actor_many(actor *a, size_t n)
{
    errno = 0;
    size_t got = pond_get_many(a->pond, a->held + a->n, n);
    must(got == n || errno == ENOMEM, "pond_get_many: errno %d", errno);
    for (size_t i = 0; i < got; i++)
        ledger_took(&a->book, a->held[a->n + i]);
    for (size_t i = 0; i < got; i++)
        ledger_gives(&a->book, a->held[a->n + i]);
    pond_put_many(a->pond, a->held + a->n, got);
    errno = 0;
    size_t idle = pond_reserve(a->pond, n);
    must(idle >= n || errno == ENOMEM || (errno == EAGAIN && a->bounded), "pond_reserve: errno %d", errno);
}

static void *use_on_a_thread(void *arg)
{
    actor *a = (actor *)arg;
    size_t before = a->n;
    actor_get(a, 100);
    actor_put(a, before);
    return NULL;
}

static void actor_close(actor *a)
{
    actor_put(a, 0);
    ledger_close(&a->book, a->pond);
}

static void play(actor *a, size_t n)
{
    actor_get(a, n);
    actor_put(a, n / 10);
    thread_run(use_on_a_thread, a);
    actor_many(a, n / 2);
    pond_epoch_advance();
    actor_get(a, n / 20);
    actor_put(a, n / 30);
    pond_rotate(a->pond);
    ledger_check(&a->book, a->pond, a->n);
    pond_trim(n % 2 == 0 ? a->pond : NULL);
    actor_get(a, n / 2);
    pond_epoch_advance();
    actor_close(a);
}

static void scenario(void)
{
    static actor a;
    open_actor(&a, 64, false, 0);
    if (a.pond != NULL)
        play(&a, HELD / 2);
    open_actor(&a, 1 << 20, false, 0);
    if (a.pond != NULL)
        play(&a, 7);
    open_actor(&a, 100, true, 5000);
    if (a.pond != NULL)
        play(&a, 50);
    open_actor(&a, 600, false, 400000);
    if (a.pond != NULL)
        play(&a, 1000);
}

/* The last ponds destroyed keep some address space: as many as they can be, each of one kind. */
static void memory_steady(void)
{
    for (int i = 0; i < 64; i++) {
        pond *p = pond_create(&(pond_options){.size = 64});
        must(p != NULL && pond_destroy(p) == 0, "a pond");
    }
}

enum { ROUNDS = 8 };

/* What is lost is lost in every round; a table of the page map comes once for slabs in a new place.
   Neighbours merge in one round and not in another: so mappings may be a few more, fewer than rounds. */
static bool stays_at(size_t mappings, size_t mapped)
{
    for (int round = 0; round < ROUNDS; round++) {
        scenario();
        memory_steady();
    }
    size_t table = MAX((size_t)24 << 10, os_page_size());
    return memory_mappings() < mappings + ROUNDS && memory_mapped() <= mapped + table;
}

/* A build that looks at every invariant takes its time, and more so with words on: some of the calls are
 * enough there. */
#if defined(POND_DEBUG_DEFAULT)
enum { SHARE = 15 };
#elif defined(POND_ASSERTS)
enum { SHARE = 5 };
#else
enum { SHARE = 1 };
#endif

/* Each test is a process of its own, so that the first runs meet the library before its first use. */
static void fail_each_in_turn(fault_call call, bool onwards, size_t stride)
{
    size_t n = 0;
    stride *= SHARE;
    do {
        fault_arm(call, n, onwards);
        scenario();
        n += stride;
    } while (fault_hits(call) > 0);
    cr_assert_gt(n, 2 * stride, "the scenario uses the call");
    fault_disarm(call);
    scenario();
    memory_steady();
    size_t mappings = memory_mappings(), mapped = memory_mapped();
    cr_assert(TEST_SANITIZED || stays_at(mappings, mapped),
              "%zu mappings of %zu bytes before, %zu of %zu after", mappings, mapped, memory_mappings(),
              memory_mapped());
}

Test(promise7, every_single_mmap)
{
    fail_each_in_turn(FAULT_MMAP, false, 1);
}

Test(promise7, every_mmap_from_one_on)
{
    fail_each_in_turn(FAULT_MMAP, true, 1);
}

Test(promise7, every_single_munmap)
{
    fail_each_in_turn(FAULT_MUNMAP, false, 1);
}

Test(promise7, every_munmap_from_one_on)
{
    fail_each_in_turn(FAULT_MUNMAP, true, 3);
}

Test(promise7, every_madvise_from_one_on)
{
    fail_each_in_turn(FAULT_MADVISE, true, 7);
}

Test(promise7, failed_calls_leak_nothing)
{
    scenario();
    memory_steady();
    size_t mappings = memory_mappings(), mapped = memory_mapped();
    size_t n = 0;
    do {
        fault_arm(FAULT_MMAP, n, n % 2 == 0);
        scenario();
        n += SHARE;
    } while (fault_hits(FAULT_MMAP) > 0);
    fault_disarm(FAULT_MMAP);
    cr_assert(TEST_SANITIZED || stays_at(mappings, mapped),
              "%zu mappings of %zu bytes before, %zu of %zu after", mappings, mapped, memory_mappings(),
              memory_mapped());
}

/* While there is no memory: what is live stays usable, what is idle can be got, puts never fail. */
Test(promise7, what_is_there_stays_usable)
{
    static actor a;
    open_actor(&a, 4096, false, 0);
    actor_get(&a, 500);
    actor_put(&a, 400);
    fault_arm(FAULT_MMAP, 0, true);
    actor_get(&a, HELD - 400);
    cr_assert_gt(fault_hits(FAULT_MMAP), 0);
    size_t most = a.n;
    cr_assert_geq(most, 500, "the idle ones could be got");
    actor_put(&a, 0);
    actor_get(&a, 60);
    cr_assert_eq(a.n, 60, "what was put can be got again");
    pond_epoch_advance();
    pond_epoch_advance();
    pond_trim(NULL);
    ledger_check(&a.book, a.pond, 60);
    fault_disarm(FAULT_MMAP);
    actor_get(&a, HELD - 60);
    cr_assert_eq(a.n, HELD, "and with memory there are as many as before");
    actor_close(&a);
}

/* construct fails at each of its calls in turn. */
Test(promise7, every_single_construct)
{
    static actor a;
    for (size_t k = 1; k <= 40; k++) {
        bool created = k % 2 == 0;
        a = (actor){.book = {.size = 64, .fail_at = k, .fail_with = ENOMEM}};
        a.pond = test_pond(created ? ledger_create_options(&a.book) : ledger_options(&a.book));
        actor_get(&a, 30);
        cr_assert_eq(a.n, k <= 30 ? 29 : 30);
        actor_put(&a, 3);
        actor_many(&a, 35);
        actor_close(&a);
    }
}
