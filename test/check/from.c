/* SPDX-License-Identifier: BSD-2-Clause */
// link: -Wno-unknown-warning-option -Wno-use-after-free
/*
 * A program that gets and puts by functions of its own: with pond_get_from and pond_put_from reports and
 * profiles name who called those, whichever way the pond goes.
 */
#include "test.h"

#include "../misuse/heard.h"

#include <pond/profile.h>

TestSuite(from, .timeout = TEST_ALARM);

#define OWN __attribute__((noipa, noinline))
#if defined(__clang__)
#undef OWN
#define OWN __attribute__((noinline))
#endif
#define STAYS __asm__ volatile("" : : : "memory")

static pond *p;

/* The program's pool functions. */
static OWN void *pool_alloc(void)
{
    void *obj = pond_get_from(p, __builtin_return_address(0));
    STAYS;
    return obj;
}

static OWN void pool_free(void *obj)
{
    pond_put_from(p, obj, __builtin_return_address(0));
    STAYS;
}

static OWN void *serve_a(void)
{
    void *obj = pool_alloc();
    STAYS;
    return obj;
}

static OWN void *serve_b(void)
{
    void *obj = pool_alloc();
    STAYS;
    return obj;
}

static OWN void end_a(void *obj)
{
    pool_free(obj);
    STAYS;
}

/* The functions are short. */
static bool lies_in(const void *pc, uintptr_t function)
{
    return (uintptr_t)pc > function && (uintptr_t)pc <= function + 100;
}

static void put_twice(const char *words)
{
    struct heard h;
    listen_to(&h, words);
    p = test_pond((pond_options){.size = 32});
    void *obj = serve_a(), *volatile again = obj;
    end_a(obj);
    end_a(again);
    cr_assert_eq(h.count, 1, "%s", words);
    cr_assert_str_eq(h.word, "double");
    for (size_t i = 0; i < h.stack_count; i++)
        if (strcmp(h.stacks[i].role, "got") == 0)
            cr_assert(lies_in(h.stacks[i].first, (uintptr_t)serve_a), "%s: %s", words, h.text);
        else
            cr_assert(lies_in(h.stacks[i].first, (uintptr_t)end_a), "%s: %s", words, h.text);
    cr_assert_eq(pond_destroy(p), 0);
}

Test(from, reports_name_the_caller)
{
    put_twice("double,stacks=1");
    put_twice("double,stacks=16");
    put_twice("double,poison,redzone,confine,reset,stacks=16");
}

/* Two users of one pool function are two rows. */
struct rows {
    size_t count, of_a, of_b;
};

static int look(const pond_profile_row *row, void *ctx)
{
    struct rows *r = (struct rows *)ctx;
    r->count++;
    r->of_a +=
        lies_in(row->pcs[0], (uintptr_t)serve_a) && row->inuse_objects > 9.5 && row->inuse_objects < 10.5;
    r->of_b +=
        lies_in(row->pcs[0], (uintptr_t)serve_b) && row->inuse_objects > 19.5 && row->inuse_objects < 20.5;
    return 0;
}

static void sample(const char *words)
{
    struct rows rows = {.count = 0};
    void *held[30];
    cr_assert_eq(pond_debug_set(words), 0);
    cr_assert_eq(pond_profile_set("rate=1"), 0);
    p = test_pond((pond_options){.size = 32});
    for (int i = 0; i < 30; i++)
        held[i] = i < 10 ? serve_a() : serve_b();
    cr_assert_eq(pond_profile_each(look, &rows), 0);
    cr_assert(rows.count == 2 && rows.of_a == 1 && rows.of_b == 1, "%s: %zu rows", words, rows.count);
    for (int i = 0; i < 30; i++)
        pool_free(held[i]);
    rows = (struct rows){.count = 0};
    cr_assert_eq(pond_profile_each(look, &rows), 0);
    cr_assert_eq(rows.of_a + rows.of_b, 0, "nothing is in use");
    cr_assert_eq(pond_destroy(p), 0);
    cr_assert_eq(pond_profile_set("off"), 0);
    pond_profile_reset();
}

Test(from, profiles_name_the_caller)
{
    sample("off");
    sample("double,stacks=1");
}

Test(from, without_a_caller_it_is_a_get_and_a_put)
{
    p = test_pond((pond_options){.size = 32});
    cr_assert_eq(pond_debug_set("double"), 0);
    void *obj = pond_get_from(p, NULL);
    cr_assert_not_null(obj);
    pond_put_from(p, obj, NULL);
    pond_put_from(p, NULL, NULL);
    cr_assert_eq(pond_debug_set("off"), 0);
    for (int i = 0; i < 100; i++)
        pond_put_from(p, serve_a(), NULL);
    pond_stats s = test_stats(p);
    cr_assert(s.gets == 101 && s.puts == 101 && s.constructed == 1);
    cr_assert_eq(pond_destroy(p), 0);
}
