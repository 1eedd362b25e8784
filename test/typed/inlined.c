/* SPDX-License-Identifier: BSD-2-Clause */
// debug
// valgrind
/*
 * <pond/inline.h>: the same as the calls, and to be mixed with them; typed ponds use it when it comes first.
 */
#include "test.h"

#include "ledger.h"
#include "threads.h"

#include <pond/inline.h>
#include <pond/typed.h>

TestSuite(inlined, .timeout = TEST_ALARM);

static ledger book = {.size = 64};

static void mix(unsigned index, void *arg)
{
    pond *p = (pond *)arg;
    void *held[40] = {NULL};
    for (unsigned i = 0; i < TEST_TIMES(100000); i++) {
        void **at = &held[(i * 7 + index) % 40];
        if (*at != NULL) {
            ledger_gives(&book, *at);
            if (i % 3 == 0)
                pond_put(p, *at);
            else
                pond_put_inline(p, *at);
        }
        *at = i % 5 < 2 ? pond_get(p) : i % 5 < 4 ? pond_get_inline(p) : NULL;
        if (*at != NULL)
            ledger_took(&book, *at);
        if (i % 5000 == index)
            pond_epoch_advance();
    }
    for (size_t i = 0; i < 40; i++)
        if (held[i] != NULL)
            ledger_put(&book, p, held[i]);
}

static void mix_and_close(void)
{
    pond *p = test_pond(ledger_options(&book));
    pond_put_inline(p, NULL);
    crew_run(3, mix, p);
    ledger_close(&book, p);
}

Test(inlined, mixed_with_calls)
{
    mix_and_close();
}

Test(inlined, mixed_with_calls_without_a_reset)
{
    book.no_reset = true;
    mix_and_close();
}

Test(inlined, failures_come_through)
{
    pond *p = test_pond((pond_options){.size = 8, .max_objects = 1});
    void *obj = pond_get_inline(p);
    errno = 0;
    cr_assert_null(pond_get_inline(p));
    cr_assert_eq(errno, EAGAIN);
    pond_put_inline(p, obj);
    cr_assert_eq(pond_destroy(p), 0);
}

struct item {
    int number;
};

POND_DECLARE(item, struct item)
POND_DEFINE(item, struct item)

Test(inlined, typed_ponds)
{
    for (int i = 0; i < 1000; i++) {
        POND_SCOPED(item, a);
        POND_SCOPED(item, b);
        a->number = b->number = i;
    }
    cr_assert_eq(test_stats(item_pond()).constructed, 2);
    cr_assert_eq(pond_destroy(item_pond()), 0);
}
