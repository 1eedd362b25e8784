/* SPDX-License-Identifier: BSD-2-Clause */
// valgrind
/*
 * Promise 6: idle objects are never written to. They are not even read: a page of an idle object may
 * be out of reach while magazines move between threads, ticks turn and the pond looks for objects.
 */
#include "test.h"

#include "threads.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

TestSuite(promise6, .timeout = TEST_ALARM);

enum { PAGE = 4096, OBJECTS = 200 };

static void *objs[OBJECTS];

static void get_and_put_all(void *arg)
{
    pond *p = (pond *)arg;
    void *all[OBJECTS];
    test_get(p, all, OBJECTS);
    pond_put_many(p, all, OBJECTS);
}

/* ---- what was there is still there ---- */

static unsigned char byte_of(const void *obj, size_t i)
{
    return (unsigned char)(((uintptr_t)obj >> 3) * 31 + i * 7 + 1);
}

static void fill(void *obj, size_t size)
{
    for (size_t i = 0; i < size; i++)
        ((unsigned char *)obj)[i] = byte_of(obj, i);
}

static void check(const void *obj, size_t size)
{
    for (size_t i = 0; i < size; i++)
        must(((const unsigned char *)obj)[i] == byte_of(obj, i), "%p: byte %zu of %zu", obj, i, size);
}

static void destroy_checks(void *obj, pond_drop_reason why, void *ctx)
{
    (void)why;
    check(obj, *(size_t *)ctx);
}

/* The objects wander between two threads and the depot, age, are stolen, and at last dropped. */
static void wander(pond *p, size_t size)
{
    worker *other = worker_start();
    for (int round = 0; round < 3; round++) {
        worker_do(other, get_and_put_all, p); /* at max_objects it steals them all */
        pond_epoch_advance();
        get_and_put_all(p);
        pond_stats_read(p, &(pond_stats){0});
        pond_reserve(p, OBJECTS);
    }
    for (size_t i = 0; i < OBJECTS; i++)
        check(objs[i], size);
    pond_epoch_advance();
    pond_epoch_advance();
    worker_end(other);
}

ParameterizedTestParameters(promise6, bytes_are_kept)
{
    static size_t sizes[] = {1, 3, 8, 24, 64, 200, 1024, PAGE, PAGE + 8, 40000};
    return cr_make_param_array(size_t, sizes, sizeof sizes / sizeof *sizes);
}

ParameterizedTest(size_t *size, promise6, bytes_are_kept)
{
    pond *p = test_pond(
        (pond_options){.size = *size, .destroy = destroy_checks, .ctx = size, .max_objects = OBJECTS});
    test_get(p, objs, OBJECTS);
    for (size_t i = 0; i < OBJECTS; i++)
        fill(objs[i], *size);
    pond_put_many(p, objs, OBJECTS);
    wander(p, *size);
    cr_assert_eq(test_stats(p).constructed, OBJECTS);
    cr_assert_eq(test_stats(p).dropped[POND_DROP_EPOCH], OBJECTS);
    cr_assert_eq(pond_destroy(p), 0);
}

/* ---- out of reach ---- */

static void protect(void *obj, int prot)
{
    must(mprotect(obj, PAGE, prot) == 0, "mprotect: errno %d", errno);
}

/* Idle objects' pages are closed; whoever wants to use or end one opens it first. */
static void destroy_opens(void *obj, pond_drop_reason why, void *ctx)
{
    (void)why, (void)ctx;
    protect(obj, PROT_READ | PROT_WRITE);
}

static void open_and_close_all(void *arg)
{
    pond *p = (pond *)arg;
    void *all[OBJECTS];
    test_get(p, all, OBJECTS);
    for (size_t i = 0; i < OBJECTS; i++) {
        protect(all[i], PROT_READ | PROT_WRITE);
        ((char *)all[i])[i]++;
        protect(all[i], PROT_NONE);
    }
    pond_put_many(p, all, OBJECTS);
}

static pond *closed_pages_pond(void)
{
    pond *p = test_pond(
        (pond_options){.size = PAGE, .align = PAGE, .destroy = destroy_opens, .max_objects = OBJECTS});
    test_get(p, objs, OBJECTS);
    for (size_t i = 0; i < OBJECTS; i++)
        protect(objs[i], PROT_NONE);
    pond_put_many(p, objs, OBJECTS);
    return p;
}

Test(promise6, idle_pages_out_of_reach)
{
    pond *p = closed_pages_pond();
    worker *other = worker_start();
    for (int round = 0; round < 5; round++) {
        worker_do(other, open_and_close_all, p);
        pond_epoch_advance();
        open_and_close_all(p);
        pond_rotate(p);
        pond_stats_read(p, &(pond_stats){0});
        pond_reserve(p, OBJECTS);
    }
    cr_assert_eq(test_stats(p).constructed, OBJECTS);
    cr_assert_eq(pond_trim(p), OBJECTS * PAGE);
    worker_end(other);
    cr_assert_eq(pond_destroy(p), 0);
}

Test(promise6, dropped_by_age_and_destroy_untouched)
{
    pond *p = closed_pages_pond();
    pond_epoch_advance();
    pond_epoch_advance();
    cr_assert_eq(test_stats(p).dropped[POND_DROP_EPOCH], OBJECTS);
    cr_assert_eq(pond_destroy(p), 0);
    p = closed_pages_pond();
    cr_assert_eq(pond_destroy(p), 0);
}

static void shuffle_closed(unsigned index, void *arg)
{
    pond *p = (pond *)arg;
    for (unsigned i = 0; i < TEST_TIMES(20000); i++) {
        void *obj = pond_get(p);
        if (obj != NULL) {
            protect(obj, PROT_READ | PROT_WRITE);
            *(unsigned *)obj = i;
            protect(obj, PROT_NONE);
            pond_put(p, obj);
        }
        if (i % 400 == index)
            pond_rotate(p);
    }
}

Test(promise6, out_of_reach_among_threads)
{
    pond *p = closed_pages_pond();
    crew_run(3, shuffle_closed, p);
    cr_assert_eq(pond_destroy(p), 0);
}

/* ---- objects keep what they own ---- */

typedef struct request {
    char *buffer;
    size_t room, used;
} request;

static int request_construct(void *obj, void *ctx)
{
    request *r = (request *)obj;
    (void)ctx;
    r->room = 512;
    r->buffer = (char *)malloc(r->room);
    return r->buffer == NULL ? ENOMEM : 0;
}

static bool request_reset(void *obj, void *ctx)
{
    (void)ctx;
    ((request *)obj)->used = 0;
    return true;
}

static void request_destroy(void *obj, pond_drop_reason why, void *ctx)
{
    (void)why, (void)ctx;
    free(((request *)obj)->buffer);
}

static void use_requests(unsigned index, void *arg)
{
    pond *p = (pond *)arg;
    for (unsigned i = 0; i < TEST_TIMES(40000); i++) {
        request *r = pond_get(p);
        must(r != NULL && r->used == 0 && r->buffer != NULL, "request %u", i);
        if (i % 1000 == index) {
            r->room *= 2;
            r->buffer = (char *)realloc(r->buffer, r->room);
            must(r->buffer != NULL, "no memory");
        }
        memset(r->buffer, (int)i, r->room);
        r->used = r->room;
        if (r->room > 1 << 16)
            pond_discard(p, r);
        else
            pond_put(p, r);
        if (i % 5000 == index)
            pond_epoch_advance();
    }
}

Test(promise6, buffers_are_kept)
{
    pond *p = test_pond((pond_options){.size = sizeof(request),
                                       .construct = request_construct,
                                       .reset = request_reset,
                                       .destroy = request_destroy});
    request *first = pond_get(p);
    char *buffer = first->buffer;
    pond_put(p, first);
    request *again = pond_get(p);
    cr_assert_eq(again->buffer, buffer, "the buffer outlives the put");
    pond_put(p, again);
    crew_run(3, use_requests, p);
    cr_assert_eq(pond_destroy(p), 0);
}
