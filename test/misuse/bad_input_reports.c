/* SPDX-License-Identifier: BSD-2-Clause */
// link: -Wno-unknown-warning-option -Wno-use-after-free -Wno-free-nonheap-object
/* What a handler of reports is told, and that a pond is whole after each report. */
#include "test.h"

#include "heard.h"
#include "threads.h"

#include <pond/inline.h>
#include <pond/typed.h>
#include <stdatomic.h>
#include <stdlib.h>

TestSuite(reports, .timeout = TEST_ALARM);

struct conn {
    int fd;
    char token[16];
    struct conn *next;
};

POND_TYPE(conn_type, struct conn, POND_SENSITIVE(token));

static bool reset(void *obj, void *ctx)
{
    (void)ctx;
    ((struct conn *)obj)->fd = 0;
    return true;
}

static pond_options conns = {.name = "conns", .type = &conn_type};

static void expect_stack(const struct heard *h, size_t i, const char *role, uint64_t epoch)
{
    const struct heard_stack *s = &h->stacks[i];
    cr_assert_lt(i, h->stack_count, "%s", h->text);
    cr_assert_str_eq(s->role, role, "%s", h->text);
    cr_assert_eq(s->epoch, epoch, "%s: epoch %d: %s", role, (int)s->epoch, h->text);
    cr_assert_neq(s->thread, 0);
    cr_assert_gt(s->count, 0, "%s", h->text);
    cr_assert_not_null(s->first);
}

static void expect_about(const struct heard *h, const void *object, size_t offset, size_t size)
{
    cr_assert_str_eq(h->pond, "conns");
    cr_assert_str_eq(h->type, "struct conn");
    cr_assert_eq(h->object, object);
    cr_assert_eq(h->offset, offset);
    cr_assert_eq(h->size, size);
    cr_assert_neq(h->advice[0], '\0');
    cr_assert_not_null(strstr(h->text, h->what), "%s", h->text);
    cr_assert_not_null(strstr(h->text, h->advice), "%s", h->text);
    cr_assert_not_null(strstr(h->text, "conns"), "%s", h->text);
}

/* Nothing the reports were about is in the pond's books. */
static void expect_whole(pond *p)
{
    void *objs[50];
    cr_assert_eq(test_stats(p).live, 0);
    test_get(p, objs, 50);
    for (size_t i = 0; i < 50; i++)
        for (size_t k = 0; k < i; k++)
            cr_assert_neq(objs[i], objs[k], "one object in two hands");
    pond_put_many(p, objs, 50);
    pond_rotate(p);
    pond_rotate(p);
    cr_assert_eq(test_stats(p).live, 0);
    cr_assert_eq(pond_destroy(p), 0);
}

/* ---- what is told ---- */

static void *get_it(void *arg)
{
    return *(void **)arg = pond_get(*(pond **)arg);
}

Test(reports, double_put_has_three_stacks)
{
    struct heard h;
    listen_to(&h, "double,stacks=4");
    pond *p = test_pond(conns);
    void *obj = p;
    thread_run(get_it, &obj);
    pond_rotate(p);
    pond_put(p, obj);
    pond_rotate(p);
    pond_put(p, obj);
    HEARD(h, 0, "double", "double put: the object is idle already");
    expect_about(&h, obj, 0, 0);
    cr_assert_eq(h.stack_count, 3);
    expect_stack(&h, 0, "put again here", 2);
    expect_stack(&h, 1, "put before", 1);
    expect_stack(&h, 2, "got", 0);
    cr_assert_eq(h.stacks[0].thread, h.stacks[1].thread);
    cr_assert_neq(h.stacks[0].thread, h.stacks[2].thread);
    cr_assert_eq(h.seed, 0);
    expect_whole(p);
}

Test(reports, tag_names_the_owner)
{
    struct heard h;
    listen_to(&h, "tag");
    pond *p = test_pond(conns),
         *other = test_pond((pond_options){.name = "timers", .size = sizeof(struct conn)});
    void *obj = pond_get(other);
    pond_put(p, obj);
    HEARD(h, 0, "tag", "put of an object of pond \"timers\" into pond \"conns\"");
    cr_assert_eq(h.object, obj);
    pond_discard(p, obj);
    HEARD(h, 1, "tag", "pond_discard of an object of pond \"timers\" into pond \"conns\"");
    pond_put(other, obj);
    cr_assert_eq(h.count, 2);
    expect_whole(other);
    expect_whole(p);
}

static int in_data;

/* Each a pointer that is no object of the pond. */
Test(reports, wild_pointers_are_told_and_left_alone)
{
    struct heard h;
    listen_to(&h, "tag");
    pond *p = test_pond(conns);
    struct conn *c = (struct conn *)pond_get(p);
    int on_stack = 5;
    void *on_heap = malloc(64);
    void *wild[] = {&on_stack,
                    on_heap,
                    &in_data,
                    (char *)c + 1,
                    c->token,
                    c + 1,
                    (void *)(uintptr_t)8,
                    (void *)(uintptr_t)0xdeadbeefcafeb8,
                    (void *)UINTPTR_MAX,
                    p,
                    (void *)(uintptr_t)&expect_whole};
    for (unsigned i = 0; i < sizeof wild / sizeof *wild; i++) {
        pond_put(p, wild[i]);
        cr_assert_eq(pond_report_count(), 2 * i + 1, "%p", wild[i]);
        pond_discard(p, wild[i]);
        cr_assert_eq(pond_report_count(), 2 * i + 2, "%p", wild[i]);
    }
    cr_assert_str_eq(h.word, "tag");
    cr_assert_eq(on_stack, 5);
    free(on_heap);
    pond_put(p, c);
    expect_whole(p);
}

Test(reports, reset_names_field_and_place)
{
    struct heard h;
    conns.reset = reset;
    listen_to(&h, "reset");
    pond *p = test_pond(conns);
    struct conn *c = (struct conn *)pond_get(p);
    memcpy(c->token, "abc", 3);
    pond_put(p, c);
    HEARD(h, 0, "reset", "reset does not clear conn.token, 16 bytes at offset 4");
    expect_about(&h, c, offsetof(struct conn, token), sizeof c->token);
    expect_stack(&h, 0, "put here", 0);
    cr_assert_not_null(strstr(h.text, "not zero from offset 4 to 6;"), "%s", h.text);
    cr_assert_null(strstr(h.text, "61 62 63"), "%s", h.text);
    c = (struct conn *)pond_get(p);
    memset(c->token, 0, sizeof c->token);
    pond_put(p, c);
    cr_assert_eq(h.count, 1);
    expect_whole(p);
}

Test(reports, poison_tells_where_and_what)
{
    struct heard h;
    listen_to(&h, "poison");
    pond *p = test_pond(conns);
    struct conn *c = (struct conn *)pond_get(p);
    c->fd = 3;
    pond_put(p, c);
#ifndef TEST_ASAN /* which traps the write itself */
    c->token[2] = 'x';
    c->token[5] = 'y';
    struct conn *again = (struct conn *)pond_get(p);
    HEARD(h, 0, "poison", "written after put: 4 bytes at offset 6");
    expect_about(&h, c, 6, 4);
    cr_assert_eq(again, c);
    cr_assert_eq(again->fd, 3, "the object is as it was put");
    cr_assert_eq(again->token[2], 0);
    pond_put(p, again);
#endif
    expect_whole(p);
}

Test(reports, redzone_tells_both_sides)
{
    struct heard h;
    listen_to(&h, "redzone");
    pond *p = test_pond(conns);
#ifndef TEST_ASAN /* which traps the write itself */
    char *volatile bytes = (char *)pond_get(p);
    void *obj = bytes;
    bytes[sizeof(struct conn)] = 1;
    bytes[sizeof(struct conn) + 3] = 1;
    pond_put(p, obj);
    HEARD(h, 0, "redzone", "overflow: 4 bytes behind the object were written");
    cr_assert_eq(h.object, obj);
    bytes = (char *)pond_get(p);
    bytes[-1] = 0;
    pond_put(p, bytes);
    HEARD(h, 1, "redzone", "underflow: 1 byte in front of the object was written");
    bytes = (char *)pond_get(p);
    pond_put(p, bytes);
    cr_assert_eq(h.count, 2, "a zone is whole again after its report: %s", h.text);
#endif
    expect_whole(p);
}

static void *put_it(void *arg)
{
    void **both = (void **)arg;
    pond_put((pond *)both[0], both[1]);
    return NULL;
}

Test(reports, confine_tells_both_threads)
{
    struct heard h;
    conns.flags = POND_THREAD_CONFINED;
    listen_to(&h, "confine");
    pond *p = test_pond(conns);
    void *both[] = {p, pond_get(p)};
    thread_run(put_it, both);
    HEARD(h, 0, "confine", "the pond is confined");
    expect_about(&h, both[1], 0, 0);
    cr_assert_eq(h.stack_count, 2);
    cr_assert_neq(h.stacks[0].thread, h.stacks[1].thread);
    pond_stats s;
    pond_stats_read(p, &s);
    if (s.live == 1)
        pond_put(p, both[1]);
    expect_whole(p);
}

static size_t footprint(const void *obj, void *ctx)
{
    (void)ctx;
    return (size_t)((const struct conn *)obj)->fd;
}

Test(reports, grow_tells_how_much)
{
    struct heard h;
    conns.footprint = footprint;
    conns.max_footprint = 100;
    listen_to(&h, "grow");
    pond *p = test_pond(conns);
    struct conn *c = (struct conn *)pond_get(p);
    c->fd = 100;
    pond_put(p, c);
    cr_assert_eq(h.count, 0);
    c = (struct conn *)pond_get(p);
    c->fd = 101;
    pond_put(p, c);
    HEARD(h, 0, "grow", "the object owns 101 bytes, more than max_footprint 100, and is dropped");
    cr_assert_eq(test_stats(p).dropped[POND_DROP_LIMIT], 1);
    expect_whole(p);
}

Test(reports, hold_tells_once)
{
    struct heard h;
    listen_to(&h, "hold=1");
    pond *p = test_pond(conns);
    void *obj = pond_get(p);
    pond_rotate(p);
    cr_assert_eq(h.count, 0);
    pond_rotate(p);
    HEARD(h, 0, "hold", "live for 2 epochs");
    expect_about(&h, obj, 0, 0);
    expect_stack(&h, 0, "got", 0);
    pond_rotate(p);
    pond_epoch_advance();
    cr_assert_eq(pond_report_count(), 1);
    pond_put(p, obj);
    expect_whole(p);
}

Test(reports, leak_tells_all_at_destroy)
{
    struct heard h;
    void *objs[7];
    listen_to(&h, "leak");
    pond *p = test_pond(conns);
    test_get(p, objs, 7);
    pond_put(p, objs[6]);
    errno = 0;
    cr_assert_eq(pond_destroy(p), -1);
    cr_assert_eq(errno, EBUSY);
    HEARD(h, 0, "leak", "6 objects live at pond_destroy");
    expect_stack(&h, 0, "got", 0);
    pond_put_many(p, objs, 6);
    expect_whole(p);
}

/* ---- the handler itself ---- */

__attribute__((noinline)) static void put_twice(pond *p)
{
    void *obj = pond_get(p);
    pond_put(p, obj);
    pond_put(p, obj);
}

Test(reports, what_repeats_is_counted_and_not_told_again)
{
    struct heard h;
    listen_to(&h, "double");
    pond *p = test_pond(conns);
    uint64_t before = pond_report_count();
    for (volatile int i = 0; i < 10; i++)
        put_twice(p);
    cr_assert_eq(pond_report_count(), before + 10);
    cr_assert_eq(h.count, 1, "%u reports", h.count);
    expect_whole(p);
}

static pond *others;

static void uses_another_pond(const pond_report *r, void *ctx)
{
    (void)r;
    void *obj = pond_get(others);
    must(obj != NULL, "errno %d", errno);
    pond_put(others, obj);
    pond_epoch_advance();
    ++*(atomic_uint *)ctx;
}

/* It runs outside every lock: it may use other ponds, and tick. */
Test(reports, a_handler_may_use_other_ponds)
{
    atomic_uint calls = 0;
    must(pond_debug_set("full,guard=1/2") == 0, "errno %d", errno);
    pond_on_report(uses_another_pond, &calls);
    others = test_pond((pond_options){.name = "others", .size = 100});
    pond *p = test_pond(conns);
    void *obj = pond_get(p);
    pond_put(p, obj);
    pond_put(p, obj);
    pond_put(p, &calls);
    obj = pond_get(p);
    cr_assert_eq(pond_destroy(p), -1);
    pond_put(p, obj);
    cr_assert_eq(atomic_load(&calls), 3);
    expect_whole(p);
    expect_whole(others);
}

static void counts(const pond_report *r, void *ctx)
{
    must(strcmp(r->word, "double") == 0, "%s", r->text);
    ++*(atomic_uint *)ctx;
}

enum { putters = 4, rounds = 2000 };

static pond *shared;
static void *_Atomic slot;

/* Some put what is in the slot, all the same object: one put of each object is right, the others are told. */
static void all_put(unsigned index, void *arg)
{
    pthread_barrier_t *together = (pthread_barrier_t *)arg;
    for (int i = 0; i < TEST_TIMES(rounds); i++) {
        if (index == 0)
            atomic_store(&slot, pond_get(shared));
        pthread_barrier_wait(together);
        pond_put(shared, atomic_load(&slot));
        pthread_barrier_wait(together);
    }
}

Test(reports, of_many_putters_at_once_one_is_right)
{
    atomic_uint calls = 0;
    pthread_barrier_t together;
    must(pond_debug_set("double,stacks=0") == 0, "errno %d", errno);
    pond_on_report(counts, &calls);
    pthread_barrier_init(&together, NULL, putters);
    shared = test_pond(conns);
    crew_run(putters, all_put, &together);
    cr_assert_eq(pond_report_count(), (putters - 1) * TEST_TIMES(rounds), "%d", (int)pond_report_count());
    cr_assert_eq(atomic_load(&calls), (putters - 1) * TEST_TIMES(rounds), "%u", atomic_load(&calls));
    expect_whole(shared);
}
