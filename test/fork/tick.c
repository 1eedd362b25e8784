/* SPDX-License-Identifier: BSD-2-Clause */
/* Ticks and forks in turn, under ThreadSanitizer as well, which cannot follow the threads of
 * test/fork/fork.c. */
#include "test.h"

TestSuite(fork_tick, .timeout = TEST_ALARM);

static void ticks(void *unused)
{
    (void)unused;
    pond_epoch_advance();
}

/* A tick changes which pond is the first; a fork takes the locks of all. ThreadSanitizer tells of locks that
 * are taken in one order and then in another. */
Test(fork_tick, a_tick_between_forks)
{
    pond *ponds[3];
    for (int i = 0; i < 3; i++)
        ponds[i] = test_pond((pond_options){.size = 64});
    for (int i = 0; i < 3; i++) {
        test_in_child(ticks, NULL);
        pond_epoch_advance();
    }
    for (int i = 0; i < 3; i++)
        cr_assert_eq(pond_destroy(ponds[i]), 0);
}
