/* SPDX-License-Identifier: BSD-2-Clause */
/* pond_of: the pond in whose object an address lies. */
#include "test.h"

#include <pond/debug.h>
#include <pond/inline.h>
#include <stdlib.h>

TestSuite(pond_of, .timeout = TEST_ALARM);

static void *create(void *ctx)
{
    (void)ctx;
    return malloc(64);
}

static void destroy(void *obj, pond_drop_reason why, void *ctx)
{
    (void)why, (void)ctx;
    free(obj);
}

static void expect_nobodys(const void *address)
{
    errno = 0;
    cr_assert_null(pond_of(address), "%p", address);
    cr_assert_eq(errno, ENOENT);
}

/* Of any byte of an object, live or idle, with words that put it elsewhere or put red zones around it. */
static void expect_owners(void)
{
    enum { EACH = 300 };
    static void *objs[2][EACH];
    pond *ponds[] = {test_pond((pond_options){.name = "first", .size = 8}),
                     test_pond((pond_options){.name = "second", .size = 3000})};
    for (int i = 0; i < 2; i++) {
        test_get(ponds[i], objs[i], EACH);
        pond_put_many(ponds[i], objs[i], EACH / 2);
        for (int k = 0; k < EACH; k++) {
            const char *obj = objs[i][k];
            bool live = k >= EACH / 2;
            if (live || pond_of(obj) != NULL) /* a guarded object that was put is no more */
                cr_assert(pond_of(obj) == ponds[i] && pond_of(obj + (i == 0 ? 1 : 2999)) == ponds[i],
                          "object %d", k);
        }
        pond_put_many(ponds[i], objs[i] + EACH / 2, EACH - EACH / 2);
        cr_assert_eq(pond_destroy(ponds[i]), 0);
        expect_nobodys(objs[i][0]);
    }
}

Test(pond_of, an_address_leads_to_the_pond_of_its_object)
{
    static const char *const words[] = {"off", "full", "guard=1", "guard=7,redzone"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        must(pond_debug_set(words[i]) == 0, "errno %d", errno);
        expect_owners();
    }
}

Test(pond_of, other_addresses_are_nobodys)
{
    int on_stack;
    pond *created = test_pond((pond_options){.create = create, .destroy = destroy});
    pond *plain = test_pond((pond_options){.size = 64});
    void *obj, *made;
    test_get(plain, &obj, 1);
    test_get(created, &made, 1);
    expect_nobodys(NULL);
    expect_nobodys(&on_stack);
    expect_nobodys(plain);
    expect_nobodys((void *)UINTPTR_MAX);
    expect_nobodys(made);
    expect_nobodys((char *)obj + 40000); /* of its slab, and no object's yet */
    pond_put(created, made);
    pond_put(plain, obj);
    expect_nobodys((void *)pond_line(plain)->base); /* in the magazine */
}
