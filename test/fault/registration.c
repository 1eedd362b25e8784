/* SPDX-License-Identifier: BSD-2-Clause */
// link: -Wl,--wrap=pthread_key_create,--wrap=pthread_setspecific,--wrap=pthread_atfork
/*
 * What the library needs of the thread library fails: then there is no pond, with a reason; or a thread
 * has no cache, and every call works all the same.
 */
#include "test.h"

#include "../misuse/heard.h"
#include "ledger.h"
#include "threads.h"

#include <setjmp.h>

static atomic_bool key_create_fails, setspecific_fails;
static atomic_bool atfork_fails =
    true; /* when the program begins, so that it is tried again at the first pond */

static void let_handlers_be(void)
{
    atomic_store(&atfork_fails, false);
}

TestSuite(registration, .init = let_handlers_be, .timeout = TEST_ALARM);

int __real_pthread_key_create(pthread_key_t *key, void (*destroy)(void *));
int __real_pthread_setspecific(pthread_key_t key, const void *value);
int __real_pthread_atfork(void (*prepare)(void), void (*parent)(void), void (*child)(void));
int __wrap_pthread_key_create(pthread_key_t *key, void (*destroy)(void *));
int __wrap_pthread_setspecific(pthread_key_t key, const void *value);
int __wrap_pthread_atfork(void (*prepare)(void), void (*parent)(void), void (*child)(void));

int __wrap_pthread_key_create(pthread_key_t *key, void (*destroy)(void *))
{
    return atomic_load(&key_create_fails) ? EAGAIN : __real_pthread_key_create(key, destroy);
}

int __wrap_pthread_setspecific(pthread_key_t key, const void *value)
{
    return atomic_load(&setspecific_fails) ? ENOMEM : __real_pthread_setspecific(key, value);
}

int __wrap_pthread_atfork(void (*prepare)(void), void (*parent)(void), void (*child)(void))
{
    return atomic_load(&atfork_fails) ? ENOMEM : __real_pthread_atfork(prepare, parent, child);
}

static ledger book = {.size = 64};

static void use(unsigned index, void *arg)
{
    pond *p = (pond *)arg;
    void *objs[200];
    for (unsigned round = 0; round < TEST_TIMES(200); round++) {
        for (size_t i = 0; i < 200; i++)
            must((objs[i] = ledger_get(&book, p)) != NULL, "errno %d", errno);
        for (size_t i = 0; i < 200; i++)
            ledger_put(&book, p, objs[i]);
        if (round % 10 == index)
            pond_epoch_advance();
    }
}

static void use_and_close(pond *p)
{
    crew_run(3, use, p);
    use(0, p);
    ledger_check(&book, p, 0);
    pond_epoch_advance();
    pond_epoch_advance();
    cr_assert_eq(ledger_objects(&book), 0);
    ledger_close(&book, p);
}

static void expect_no_pond(atomic_bool *fails)
{
    pond_options options = ledger_options(&book);
    atomic_store(fails, true);
    for (int i = 0; i < 3; i++) {
        errno = 0;
        cr_assert_null(pond_create(&options));
        cr_assert_eq(errno, ENOMEM, "errno %d", errno);
    }
    atomic_store(fails, false);
    use_and_close(test_pond(options));
}

Test(registration, no_key_is_left)
{
    expect_no_pond(&key_create_fails);
}

Test(registration, no_fork_handlers)
{
    expect_no_pond(&atfork_fails);
}

Test(registration, threads_without_a_cache)
{
    atomic_store(&setspecific_fails, true);
    use_and_close(test_pond(ledger_options(&book)));
}

/* First without, then with a cache. */
Test(registration, caches_later)
{
    pond *p = test_pond(ledger_options(&book));
    atomic_store(&setspecific_fails, true);
    crew_run(3, use, p);
    use(0, p);
    cr_assert_eq(test_stats(p).idle_local, 0);
    atomic_store(&setspecific_fails, false);
    use(0, p);
    cr_assert_gt(test_stats(p).idle_local, 0, "the thread has a cache now");
    use_and_close(p);
}

/* ---- hooks that are watched have a place in a table, in common with all such threads ---- */

static struct heard heard;
static pond *watched;
static jmp_buf out;

static bool reset_jumps(void *obj, void *ctx)
{
    (void)obj;
    if (*(bool *)ctx)
        longjmp(out, 1);
    return true;
}

static int construct_gets(void *obj, void *ctx)
{
    (void)obj;
    return *(bool *)ctx && pond_get(watched) == NULL ? errno : 0;
}

static void get_and_put(unsigned index, void *unused)
{
    (void)index, (void)unused;
    for (int i = 0; i < TEST_TIMES(400); i++) {
        pond_put(watched, pond_get(watched));
        pond_discard(watched, pond_get(watched));
    }
}

static void open_watched(pond_options options, bool *wrong)
{
    *wrong = false;
    options.ctx = wrong;
    listen_to(&heard, "double");
    atomic_store(&setspecific_fails, true);
    watched = test_pond(options);
    crew_run(3, get_and_put, NULL);
    cr_assert_eq(heard.count, 0, "%s", heard.text);
    *wrong = true;
}

Test(registration, a_hook_is_left_without_a_cache)
{
    static bool wrong;
    open_watched((pond_options){.name = "watched", .size = 64, .reset = reset_jumps}, &wrong);
    void *volatile obj = pond_get(watched);
    if (setjmp(out) == 0)
        pond_put(watched, obj);
    wrong = false;
    pond_put(watched, obj);
    HEARD(heard, 0, "hook", "the reset hook was left");
    cr_assert_eq(pond_destroy(watched), 0);
    cr_assert_eq(heard.count, 1, "%s", heard.text);
}

Test(registration, a_hook_calls_its_own_pond_without_a_cache)
{
    static bool wrong;
    open_watched((pond_options){.name = "watched", .size = 64, .construct = construct_gets}, &wrong);
    (void)pond_trim(watched); /* the next get makes one */
    cr_assert_null(pond_get(watched));
    HEARD(heard, 0, "hook", "the construct hook calls into its own pond");
    cr_assert_eq(pond_destroy(watched), 0);
}
