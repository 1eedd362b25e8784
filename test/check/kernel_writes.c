/* SPDX-License-Identifier: BSD-2-Clause */
// variants: release fence lock clang debug
// link: -Wno-unknown-warning-option -Wno-use-after-free
/*
 * A system call writes to an object after its put: one that was under way, or was begun too late. With guard
 * it fails with EFAULT, as debug.h says, and nothing is reported; a report of the object says that it does.
 * Without guard the bytes are there, and whoever looks at the object next reports them.
 */
#include "test.h"

#include "../misuse/heard.h"

#include <string.h>
#include <unistd.h>

TestSuite(kernel_writes, .timeout = TEST_ALARM);

static struct heard heard;
static pond *buffers;
static char *volatile buffer;

/* Ten bytes come in for a buffer that was put meanwhile. */
static ssize_t read_late(const char *words)
{
    int ends[2];
    listen_to(&heard, words);
    buffers = test_pond((pond_options){.size = 64, .name = "buffers"});
    buffer = pond_get(buffers);
    must(buffer != NULL && pipe(ends) == 0, "errno %d", errno);
    pond_put(buffers, buffer);
    must(write(ends[1], "0123456789", 10) == 10, "write");
    return read(ends[0], buffer, 64);
}

Test(kernel_writes, fail_in_a_guarded_object)
{
    cr_assert_eq(read_late("guard"), -1);
    cr_assert_eq(errno, EFAULT);
    cr_assert_eq(pond_report_count(), 0);
    cr_assert_eq(*buffer, 0, "it was written");
    HEARD(heard, 0, "guard", "read after put at offset 0");
    cr_assert_not_null(strstr(heard.advice, "EFAULT"), "%s", heard.advice);
}

static void found_later(const char *word, const char *what)
{
    HEARD(heard, 0, word, what);
    cr_assert_not_null(strstr(heard.advice, "a system call"), "%s", heard.advice);
}

Test(kernel_writes, are_found_by_poison_at_the_next_get)
{
    cr_assert_eq(read_late("poison"), 10);
    cr_assert_eq(pond_report_count(), 0);
    must(pond_get(buffers) == buffer, "another object");
    found_later("poison", "written after put: 10 bytes at offset 0");
}

Test(kernel_writes, or_at_a_tick)
{
    cr_assert_eq(read_late("poison"), 10);
    (void)pond_epoch_advance();
    found_later("poison", "written after put: 10 bytes at offset 0");
}
