/* SPDX-License-Identifier: BSD-2-Clause */
// debug
/*
 * Promise 5, where hooks run: outside every lock and outside the fast path's critical section. So a
 * hook may use other ponds, and one that blocks holds up nobody but its own caller; and a get never
 * returns an object whose reset has not finished.
 */
#include "test.h"

#include "threads.h"
#include "witness.h"

#include <stdlib.h>
#include <string.h>

TestSuite(promise5, .timeout = TEST_ALARM);

/* ---- hooks that use another pond ---- */

typedef struct outer {
    void *inner; /* an object of the other pond */
} outer;

static pond *inner_pond;

static int outer_construct(void *obj, void *ctx)
{
    (void)ctx;
    ((outer *)obj)->inner = pond_get(inner_pond);
    return ((outer *)obj)->inner == NULL ? errno : 0;
}

static bool outer_reset(void *obj, void *ctx)
{
    (void)ctx;
    void *burst[8];
    test_get(inner_pond, burst, 8);
    pond_put(inner_pond, ((outer *)obj)->inner);
    ((outer *)obj)->inner = burst[7];
    pond_put_many(inner_pond, burst, 7);
    return true;
}

static void outer_destroy(void *obj, pond_drop_reason why, void *ctx)
{
    (void)why, (void)ctx;
    pond_put(inner_pond, ((outer *)obj)->inner);
}

static void use_outer(unsigned index, void *arg)
{
    pond *p = (pond *)arg;
    void *held[16] = {NULL};
    for (unsigned i = 0; i < TEST_TIMES(8000); i++) {
        void **at = &held[(i * 3 + index) % 16];
        pond_put(p, *at);
        *at = pond_get(p);
        must(*at != NULL, "errno %d", errno);
        if (i % 500 == 0)
            pond_epoch_advance();
        if (i % 700 == 0)
            pond_trim(index == 0 ? p : NULL);
    }
    pond_put_many(p, held, 16);
}

Test(promise5, hooks_use_another_pond)
{
    inner_pond = test_pond((pond_options){.size = 32, .name = "inner"});
    pond *p = test_pond((pond_options){
        .size = sizeof(outer), .construct = outer_construct, .reset = outer_reset, .destroy = outer_destroy});
    crew_run(3, use_outer, p);
    pond_stats s = test_stats(p);
    cr_assert_eq(test_stats(inner_pond).live, test_idle(&s), "each idle object holds one of the others");
    cr_assert_eq(pond_destroy(p), 0);
    cr_assert_eq(test_stats(inner_pond).live, 0);
    cr_assert_eq(pond_destroy(inner_pond), 0);
}

/* ---- hooks that block ---- */

typedef enum hook { CONSTRUCT, CREATE, RESET, FOOTPRINT, DESTROY } hook;
typedef enum call { GET, PUT, PUT_MANY, DISCARD, TICK, TRIM, RESERVE } call;

/* One call of one hook, while the block is armed, says it is inside and waits to be let go. */
static struct {
    pthread_mutex_t lock;
    hook which;
    bool armed;
    void *obj; /* the object the hook was called for */
    event inside, go;
} block = {.lock = PTHREAD_MUTEX_INITIALIZER, .inside = EVENT_INIT, .go = EVENT_INIT};

static void block_in(hook which, const void *obj)
{
    pthread_mutex_lock(&block.lock);
    bool hit = block.armed && block.which == which;
    if (hit) {
        block.armed = false;
        block.obj = (void *)(uintptr_t)obj;
    }
    pthread_mutex_unlock(&block.lock);
    if (hit) {
        event_set(&block.inside);
        event_wait(&block.go);
    }
}

static void arm(hook which)
{
    pthread_mutex_lock(&block.lock);
    block.armed = true;
    block.which = which;
    pthread_mutex_unlock(&block.lock);
}

static int blocking_construct(void *obj, void *ctx)
{
    (void)ctx;
    block_in(CONSTRUCT, obj);
    return 0;
}

static void *blocking_create(void *ctx)
{
    (void)ctx;
    block_in(CREATE, NULL);
    return malloc(16);
}

static bool blocking_reset(void *obj, void *ctx)
{
    (void)ctx;
    block_in(RESET, obj);
    return true;
}

static size_t blocking_footprint(const void *obj, void *ctx)
{
    (void)ctx;
    block_in(FOOTPRINT, obj);
    return 10;
}

static void blocking_destroy(void *obj, pond_drop_reason why, void *ctx)
{
    (void)why;
    block_in(DESTROY, obj);
    if (*(hook *)ctx == CREATE)
        free(obj);
}

static pond *blocking_pond(hook *which, size_t max_objects)
{
    pond_options options = {.size = 16,
                            .construct = blocking_construct,
                            .reset = blocking_reset,
                            .destroy = blocking_destroy,
                            .ctx = which,
                            .max_objects = max_objects};
    if (*which == CREATE) {
        options.size = 0;
        options.construct = NULL;
        options.create = blocking_create;
    }
    if (*which == FOOTPRINT) {
        options.footprint = blocking_footprint;
        options.max_footprint = 100;
    }
    return test_pond(options);
}

typedef struct blocked {
    hook hook;
    call call; /* that makes the hook run */
    pond *pond;
    void *objs[50];
} blocked;

/* What the thread has before the call: objects for a put, idle ones for a tick, none for a get. */
static void prepare(void *arg)
{
    blocked *b = (blocked *)arg;
    if (b->call == GET || b->call == RESERVE)
        return;
    test_get(b->pond, b->objs, 50);
    if (b->call == TICK || b->call == TRIM)
        pond_put_many(b->pond, b->objs, 50);
    else
        pond_put_many(b->pond, b->objs + 10, 40);
    if (b->call == TICK)
        pond_epoch_advance();
}

static void call_it(void *arg)
{
    blocked *b = (blocked *)arg;
    switch (b->call) {
    case GET:
        b->objs[0] = pond_get(b->pond);
        break;
    case PUT:
        pond_put(b->pond, b->objs[0]);
        break;
    case PUT_MANY:
        pond_put_many(b->pond, b->objs, 10);
        break;
    case DISCARD:
        pond_discard(b->pond, b->objs[0]);
        break;
    case TICK:
        pond_epoch_advance();
        break;
    case TRIM:
        pond_trim(b->pond);
        break;
    case RESERVE:
        pond_reserve(b->pond, 10);
        break;
    }
}

/* Gives back what prepare and call_it left live. */
static void clean_up(void *arg)
{
    blocked *b = (blocked *)arg;
    if (b->call == GET)
        pond_put(b->pond, b->objs[0]);
    if (b->call == PUT || b->call == DISCARD)
        pond_put_many(b->pond, b->objs + 1, 9);
}

/* All that others do with the pond meanwhile, on threads of their own; none gets the blocked object. */
static void go_on(unsigned index, void *arg)
{
    blocked *b = (blocked *)arg;
    for (unsigned i = 0; i < 300; i++) {
        void *objs[60];
        test_get(b->pond, objs, 60);
        for (size_t n = 0; n < 60; n++)
            must(block.obj == NULL || objs[n] != block.obj, "got the object whose hook has not ended");
        pond_put_many(b->pond, objs, 60);
        if (i % 20 == index)
            pond_epoch_advance();
        if (i % 30 == index)
            pond_rotate(b->pond);
        if (i % 40 == index)
            pond_trim(index == 0 ? b->pond : NULL);
        pond_stats s;
        pond_stats_read(b->pond, &s);
    }
    pond_reserve(b->pond, 100);
}

ParameterizedTestParameters(promise5, a_blocked_hook_holds_up_nobody)
{
    static blocked all[] = {
        {.hook = CONSTRUCT, .call = GET},      {.hook = CONSTRUCT, .call = RESERVE},
        {.hook = CREATE, .call = GET},         {.hook = RESET, .call = PUT},
        {.hook = RESET, .call = PUT_MANY},     {.hook = FOOTPRINT, .call = PUT},
        {.hook = FOOTPRINT, .call = TRIM},     {.hook = DESTROY, .call = DISCARD},
        {.hook = DESTROY, .call = TICK},       {.hook = DESTROY, .call = TRIM},
        {.hook = FOOTPRINT, .call = PUT_MANY},
    };
    return cr_make_param_array(blocked, all, sizeof all / sizeof *all);
}

ParameterizedTest(blocked *b, promise5, a_blocked_hook_holds_up_nobody)
{
    b->pond = blocking_pond(&b->hook, 0);
    worker *w = worker_start();
    worker_do(w, prepare, b);
    arm(b->hook);
    worker_begin(w, call_it, b);
    event_wait(&block.inside);
    crew_run(2, go_on, b);
    pond_epoch_advance();
    pond_epoch_advance();
    pond_stats s;
    pond_stats_read(b->pond, &s);
    cr_assert_leq(test_idle(&s), 1, "what the blocked thread has in its cache aged too: %zu idle",
                  test_idle(&s));
    event_set(&block.go);
    worker_wait(w);
    worker_do(w, clean_up, b);
    worker_end(w);
    cr_assert_eq(test_stats(b->pond).live, 0);
    cr_assert_eq(pond_destroy(b->pond), 0);
}

/* The only object there may be is being reset: a get has to say so, and succeeds right afterwards. */
Test(promise5, an_object_being_reset_is_not_idle)
{
    blocked b = {.hook = RESET, .call = PUT};
    b.pond = blocking_pond(&b.hook, 1);
    worker *w = worker_start();
    test_get(b.pond, b.objs, 1);
    arm(RESET);
    worker_begin(w, call_it, &b);
    event_wait(&block.inside);
    for (int i = 0; i < 10; i++) {
        errno = 0;
        cr_assert_null(pond_get(b.pond));
        cr_assert_eq(errno, EAGAIN);
        pond_epoch_advance();
    }
    pond_stats s;
    pond_stats_read(b.pond, &s);
    cr_assert_eq(test_idle(&s), 0);
    event_set(&block.go);
    worker_wait(w);
    void *obj;
    test_get(b.pond, &obj, 1);
    cr_assert_eq(obj, b.objs[0]);
    pond_put(b.pond, obj);
    worker_end(w);
    cr_assert_eq(pond_destroy(b.pond), 0);
}
