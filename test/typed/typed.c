/* SPDX-License-Identifier: BSD-2-Clause */
// debug
// valgrind
/* Typed ponds in C: POND_DECLARE, POND_DEFINE, POND_SCOPED, POND_TYPE. */
#include "test.h"

#include "conn.h"
#include "threads.h"

#include <stdalign.h>
#include <stdatomic.h>
#include <stddef.h>

TestSuite(typed, .timeout = TEST_ALARM);

static atomic_uint resets;

static bool conn_reset(void *obj, void *ctx)
{
    (void)ctx;
    ((struct conn *)obj)->fd = -1;
    resets++;
    return true;
}

POND_DEFINE(conn, struct conn, .reset = conn_reset, .max_objects = 100)

Test(typed, get_put_and_discard)
{
    struct conn *c = conn_get();
    cr_assert_not_null(c);
    cr_assert_eq(c->fd, 0, "new memory is zero");
    c->fd = 7;
    conn_put(c);
    struct conn *again = conn_get();
    cr_assert_eq(again->fd, -1, "the options' reset ran");
    conn_discard(again);
    conn_put(NULL);
    conn_discard(NULL);
    pond_stats s = test_stats(conn_pond());
    cr_assert_eq(s.constructed, 1);
    cr_assert_eq(s.dropped[POND_DROP_DISCARDED], 1);
    cr_assert_eq(s.puts, 2);
    cr_assert_eq(pond_destroy(conn_pond()), 0);
}

Test(typed, the_type_gives_name_size_and_alignment)
{
    cr_assert_str_eq(pond_name(conn_pond()), "conn");
    pond_stats s = test_stats(conn_pond());
    cr_assert_geq(s.object_bytes, sizeof(struct conn));
    cr_assert_leq(s.object_bytes, sizeof(struct conn) + alignof(max_align_t));
    cr_assert_eq(pond_destroy(conn_pond()), 0);
}

Test(typed, options_hold)
{
    struct conn *all[100];
    for (size_t i = 0; i < 100; i++)
        all[i] = conn_get();
    errno = 0;
    cr_assert_null(conn_get());
    cr_assert_eq(errno, EAGAIN);
    for (size_t i = 0; i < 100; i++)
        conn_put(all[i]);
    cr_assert_eq(pond_destroy(conn_pond()), 0);
}

/* ---- without options, over-aligned ---- */

struct wide {
    alignas(256) char bytes[256];
};

POND_DECLARE(wide, struct wide)
POND_DEFINE(wide, struct wide)

Test(typed, alignment_of_the_type)
{
    struct wide *all[20];
    for (size_t i = 0; i < 20; i++) {
        all[i] = wide_get();
        cr_assert_eq((uintptr_t)all[i] % 256, 0);
    }
    for (size_t i = 0; i < 20; i++)
        wide_put(all[i]);
    cr_assert_eq(pond_destroy(wide_pond()), 0);
}

/* ---- one of several threads creates ---- */

static pond *seen[8];

static void first_use(unsigned index, void *arg)
{
    (void)arg;
    struct conn *c = conn_get();
    must(c != NULL, "errno %d", errno);
    conn_put(c);
    seen[index] = conn_pond();
}

Test(typed, threads_create_one_pond)
{
    crew_run(8, first_use, NULL);
    for (size_t i = 0; i < 8; i++)
        cr_assert_eq(seen[i], conn_pond());
    pond_stats s = test_stats(conn_pond());
    cr_assert_eq(s.gets, 8);
    cr_assert_eq(pond_destroy(conn_pond()), 0);
}

/* ---- a pond that cannot be created ---- */

POND_DECLARE(wrong, struct conn)
POND_DEFINE(wrong, struct conn, .max_objects = 1, .min_idle = 2)

Test(typed, creation_fails)
{
    errno = 0;
    cr_assert_null(wrong_get());
    cr_assert_eq(errno, EINVAL);
    cr_assert_null(wrong_pond());
    wrong_put(NULL);
}

/* ---- scoped ---- */

static uint64_t live(void)
{
    return test_stats(conn_pond()).live;
}

static int leave_in_the_middle(int where)
{
    POND_SCOPED(conn, c);
    if (c == NULL || where == 0)
        return 0;
    for (int i = 0; i < 3; i++) {
        POND_SCOPED(conn, inner);
        if (where == 1)
            break;
        if (where == 2)
            return live() == 2 ? 2 : -1;
        inner->fd = i;
    }
    return live() == 1 ? 1 : -1;
}

Test(typed, scoped_objects_are_put_however_the_block_ends)
{
    for (int where = 0; where < 4; where++) {
        cr_assert_neq(leave_in_the_middle(where), -1);
        cr_assert_eq(live(), 0, "left at %d", where);
    }
    cr_assert_eq(test_stats(conn_pond()).constructed, 2);
    cr_assert_eq(resets, test_stats(conn_pond()).puts);
    cr_assert_eq(pond_destroy(conn_pond()), 0);
}

static void use_all_of_them(struct conn **held, size_t n)
{
    POND_SCOPED(conn, none);
    cr_assert_null(none, "a get that failed is put as NULL");
    for (size_t i = 0; i < n; i++)
        conn_put(held[i]);
}

Test(typed, scoped_null)
{
    struct conn *held[100];
    for (size_t i = 0; i < 100; i++)
        held[i] = conn_get();
    use_all_of_them(held, 100);
    cr_assert_eq(live(), 0);
    cr_assert_eq(pond_destroy(conn_pond()), 0);
}

/* ---- types ---- */

POND_TYPE(conn_type, struct conn, POND_SENSITIVE(token), POND_POINTER(next), POND_KEPT(buffer));
POND_TYPE(plain_type, struct wide);

struct sixteen {
    int a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p;
};

POND_TYPE(sixteen_type, struct sixteen, POND_KEPT(a), POND_KEPT(b), POND_KEPT(c), POND_KEPT(d), POND_KEPT(e),
          POND_KEPT(f), POND_KEPT(g), POND_KEPT(h), POND_KEPT(i), POND_KEPT(j), POND_KEPT(k), POND_KEPT(l),
          POND_KEPT(m), POND_KEPT(n), POND_KEPT(o), POND_KEPT(p));

static void expect_field(const pond_field *f, const char *name, size_t offset, size_t size,
                         pond_field_kind kind)
{
    cr_assert_str_eq(f->name, name);
    cr_assert_eq(f->offset, offset);
    cr_assert_eq(f->size, size);
    cr_assert_eq(f->kind, kind);
}

Test(typed, types_describe_their_fields)
{
    cr_assert_eq(conn_type.size, sizeof(struct conn));
    cr_assert_eq(conn_type.align, alignof(struct conn));
    cr_assert_str_eq(conn_type.name, "struct conn");
    cr_assert_eq(conn_type.field_count, 3);
    expect_field(&conn_type.fields[0], "token", offsetof(struct conn, token), 16, POND_FIELD_SENSITIVE);
    expect_field(&conn_type.fields[1], "next", offsetof(struct conn, next), sizeof(void *),
                 POND_FIELD_POINTER);
    expect_field(&conn_type.fields[2], "buffer", offsetof(struct conn, buffer), sizeof(void *),
                 POND_FIELD_KEPT);
    cr_assert_eq(plain_type.field_count, 0);
    cr_assert_eq(plain_type.align, 256);
    cr_assert_eq(sixteen_type.field_count, 16);
    for (size_t i = 0; i < 16; i++) {
        const char name[] = {(char)('a' + i), '\0'};
        expect_field(&sixteen_type.fields[i], name, i * sizeof(int), sizeof(int), POND_FIELD_KEPT);
    }
}

Test(typed, a_pond_of_a_type)
{
    pond *p = test_pond((pond_options){.type = &plain_type});
    void *obj;
    test_get(p, &obj, 1);
    cr_assert_eq((uintptr_t)obj % 256, 0);
    cr_assert_eq(test_stats(p).object_bytes, sizeof(struct wide));
    pond_put(p, obj);
    cr_assert_eq(pond_destroy(p), 0);
}
