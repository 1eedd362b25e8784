/* SPDX-License-Identifier: BSD-2-Clause */
// debug
/* pond_each: all ponds, the oldest first, none destroyed meanwhile. */
#include "test.h"

#include <errno.h>
#include <pond/debug.h>
#include <pond/typed.h>
#include <string.h>

TestSuite(each, .timeout = TEST_ALARM);

struct seen {
    const pond *ponds[8];
    size_t count, stop_at;
    int destroyed; /* what pond_destroy said of the one that was visited */
    pond *late;    /* made by the first visit */
    bool make, destroy;
};

static int look(pond *p, void *ctx)
{
    struct seen *s = ctx;
    s->ponds[s->count++] = p;
    if (s->make && s->late == NULL)
        s->late = pond_create(&(pond_options){.size = 8, .name = "late"});
    errno = 0;
    if (s->destroy)
        s->destroyed = pond_destroy(p) == -1 ? errno : 0;
    return s->count == s->stop_at ? 7 : 0;
}

static pond *make(const char *name)
{
    return test_pond((pond_options){.size = 8, .name = name});
}

/* Ticks move ponds in the library's own list. */
Test(each, oldest_first)
{
    pond *a = make("a"), *b = make("b"), *c = make("c");
    for (int ticks = 0; ticks < 5; ticks++) {
        struct seen s = {.count = 0};
        cr_assert_eq(pond_each(look, &s), 0);
        cr_assert_eq(s.count, 3);
        cr_assert(s.ponds[0] == a && s.ponds[1] == b && s.ponds[2] == c);
        pond_epoch_advance();
    }
    struct seen s = {.stop_at = 2};
    cr_assert_eq(pond_each(look, &s), 7, "what visit returned");
    cr_assert_eq(s.count, 2);
    cr_assert_eq(pond_destroy(b), 0, "it is not pinned any more");
    s = (struct seen){.make = true};
    cr_assert_eq(pond_each(look, &s), 0);
    cr_assert_eq(s.count, 3);
    cr_assert(s.ponds[2] == s.late, "one that was made meanwhile");
    cr_assert_eq(pond_destroy(a) + pond_destroy(c) + pond_destroy(s.late), 0);
}

/* Without words nothing is reported of it. */
Test(each, destroying_is_refused)
{
    struct seen s = {.destroy = true};
    cr_assert_eq(pond_debug_set("off"), 0);
    pond *p = make("p");
    cr_assert_eq(pond_each(look, &s), 0);
    cr_assert_eq(s.destroyed, EDEADLK);
    cr_assert_eq(pond_destroy(p), 0);
    cr_assert_eq(pond_each(look, &s), 0, "there are none");
    cr_assert_eq(s.count, 1);
}

Test(each, names_of_types)
{
    static const pond_type type = {.name = "struct conn", .size = 16, .align = 8};
    pond *typed = test_pond((pond_options){.type = &type}), *plain = make("plain");
    cr_assert_str_eq(pond_type_name(typed), "struct conn");
    cr_assert_str_eq(pond_type_name(plain), "");
    cr_assert_eq(pond_destroy(typed) + pond_destroy(plain), 0);
}
