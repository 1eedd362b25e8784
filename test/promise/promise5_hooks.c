/* SPDX-License-Identifier: BSD-2-Clause */
// debug
// valgrind
/*
 * Promise 5, what each hook is called for: once each, in order, with the right reason, on the thread
 * whose call needs it; what it returns reaches the caller. promise5_blocked_hooks.c has the rest.
 */
#include "test.h"

#include "ledger.h"
#include "witness.h"

#include <stdlib.h>
#include <string.h>

TestSuite(promise5, .timeout = TEST_ALARM);

static witness seen = WITNESS_INIT;

static bool reset_rejects(void *obj, void *ctx)
{
    (void)obj, (void)ctx;
    return false;
}

/* ---- reasons ---- */

typedef struct cause {
    pond_drop_reason why;
    size_t drops;
} cause;

static pond_options options_for(pond_drop_reason why)
{
    pond_options options = witness_options(&seen, 100);
    if (why == POND_DROP_REJECTED)
        options.reset = reset_rejects;
    if (why == POND_DROP_LIMIT)
        options.max_idle_bytes = 1;
    return options;
}

static void bring_about(pond *p, pond_drop_reason why, void **objs, size_t n)
{
    if (why == POND_DROP_DISCARDED)
        for (size_t i = 0; i < n; i++)
            pond_discard(p, objs[i]);
    else
        pond_put_many(p, objs, n);
    if (why == POND_DROP_EPOCH) {
        pond_epoch_advance();
        pond_epoch_advance();
    }
    if (why == POND_DROP_TRIM)
        cr_assert_eq(pond_trim(p), n * test_stats(p).object_bytes);
}

ParameterizedTestParameters(promise5, destroy_is_told_why)
{
    static cause all[] = {{POND_DROP_EPOCH, 300},     {POND_DROP_REJECTED, 300}, {POND_DROP_TRIM, 300},
                          {POND_DROP_DISCARDED, 300}, {POND_DROP_LIMIT, 300},    {POND_DROP_DESTROY, 300}};
    return cr_make_param_array(cause, all, sizeof all / sizeof *all);
}

ParameterizedTest(cause *c, promise5, destroy_is_told_why)
{
    void *objs[300];
    pond *p = test_pond(options_for(c->why));
    test_get(p, objs, c->drops);
    bring_about(p, c->why, objs, c->drops);
    cr_assert_eq(test_stats(p).dropped[c->why], c->why == POND_DROP_DESTROY ? 0 : c->drops);
    cr_assert_eq(pond_destroy(p), 0);
    cr_assert_eq(witness_count(&seen), c->drops, "%zu destroyed", witness_count(&seen));
    cr_assert_eq(witness_count_why(&seen, c->why), c->drops);
    for (size_t i = 0; i < c->drops; i++) {
        cr_assert(witness_saw(&seen, objs[i]));
        cr_assert(pthread_equal(seen.by[i], pthread_self()), "destroy ran on the calling thread");
    }
}

/* ---- construct and create ---- */

typedef struct maker {
    int fail_from, fail_with; /* calls from this one on fail */
    int calls, destroyed;
} maker;

static int maker_construct(void *obj, void *ctx)
{
    maker *m = (maker *)ctx;
    (void)obj;
    return m->calls++ >= m->fail_from ? m->fail_with : 0;
}

static void *maker_create(void *ctx)
{
    maker *m = (maker *)ctx;
    if (m->calls++ < m->fail_from)
        return malloc(32);
    errno = m->fail_with;
    return NULL;
}

static void maker_destroy(void *obj, pond_drop_reason why, void *ctx)
{
    (void)obj, (void)why;
    ((maker *)ctx)->destroyed++;
}

static void maker_free(void *obj, pond_drop_reason why, void *ctx)
{
    maker_destroy(obj, why, ctx);
    free(obj);
}

/* The first five objects are made, then none. */
static void check_failing_maker(pond_options options, maker *m)
{
    void *objs[10];
    options.ctx = m;
    pond *p = test_pond(options);
    errno = 0;
    cr_assert_eq(pond_get_many(p, objs, 10), 5);
    cr_assert_eq(errno, m->fail_with, "errno %d", errno);
    errno = 0;
    cr_assert_null(pond_get(p));
    cr_assert_eq(errno, m->fail_with, "errno %d", errno);
    pond_put_many(p, objs, 3);
    errno = 0;
    cr_assert_eq(pond_reserve(p, 10), 3);
    cr_assert_eq(errno, m->fail_with, "errno %d", errno);
    test_get(p, objs, 3);
    pond_stats s = test_stats(p);
    cr_assert_eq(s.constructed, 5);
    cr_assert_eq(s.gets, 8, "failed gets are not counted");
    pond_put_many(p, objs, 5);
    cr_assert_eq(pond_destroy(p), 0);
    cr_assert_eq(m->destroyed, 5, "what was not constructed is not destroyed");
}

ParameterizedTestParameters(promise5, failure_reaches_the_caller)
{
    static int errors[] = {EIO, ENOMEM, ENETDOWN, EAGAIN};
    return cr_make_param_array(int, errors, sizeof errors / sizeof *errors);
}

ParameterizedTest(int *error, promise5, failure_reaches_the_caller)
{
    maker construct = {.fail_from = 5, .fail_with = *error}, create = construct;
    check_failing_maker((pond_options){.size = 40, .construct = maker_construct, .destroy = maker_destroy},
                        &construct);
    check_failing_maker((pond_options){.create = maker_create, .destroy = maker_free}, &create);
}

Test(promise5, failed_constructs_leak_no_memory)
{
    maker m = {.fail_from = 0, .fail_with = EIO};
    pond *p = test_pond((pond_options){.size = 4096, .construct = maker_construct, .ctx = &m});
    cr_assert_null(pond_get(p));
    uint64_t slab_bytes = test_stats(p).slab_bytes;
    for (int i = 0; i < 10000; i++)
        cr_assert_null(pond_get(p));
    cr_assert_leq(test_stats(p).slab_bytes, slab_bytes);
    cr_assert_eq(pond_destroy(p), 0);
}

Test(promise5, create_without_errno_is_no_success)
{
    maker m = {.fail_from = 0, .fail_with = 0};
    pond *p = test_pond((pond_options){.create = maker_create, .destroy = maker_free, .ctx = &m});
    cr_assert_null(pond_get(p));
    cr_assert_eq(pond_destroy(p), 0);
}

/* New memory is zero before construct, that of an object that was dropped too. */
static int construct_checks_zero(void *obj, void *ctx)
{
    size_t size = *(size_t *)ctx;
    for (size_t i = 0; i < size; i++)
        must(((unsigned char *)obj)[i] == 0, "byte %zu of %zu", i, size);
    memset(obj, 0xa5, size);
    return 0;
}

ParameterizedTestParameters(promise5, memory_is_zero_before_construct)
{
    static size_t sizes[] = {1, 8, 24, 100, 1000, 4096, 5000, 70000, 1 << 20};
    return cr_make_param_array(size_t, sizes, sizeof sizes / sizeof *sizes);
}

ParameterizedTest(size_t *size, promise5, memory_is_zero_before_construct)
{
    void *objs[20];
    pond *p = test_pond((pond_options){.size = *size, .construct = construct_checks_zero, .ctx = size});
    for (int round = 0; round < 5; round++) {
        test_get(p, objs, 20);
        for (size_t i = 0; i < 20; i++)
            pond_discard(p, objs[i]);
        if (round % 2 == 1)
            pond_epoch_advance();
    }
    cr_assert_eq(test_stats(p).constructed, 100);
    cr_assert_eq(pond_destroy(p), 0);
}

/* ---- reset ---- */

Test(promise5, rejected_objects_are_destroyed_once)
{
    static ledger book = {.size = 64, .reject_one_in = 3};
    pond *p = test_pond(ledger_options(&book));
    void *objs[30];
    for (int round = 0; round < 100; round++) {
        for (int i = 0; i < 30; i++)
            objs[i] = ledger_get(&book, p);
        for (int i = 0; i < 30; i++)
            ledger_put(&book, p, objs[i]);
    }
    cr_assert_eq(atomic_load(&book.resets), 3000, "one reset for each put");
    cr_assert_eq(atomic_load(&book.destroyed[POND_DROP_REJECTED]), 1000);
    ledger_close(&book, p);
}

Test(promise5, discard_does_not_reset)
{
    static ledger book = {.size = 64};
    pond *p = test_pond(ledger_options(&book));
    for (int i = 0; i < 100; i++)
        ledger_discard(&book, p, ledger_get(&book, p));
    cr_assert_eq(atomic_load(&book.resets), 0);
    cr_assert_eq(atomic_load(&book.constructed), 100);
    ledger_close(&book, p);
}

Test(promise5, put_many_resets_each)
{
    static ledger book = {.size = 64, .reject_one_in = 4};
    pond *p = test_pond(ledger_options(&book));
    void *objs[200];
    cr_assert_eq(pond_get_many(p, objs, 200), 200);
    for (size_t i = 0; i < 200; i++) {
        ledger_took(&book, objs[i]);
        ledger_gives(&book, objs[i]);
    }
    pond_put_many(p, objs, 200);
    cr_assert_eq(atomic_load(&book.resets), 200);
    ledger_check(&book, p, 0);
    cr_assert_eq(ledger_objects(&book), 150);
    ledger_close(&book, p);
}

/* ---- footprint ---- */

typedef struct buffer {
    size_t room;
    char *bytes;
} buffer;

static size_t buffer_footprint(const void *obj, void *ctx)
{
    (void)ctx;
    return ((const buffer *)obj)->room;
}

static void buffer_grow(buffer *b, size_t room)
{
    b->bytes = (char *)realloc(b->bytes, room);
    must(b->bytes != NULL, "no memory for a buffer");
    b->room = room;
}

static void buffer_destroy(void *obj, pond_drop_reason why, void *ctx)
{
    ((size_t *)ctx)[why]++;
    free(((buffer *)obj)->bytes);
}

Test(promise5, grown_objects_are_dropped)
{
    size_t drops[POND_DROP_REASONS] = {0};
    pond *p = test_pond((pond_options){.size = sizeof(buffer),
                                       .destroy = buffer_destroy,
                                       .footprint = buffer_footprint,
                                       .max_footprint = 1000,
                                       .ctx = drops});
    buffer *objs[40];
    test_get(p, (void **)objs, 40);
    for (size_t i = 0; i < 40; i++)
        buffer_grow(objs[i], 981 + i);
    for (size_t i = 0; i < 40; i++)
        pond_put(p, objs[i]);
    cr_assert_eq(drops[POND_DROP_LIMIT], 20, "%zu dropped", drops[POND_DROP_LIMIT]);
    pond_stats s = test_stats(p);
    cr_assert_eq(s.dropped[POND_DROP_LIMIT], 20);
    cr_assert_eq(test_idle(&s), 20);
    test_get(p, (void **)objs, 20);
    for (size_t i = 0; i < 20; i++)
        cr_assert(objs[i]->room <= 1000 && objs[i]->bytes != NULL, "a kept buffer is still there");
    pond_put_many(p, (void **)objs, 20);
    size_t bytes = pond_trim(p);
    cr_assert_eq(drops[POND_DROP_TRIM], 20);
    cr_assert_eq(bytes, 20 * s.object_bytes + (981 + 1000) * 10, "%zu bytes", bytes);
    cr_assert_eq(pond_destroy(p), 0);
}

/* ---- zero on put ---- */

static bool reset_leaves_a_secret(void *obj, void *ctx)
{
    memset(obj, 0x5a, *(size_t *)ctx);
    return true;
}

ParameterizedTestParameters(promise5, zero_on_put)
{
    static size_t sizes[] = {1, 13, 64, 4096, 100000};
    return cr_make_param_array(size_t, sizes, sizeof sizes / sizeof *sizes);
}

ParameterizedTest(size_t *size, promise5, zero_on_put)
{
    pond *p = test_pond((pond_options){
        .size = *size, .reset = reset_leaves_a_secret, .ctx = size, .flags = POND_ZERO_ON_PUT});
    void *objs[20], *secret[20];
    test_get(p, secret, 20);
    for (size_t i = 0; i < 20; i++)
        memset(secret[i], 0xff, *size);
    pond_put_many(p, secret, 10);
    for (size_t i = 10; i < 20; i++)
        pond_put(p, secret[i]);
    test_get(p, objs, 20);
    cr_assert_eq(test_stats(p).constructed, 20);
    for (size_t i = 0; i < 20; i++)
        for (size_t byte = 0; byte < *size; byte++)
            cr_assert_eq(((unsigned char *)objs[i])[byte], 0);
    pond_put_many(p, objs, 20);
    cr_assert_eq(pond_destroy(p), 0);
}
