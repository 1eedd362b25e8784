/* SPDX-License-Identifier: BSD-2-Clause */
// variants: release clang
// link: -Wl,--wrap=mmap,--wrap=munmap,--wrap=madvise
/*
 * Where the system gives huge pages unasked, an object still takes the page that it lies in, and what is put
 * goes back page by page.
 */
#include "test.h"

#include "fault.h"
#include "memory.h"

#include <string.h>

enum { PONDS = 50, KIB = 1024 };

static pond *ponds[PONDS];
static void *objs[PONDS];
static size_t baseline;

static void open_ponds(void)
{
    fault_huge_pages();
    baseline = memory_resident();
    for (int i = 0; i < PONDS; i++) {
        ponds[i] = test_pond((pond_options){.size = 256});
        test_get(ponds[i], &objs[i], 1);
        memset(objs[i], 1, 256);
    }
}

static void expect_at_most(size_t bytes, const char *when)
{
    size_t now = memory_resident(), taken = now > baseline ? now - baseline : 0;
    cr_assert_leq(taken, bytes, "%s: %zu KiB resident", when, taken / KIB);
}

/* A huge page is 2 MiB. */
Test(huge_pages, ponds_of_one_object_take_some_pages_each, .timeout = TEST_ALARM)
{
    open_ponds();
    expect_at_most(PONDS * 64 * KIB, "one object each");
    for (int i = 0; i < PONDS; i++)
        pond_put(ponds[i], objs[i]);
    for (int i = 0; i < 3; i++)
        pond_epoch_advance();
    expect_at_most(PONDS * 64 * KIB, "none live");
    for (int i = 0; i < PONDS; i++)
        cr_assert_eq(pond_destroy(ponds[i]), 0);
}

enum { OBJECTS = 40000 }; /* of 1,000 bytes: ten slabs */

/* Each tenth object stays: most pages of a slab are free, and none of its huge pages is. */
Test(huge_pages, free_pages_go_back_between_live_objects, .timeout = TEST_ALARM)
{
    static void *many[OBJECTS];
    open_ponds();
    pond *p = test_pond((pond_options){.size = 1000});
    test_get(p, many, OBJECTS);
    for (int i = 0; i < OBJECTS; i++) {
        memset(many[i], 1, 1000);
        if (i % 100 >= 10)
            pond_put(p, many[i]);
    }
    for (int i = 0; i < 3; i++)
        pond_epoch_advance();
    expect_at_most(OBJECTS * 1000 / 5, "a tenth is live");
}
