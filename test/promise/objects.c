/* SPDX-License-Identifier: BSD-2-Clause */
// debug
// valgrind
/* Objects of every size and alignment there may be: aligned, apart from one another, wholly usable. */
#include "test.h"

#include <stdint.h>
#include <string.h>

TestSuite(objects, .timeout = TEST_ALARM);

typedef struct shape {
    size_t size, align;
} shape;

enum { MOST = 300 };

static void *objs[MOST];

/* Large ones: fewer, and more than a slab of them. */
static size_t how_many(size_t size)
{
    size_t n = ((size_t)9 << 20) / size;
    return n < 10 ? 10 : n > MOST ? MOST : n;
}

static size_t expected_align(const shape *s)
{
    size_t align = 1;
    if (s->align != 0)
        return s->align;
    while (align < _Alignof(max_align_t) && s->size % (align * 2) == 0)
        align *= 2; /* what a type of this size can ask for */
    return align;
}

static void write_all(size_t n, size_t size, unsigned char salt)
{
    for (size_t i = 0; i < n; i++)
        memset(objs[i], (int)((i * 37 + salt) & 0xff), size);
}

static void check_all(size_t n, size_t size, unsigned char salt)
{
    for (size_t i = 0; i < n; i++) {
        unsigned char want = (unsigned char)((i * 37 + salt) & 0xff);
        const unsigned char *bytes = (const unsigned char *)objs[i];
        cr_assert_eq(bytes[0], want);
        cr_assert_eq(memcmp(bytes, bytes + 1, size - 1), 0, "object %zu of %zu bytes is overlapped", i, size);
    }
}

static void check_shape(const shape *s)
{
    size_t n = how_many(s->size), align = expected_align(s);
    pond *p = test_pond((pond_options){.size = s->size, .align = s->align});
    for (unsigned char round = 0; round < 2; round++) {
        test_get(p, objs, n);
        for (size_t i = 0; i < n; i++)
            cr_assert_eq((uintptr_t)objs[i] % align, 0, "%zu bytes, aligned to %zu: %p", s->size, align,
                         objs[i]);
        write_all(n, s->size, round);
        check_all(n, s->size, round);
        for (size_t i = 0; i < n; i += 2)
            pond_put(p, objs[i]);
        for (size_t i = 0; i < n; i += 2)
            test_get(p, &objs[i], 1);
        write_all(n, s->size, (unsigned char)(round + 100));
        check_all(n, s->size, (unsigned char)(round + 100));
        pond_put_many(p, objs, n);
        pond_trim(p);
    }
    pond_stats stats = test_stats(p);
    cr_assert_geq(stats.object_bytes, s->size);
    cr_assert_leq(stats.object_bytes, s->size + (align > 16 ? align : 16), "little is padding");
    cr_assert_eq(pond_destroy(p), 0);
}

Test(objects, every_size)
{
    static const size_t sizes[] = {1,
                                   2,
                                   3,
                                   4,
                                   5,
                                   7,
                                   8,
                                   9,
                                   12,
                                   15,
                                   16,
                                   17,
                                   24,
                                   31,
                                   33,
                                   48,
                                   63,
                                   64,
                                   65,
                                   100,
                                   127,
                                   128,
                                   129,
                                   255,
                                   500,
                                   512,
                                   1000,
                                   1024,
                                   1025,
                                   2047,
                                   4095,
                                   4096,
                                   4097,
                                   6000,
                                   8192,
                                   10000,
                                   65536,
                                   100000,
                                   999999,
                                   1 << 20,
                                   (1 << 20) + 1,
                                   5000000};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        check_shape(&(shape){sizes[i], 0});
}

/* Each has memory of its own; it ages and goes back as that of small ones does. */
Test(objects, the_largest_come_and_go)
{
    pond *p = test_pond((pond_options){.size = POND_MAX_SIZE});
    for (int round = 0; round < 3; round++) {
        test_get(p, objs, 3);
        for (int i = 0; i < 3; i++) {
            char *obj = objs[i];
            cr_assert_eq(obj[0] | obj[POND_MAX_SIZE - 1], 0);
            obj[0] = obj[POND_MAX_SIZE - 1] = 1;
        }
        cr_assert_eq(test_stats(p).slab_bytes, 3 * POND_MAX_SIZE);
        cr_assert_leq(test_stats(p).resident_bytes, 3 * POND_MAX_SIZE);
        pond_put_many(p, objs, 3);
        pond_epoch_advance();
        test_get(p, objs, 1);
        cr_assert_eq(*(char *)objs[0], 1, "one that was put");
        pond_put(p, objs[0]);
        for (int i = 0; i < 3; i++)
            pond_epoch_advance();
        cr_assert_eq(test_stats(p).slab_bytes, 0);
    }
    cr_assert_eq(pond_destroy(p), 0);
}

Test(objects, every_alignment)
{
    static const size_t sizes[] = {1, 24, 4096, 5000, 600000};
    for (size_t align = 1; align <= POND_MAX_ALIGN; align *= 2)
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
            check_shape(&(shape){sizes[i], align});
}

Test(objects, ponds_do_not_share_objects)
{
    enum { PONDS = 8, EACH = 30 };
    pond *ponds[PONDS];
    for (size_t i = 0; i < PONDS; i++) {
        ponds[i] = test_pond((pond_options){.size = 40});
        test_get(ponds[i], objs + i * EACH, EACH);
    }
    write_all(PONDS * EACH, 40, 7);
    check_all(PONDS * EACH, 40, 7);
    for (size_t i = 0; i < PONDS; i++) {
        pond_put_many(ponds[i], objs + i * EACH, EACH);
        cr_assert_eq(test_stats(ponds[i]).constructed, EACH);
        cr_assert_eq(pond_destroy(ponds[i]), 0);
    }
}
