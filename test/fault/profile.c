/* SPDX-License-Identifier: BSD-2-Clause */
// variants: release asan debug
// link: -Wl,--wrap=mmap,--wrap=munmap,--wrap=madvise
/* The profile without memory: a get is never refused for it, and what is not sampled becomes so when there is
 * memory. */
#include "test.h"

#include "fault.h"

#include <pond/debug.h>
#include <pond/profile.h>

TestSuite(profile, .timeout = TEST_ALARM);

static int count(const pond_profile_row *r, void *ctx)
{
    *(double *)ctx += r->alloc_objects;
    return 0;
}

static int no_line(const char *text, void *ctx)
{
    (void)text, (void)ctx;
    return 1;
}

/* While there is none: what cannot be had is said to be so. */
static void expect_enomem(pond *p, bool sampled)
{
    pond_history h;
    errno = 0;
    cr_assert(pond_profile_each(count, &(double){0}) == -1 && errno == ENOMEM, "errno %d", errno);
    errno = 0;
    cr_assert(pond_trace_each(no_line, NULL) == -1 && errno == ENOMEM, "errno %d", errno);
    if (sampled)
        return;
    errno = 0;
    cr_assert(pond_history_read(p, &h) == -1 && errno == ENODATA && h.count == 0, "errno %d", errno);
    errno = 0;
    cr_assert(pond_profile_fine(p, 1, 1) == -1 && errno == ENODATA, "errno %d", errno);
}

static double got(void)
{
    double objects = 0;
    cr_assert_eq(pond_profile_each(count, &objects), 0);
    return objects;
}

static void quiet(const pond_report *r, void *unused)
{
    (void)r, (void)unused;
}

Test(profile, becomes_whole_when_there_is_memory)
{
    pond *p = test_pond((pond_options){.size = 64});
    pond_put(p, pond_get(p));
    pond_on_report(quiet, NULL);
    for (size_t n = 0; n < 2; n++) { /* the records', then the pond's own */
        fault_arm(FAULT_MMAP, n, true);
        errno = 0;
        cr_assert(pond_profile_set("1") == -1 && errno == ENOMEM, "errno %d", errno);
        void *obj = pond_get(p);
        cr_assert_neq(obj, NULL);
        pond_put(p, obj);
        expect_enomem(p, false);
        fault_disarm(FAULT_MMAP);
        cr_assert_eq(got(), 0);
        cr_assert_eq(pond_profile_lost(), n, "of one pond is nothing known");
    }
    fault_arm(FAULT_MMAP, 0, true);
    pond_epoch_advance();
    fault_disarm(FAULT_MMAP);
    cr_assert_eq(pond_profile_lost(), 2, "nor at the tick");
    cr_assert_eq(pond_profile_rate(), 1, "it is on, of ponds for which there is memory");
    pond_epoch_advance();
    pond_put(p, pond_get(p));
    cr_assert_eq(got(), 1);
    cr_assert_eq(pond_profile_lost(), 2);
    fault_arm(FAULT_MMAP, 0, true);
    expect_enomem(p, true);
    cr_assert_eq(pond_profile_fine(p, 1, 1), 0, "it needs none");
    cr_assert_eq(pond_history_read(p, &(pond_history){0}), 0, "nor does this");
    fault_disarm(FAULT_MMAP);
    cr_assert_eq(pond_destroy(p), 0);
}
