/* SPDX-License-Identifier: BSD-2-Clause */
// variants: release fence lock clang
/* Promise 7 against the kernel's own limit of address space (which a sanitizer would meet itself). */
#include "test.h"

#include "ledger.h"
#include "memory.h"
#include "threads.h"

#include <stdlib.h>
#include <sys/resource.h>

TestSuite(promise7_limits, .timeout = TEST_ALARM);

static ledger book = {.size = 100000};
static atomic_size_t refusals;

static void limit_address_space(size_t more)
{
    struct rlimit limit;
    must(getrlimit(RLIMIT_AS, &limit) == 0, "getrlimit: errno %d", errno);
    limit.rlim_cur = memory_mapped() + more;
    must(setrlimit(RLIMIT_AS, &limit) == 0, "setrlimit: errno %d", errno);
}

/* Gets until there is no memory, then puts all. */
static void fill_up(unsigned index, void *arg)
{
    enum { ROOM = 2000 };
    pond *p = (pond *)arg;
    static void *held[8][ROOM];
    for (int round = 0; round < 5; round++) {
        size_t n = 0;
        while (n < ROOM && (held[index][n] = ledger_get(&book, p)) != NULL)
            n++;
        must(n == ROOM || errno == ENOMEM, "errno %d", errno);
        if (n < ROOM)
            atomic_fetch_add(&refusals, 1);
        while (n > 0)
            ledger_put(&book, p, held[index][--n]);
        pond_epoch_advance();
    }
}

Test(promise7_limits, no_address_space)
{
    pond *p = test_pond(ledger_options(&book));
    limit_address_space((size_t)120 << 20);
    crew_run(3, fill_up, p);
    cr_assert_gt(atomic_load(&refusals), 0);
    ledger_check(&book, p, 0);
    void *obj = ledger_get(&book, p);
    cr_assert_not_null(obj);
    ledger_put(&book, p, obj);
    ledger_close(&book, p);
}

Test(promise7_limits, ponds_until_there_is_no_memory)
{
    enum { ROOM = 1000 };
    static pond *ponds[ROOM];
    pond_options options = {.size = 64};
    size_t n = 0;
    pond *first = test_pond(options);
    limit_address_space((size_t)100 << 20);
    while (n < ROOM && (ponds[n] = pond_create(&options)) != NULL)
        n++;
    cr_assert(n > 0 && n < ROOM, "%zu ponds", n);
    cr_assert_eq(errno, ENOMEM);
    void *obj = pond_get(first);
    cr_assert(obj != NULL || errno == ENOMEM);
    while (n > 0)
        cr_assert_eq(pond_destroy(ponds[--n]), 0);
    pond_put(first, obj);
    test_get(first, &obj, 1);
    pond_put(first, obj);
    cr_assert_eq(pond_destroy(first), 0);
}
